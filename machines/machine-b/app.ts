import { Hono } from "hono";
import { HTTPException } from "hono/http-exception";
import { secureHeaders } from "hono/secure-headers";
import type { Issuer } from "../calling/open-issuer";
import { MachineError } from "../errors";
import { type Log, quietly, toStandardError } from "../log";
import type { Observer } from "../observer";
import type { KeySource } from "../signing/key-source";
import { honoGuard } from "../verifying/adapters";
import type { CallerCertificates } from "../verifying/check-certificate";
import { createGuard } from "../verifying/guard";
import { createIntrospector } from "../verifying/introspect-token";
import type { VerifiedToken } from "../verifying/verified-token";
import { verifyBoth } from "../verifying/verify-both";
import { createVerifier } from "../verifying/verify-token";
import { type Bindings, limitBody } from "./limit-body";
import { requireCertificate } from "./require-certificate";

export interface AppOptions {
  readonly issuer: Issuer;
  /** This API's name in a token's `aud`. */
  readonly audience: string;
  /** This API's own client at the issuer. It asks for verdicts on tokens. */
  readonly clientId: string;
  readonly signingKey: KeySource;
  /** Signature algorithms of access tokens. @default ["RS256"] */
  readonly algorithms?: readonly string[];
  /** Scopes that every token must have. @default - none */
  readonly requiredScopes?: readonly string[];
  /** Scheme, host and port that callers use, see {@link createGuard}. @default - as the request says */
  readonly origin?: string;
  /** The common name of each caller's client certificate, see {@link createGuard}. @default - any name */
  readonly callerCertificates?: CallerCertificates;
  /** Answer only callers with a trusted client certificate, but `/healthz` and `/readyz` to all. @default false */
  readonly requiresCertificate?: boolean;
  /**
   * Takes a line for each request that could not be judged. No line holds a token, an assertion or a key.
   *
   * @default - standard error
   */
  readonly log?: Log;
  /** Are told of each verdict. Verifications are told by the issuer's. @default - none */
  readonly observers?: readonly Observer[];
}

/** machine-b's API. */
export type App = Hono<{ Bindings: Bindings; Variables: { token: VerifiedToken } }>;

/**
 * Builds machine-b's API:
 *
 * - `GET /api/protected`: verifies the token offline, by the issuer's public keys
 * - `GET /api/protected/online`: also asks the issuer, so it refuses a revoked token at once
 * - `GET /healthz`: 200 while the process serves
 * - `GET /readyz`: 200 once the issuer has been reached, else 503
 *
 * The token is judged first, and nothing of the body is read before.
 *
 * @throws {OptionError} `ERR_OPTION` at once for a missing audience or client id, which would leave the API open
 * @see RFC 6750 section 3
 */
export function buildApp(options: AppOptions): App {
  const { issuer, audience: realm, origin, callerCertificates, observers } = options;
  const log = quietly(options.log ?? toStandardError);
  const byKeys = createVerifier(issuer, options);
  // Asks the issuer at every call, but not about a forged token: the offline check refuses it first.
  const asked = verifyBoth({ offline: byKeys, online: createIntrospector(issuer, options), everyCalls: 1 });
  const rules = { realm, origin, callerCertificates, scopes: options.requiredScopes, log, observers };
  const offline = createGuard({ verify: byKeys, ...rules });
  const online = createGuard({ verify: asked, ...rules });

  const app: App = new Hono();
  app.use(secureHeaders());
  app.use(async (c, next) => {
    await next();
    c.header("cache-control", "no-store");
  });
  if (options.requiresCertificate) app.use(requireCertificate);
  app.get("/healthz", limitBody, (c) => c.json({ status: "up" }));
  app.get("/readyz", limitBody, async (c) => {
    try {
      await issuer.metadata();
      return c.json({ status: "ready" });
    } catch (error) {
      if (!(error instanceof MachineError)) throw error;
      return c.json({ status: "waiting for the issuer", code: error.code }, 503);
    }
  });
  app.get("/api/protected", honoGuard(offline), limitBody, (c) =>
    c.json({ ...factsOf(c.get("token")), verified: "offline" }),
  );
  app.get("/api/protected/online", honoGuard(online), limitBody, (c) =>
    c.json({ ...factsOf(c.get("token")), verified: "online" }),
  );
  app.notFound((c) => c.json({ error: "not_found" }, 404));
  app.onError((error, c) => {
    if (error instanceof HTTPException) return error.getResponse(); // how Hono's middleware refuses a request
    log(`machine-b: ${c.req.method} ${c.req.path} answered 500: ${error.name}`);
    return c.json({ error: "server_error" }, 500);
  });
  return app;
}

/** What is shown of a token. Its other claims may be of nobody's concern. */
function factsOf({ caller, subject, audience, scopes, roles, expiresAt }: VerifiedToken) {
  return { caller, subject, audience, scopes, roles, expiresAt };
}
