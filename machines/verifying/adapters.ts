import type { IncomingMessage, ServerResponse } from "node:http";
import type { Guard, Refusal } from "./guard";
import type { VerifiedToken } from "./verified-token";

/** Answers a request whose token was verified. */
export type ProtectedHandler<Rest extends unknown[]> = (
  request: Request,
  token: VerifiedToken,
  ...rest: Rest
) => Response | Promise<Response>;

/**
 * Protects a handler in the style of `fetch`, as Deno, Bun, Hono, Next.js and service workers take it. What else the
 * platform hands to a handler is passed on, after the token.
 *
 * Does not check: what the guard does not. Throws what the guard and the handler throw.
 *
 * @see RFC 6750 section 3
 */
export function protect<Rest extends unknown[]>(guard: Guard, handler: ProtectedHandler<Rest>) {
  return async (request: Request, ...rest: Rest): Promise<Response> => {
    const verdict = await guard(request.headers.get("authorization"));
    return "token" in verdict ? handler(request, verdict.token, ...rest) : toResponse(verdict.refusal);
  };
}

/** What Hono hands to a middleware, as far as it is needed. */
interface HonoContext {
  readonly req: { header(name: string): string | undefined };
  set(name: "token", token: VerifiedToken): void;
}

/**
 * Protects routes of Hono: `app.use("/api/*", honoGuard(guard))`. The token is `c.get("token")` then, with its type in an
 * app that is a `Hono<{ Variables: { token: VerifiedToken } }>`. What the guard throws goes to `app.onError`.
 *
 * Does not check: what the guard does not.
 *
 * @see RFC 6750 section 3
 */
export function honoGuard(guard: Guard) {
  return async (c: HonoContext, next: () => Promise<void>): Promise<Response | undefined> => {
    const verdict = await guard(c.req.header("authorization"));
    if (!("token" in verdict)) return toResponse(verdict.refusal);
    c.set("token", verdict.token);
    await next();
    return undefined;
  };
}

/**
 * Protects routes of Express, Connect or a bare server of `node:http`: `app.use("/api", expressGuard(guard))`. The token
 * is `response.locals.token` then. What `guard` throws goes to `next`; a `next` that takes no error, as in a bare server, is
 * not called then, and the answer is 500.
 *
 * Does not check: what the guard does not.
 *
 * @see RFC 6750 section 3
 */
export function expressGuard(guard: Guard) {
  const passes = async (request: IncomingMessage, response: ServerResponse): Promise<boolean> => {
    const verdict = await guard(oneHeader(request));
    if ("token" in verdict) {
      const holder = response as { locals?: Record<string, unknown> };
      holder.locals ??= {};
      holder.locals.token = verdict.token;
      return true;
    }
    const { status, headers, body } = verdict.refusal;
    response.writeHead(status, { ...headers, "content-type": "application/json" }).end(JSON.stringify(body));
    return false;
  };
  return (request: IncomingMessage, response: ServerResponse, next: (error?: unknown) => void): void => {
    // A `next` without a parameter would take the error for a passed request.
    const fail = (error: unknown) => (next.length === 0 ? answer500(response) : next(error));
    passes(request, response).then((passed) => passed && next(), fail);
  };
}

function answer500(response: ServerResponse): void {
  if (!response.headersSent) response.writeHead(500);
  response.end();
}

/** What Fastify hands to a hook, as far as it is needed. */
interface FastifyReply {
  code(status: number): this;
  headers(headers: Record<string, string>): this;
  send(body: unknown): this;
}

/**
 * Protects routes of Fastify: `app.addHook("onRequest", fastifyGuard(guard))`. The token is `request.token` then, with its
 * type by `declare module "fastify" { interface FastifyRequest { token?: VerifiedToken } }`. What the guard throws goes to
 * the error handler.
 *
 * Does not check: what the guard does not.
 *
 * @see RFC 6750 section 3
 */
export function fastifyGuard(guard: Guard) {
  return async (request: { raw: IncomingMessage; token?: VerifiedToken }, reply: FastifyReply): Promise<unknown> => {
    const verdict = await guard(oneHeader(request.raw));
    if (!("token" in verdict)) {
      const { status, headers, body } = verdict.refusal;
      return reply.code(status).headers(headers).send(body);
    }
    request.token = verdict.token;
    return undefined;
  };
}

/**
 * All `Authorization` headers as one text: Node.js keeps the first of several by itself, and the rest would go unseen.
 * Requests of HTTP/2 and made-up ones, as of Fastify's `inject`, have no `headersDistinct`; some have no `rawHeaders`.
 */
function oneHeader({ rawHeaders, headers }: IncomingMessage): string | undefined {
  const sent = rawHeaders?.filter((_, i) => i % 2 === 1 && rawHeaders[i - 1]?.toLowerCase() === "authorization");
  return sent?.length ? sent.join(", ") : headers.authorization;
}

function toResponse({ status, headers, body }: Refusal): Response {
  return Response.json(body, { status, headers });
}
