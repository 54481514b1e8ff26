import { Hono, type MiddlewareHandler } from "hono";
import { MachineError, TokenError } from "../errors";
import { createIntrospector } from "../introspect-token";
import type { Issuer } from "../open-issuer";
import type { SigningKey } from "../signing-key";
import type { VerifiedToken } from "../verified-token";
import { createVerifier, type VerifyToken } from "../verify-token";

export interface AppOptions {
  readonly issuer: Issuer;
  /** The name this API goes by in a token's `aud`. */
  readonly audience: string;
  /** This API's own client at the issuer, which asks for verdicts on tokens. */
  readonly clientId: string;
  readonly signingKey: SigningKey;
  /**
   * Takes a line for each request that could not be judged. No line holds a token, an assertion or a key.
   *
   * @default - standard error
   */
  readonly log?: (line: string) => void;
}

type Env = { Variables: { token: VerifiedToken } };

/** Seconds after which a caller may try again when the issuer could not be asked. */
const retryAfterSeconds = 2;

/**
 * Builds machine-b's API:
 *
 * - `GET /api/protected`: the token is verified offline, by the issuer's public keys
 * - `GET /api/protected/online`: the issuer is asked, so a revoked token is refused at once
 * - `GET /healthz`: 200 while the process serves
 * - `GET /readyz`: 200 once the issuer has been reached, else 503
 *
 * Both protected routes answer 401 with `WWW-Authenticate` for a token that is missing, malformed, expired or
 * foreign, and 503 with `Retry-After` while the issuer cannot be asked.
 *
 * @throws {OptionError} `ERR_OPTION` at once for an option that would leave the API open: no audience, no client id
 * @see RFC 6750 section 3
 */
export function buildApp(options: AppOptions): Hono<Env> {
  const { issuer, audience, log = console.error } = options;
  const offline = createVerifier(issuer, options);
  const online = createIntrospector(issuer, options);

  const app = new Hono<Env>();
  app.use(async (c, next) => {
    await next();
    c.header("cache-control", "no-store");
  });
  app.get("/healthz", (c) => c.json({ status: "up" }));
  app.get("/readyz", async (c) => {
    await issuer.metadata();
    return c.json({ status: "ready" });
  });
  app.get("/api/protected", requireToken(offline, audience), (c) => c.json({ ...c.get("token"), verified: "offline" }));
  app.get("/api/protected/online", requireToken(online, audience), (c) =>
    c.json({ ...c.get("token"), verified: "online" }),
  );
  app.notFound((c) => c.json({ error: "not_found" }, 404));
  app.onError((error, c) => {
    if (error instanceof MachineError) {
      log(`machine-b: ${c.req.method} ${c.req.path} answered 503: ${error.message} [${error.code}]`);
      c.header("retry-after", String(retryAfterSeconds));
      return c.json({ error: "temporarily_unavailable", code: error.code }, 503);
    }
    log(`machine-b: ${c.req.method} ${c.req.path} answered 500: ${error.name}`);
    return c.json({ error: "server_error" }, 500);
  });
  return app;
}

/** Lets a request through if it carries a token that `verify` accepts, else answers 401; other errors pass on. */
function requireToken(verify: VerifyToken, realm: string): MiddlewareHandler<Env> {
  const challenge = `Bearer realm="${realm.replace(/["\\]/g, "\\$&")}"`;
  return async function bearerToken(c, next) {
    const authorization = c.req.header("authorization") ?? "";
    const [, token = ""] = /^bearer +(.*)$/i.exec(authorization) ?? [];
    if (token === "") {
      c.header("www-authenticate", challenge);
      return c.json({ error: "unauthorized", error_description: "send an access token as bearer token" }, 401);
    }
    try {
      // The token characters of RFC 6750; two Authorization headers arrive joined by a comma and end here.
      if (!/^[\w.~+/-]+=*$/.test(token)) {
        throw new TokenError("ERR_TOKEN_MALFORMED", "the token has characters no token may have");
      }
      c.set("token", await verify(token));
    } catch (error) {
      if (!(error instanceof TokenError)) throw error;
      const description = error.message.replaceAll('"', "'");
      c.header("www-authenticate", `${challenge}, error="invalid_token", error_description="${description}"`);
      return c.json({ error: "invalid_token", error_description: description, code: error.code }, 401);
    }
    return next();
  };
}
