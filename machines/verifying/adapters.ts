import type { IncomingMessage, ServerResponse } from "node:http";
import type { Guard, GuardedRequest } from "./guard";
import { certificateOf } from "./peer-certificate";
import type { Refusal } from "./refusal";
import { needsOfRoute, type RouteNeeds } from "./route-needs";
import type { VerifiedToken } from "./verified-token";

/** Answers a request after its token is verified. */
export type ProtectedHandler<Rest extends unknown[]> = (
  request: Request,
  token: VerifiedToken,
  ...rest: Rest
) => Response | Promise<Response>;

/**
 * Protects a `fetch` handler, as Deno, Bun, Hono, Next.js and service workers take it. Further arguments of the
 * platform follow after the token.
 *
 * A `Request` does not tell of its connection, so a token that is bound to a client certificate is refused. Where a proxy
 * tells the certificate, or the platform does, call the guard with {@link GuardedRequest.certificate}.
 *
 * Between guard and handler may stand what a token needs here, in addition to what the guard demands.
 *
 * Does not check: what the guard does not check. Throws what the guard and the handler throw.
 *
 * @example
 * ```ts
 * import { type Guard, protect } from "cdktf-keycloak-m2m/machine";
 *
 * declare const guard: Guard;
 * export default { fetch: protect(guard, (_request, token) => new Response(`hello ${token.caller}`)) };
 * export const orders = protect(guard, { scopes: ["orders:read"] }, () => new Response("for readers of orders"));
 * ```
 *
 * @throws {OptionError} `ERR_OPTION` at once for needs of another form
 * @see RFC 6750 section 3
 */
export function protect<Rest extends unknown[]>(
  guard: Guard,
  handler: ProtectedHandler<Rest>,
): (request: Request, ...rest: Rest) => Promise<Response>;
export function protect<Rest extends unknown[]>(
  guard: Guard,
  needs: RouteNeeds,
  handler: ProtectedHandler<Rest>,
): (request: Request, ...rest: Rest) => Promise<Response>;
export function protect<Rest extends unknown[]>(
  guard: Guard,
  ...given: [ProtectedHandler<Rest>] | [RouteNeeds, ProtectedHandler<Rest>]
) {
  const [needs, handler] = given.length === 1 ? [undefined, given[0]] : [needsOfRoute(guard, given[0]), given[1]];
  return async (request: Request, ...rest: Rest): Promise<Response> => {
    const { headers, method, url } = request;
    const header = (name: string) => headers.get(name) ?? undefined;
    const sent = { method, url, dpop: headers.get("dpop"), header, incoming: request };
    const verdict = await guard(headers.get("authorization"), sent, needs);
    return "token" in verdict ? handler(request, verdict.token, ...rest) : toResponse(verdict.refusal);
  };
}

/** The part of Hono's context that is needed here. */
interface HonoContext {
  readonly req: { header(name: string): string | undefined; readonly method: string; readonly url: string };
  /** `@hono/node-server` puts `incoming`, the request of Node.js, there. */
  readonly env?: unknown;
  set(name: "token", token: VerifiedToken): void;
}

/**
 * Protects routes of Hono. Handlers get the token by `c.get("token")`. Errors of the guard go to `app.onError`. The
 * client certificate comes from the connection, under `@hono/node-server` only.
 *
 * Does not check: what the guard does not check.
 *
 * @example
 * ```ts
 * import { type Guard, honoGuard, type VerifiedToken } from "cdktf-keycloak-m2m/machine";
 * import { Hono } from "hono";
 *
 * declare const guard: Guard;
 * const app = new Hono<{ Variables: { token: VerifiedToken } }>();
 * app.use("/api/*", honoGuard(guard));
 * app.get("/api/orders", (c) => c.json({ caller: c.get("token").caller }));
 * app.delete("/orders", honoGuard(guard, { scopes: ["orders:write"] }), (c) => c.body(null, 204));
 * ```
 *
 * @param needs of these routes, in addition to what the guard demands @default - none
 * @throws {OptionError} `ERR_OPTION` at once for needs of another form
 * @see RFC 6750 section 3
 */
export function honoGuard(guard: Guard, needs?: RouteNeeds) {
  const ofRoute = needsOfRoute(guard, needs);
  return async (c: HonoContext, next: () => Promise<void>): Promise<Response | undefined> => {
    const { method, url } = c.req;
    const { incoming } = (c.env ?? {}) as { incoming?: Partial<IncomingMessage> };
    const certificate = certificateOf(incoming?.socket);
    const header = (name: string) => c.req.header(name);
    const sent = { method, url, dpop: c.req.header("dpop"), certificate, header, incoming: c.req };
    const verdict = await guard(c.req.header("authorization"), sent, ofRoute);
    if (!("token" in verdict)) return toResponse(verdict.refusal);
    c.set("token", verdict.token);
    await next();
    return undefined;
  };
}

/**
 * Protects routes of Express, Connect or a plain server of `node:http`. Handlers get the token by
 * `response.locals.token`. Errors of the guard go to `next`. If `next` takes no argument, as in a plain server, the
 * answer is 500 instead. The client certificate comes from the connection.
 *
 * Does not check: what the guard does not check.
 *
 * @example
 * ```ts
 * import { expressGuard, type Guard } from "cdktf-keycloak-m2m/machine";
 * import express from "express";
 *
 * declare const guard: Guard;
 * const app = express();
 * app.use("/api", expressGuard(guard));
 * app.get("/api/orders", (_request, response) => {
 *   response.json({ caller: response.locals.token.caller });
 * });
 * app.delete("/orders", expressGuard(guard, { scopes: ["orders:write"] }), (_request, response) => {
 *   response.sendStatus(204);
 * });
 * ```
 *
 * @param needs of these routes, in addition to what the guard demands @default - none
 * @throws {OptionError} `ERR_OPTION` at once for needs of another form
 * @see RFC 6750 section 3
 */
export function expressGuard(guard: Guard, needs?: RouteNeeds) {
  const ofRoute = needsOfRoute(guard, needs);
  const passes = async (request: IncomingMessage, response: ServerResponse): Promise<boolean> => {
    const verdict = await guard(oneHeader(request), requestOf(request), ofRoute);
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
    // A `next` without a parameter would ignore the error and let the request pass.
    const fail = (error: unknown) => (next.length === 0 ? answer500(response) : next(error));
    passes(request, response).then((passed) => passed && next(), fail);
  };
}

function answer500(response: ServerResponse): void {
  if (!response.headersSent) response.writeHead(500);
  response.end();
}

/** The part of Fastify's reply that is needed here. */
interface FastifyReply {
  code(status: number): this;
  headers(headers: Record<string, string>): this;
  send(body: unknown): this;
}

/**
 * Protects routes of Fastify. Handlers get the token by `request.token`. Errors of the guard go to the error handler.
 * The client certificate comes from the connection.
 *
 * Does not check: what the guard does not check.
 *
 * @example
 * ```ts
 * import { fastifyGuard, type Guard, type VerifiedToken } from "cdktf-keycloak-m2m/machine";
 * import Fastify from "fastify";
 *
 * declare module "fastify" {
 *   interface FastifyRequest {
 *     token?: VerifiedToken;
 *   }
 * }
 * declare const guard: Guard;
 * const app = Fastify();
 * app.addHook("onRequest", fastifyGuard(guard));
 * app.get("/orders", (request) => ({ caller: request.token?.caller }));
 * app.delete("/orders", { onRequest: fastifyGuard(guard, { scopes: ["orders:write"] }) }, () => "deleted");
 * ```
 *
 * @param needs of these routes, in addition to what the guard demands @default - none
 * @throws {OptionError} `ERR_OPTION` at once for needs of another form
 * @see RFC 6750 section 3
 */
export function fastifyGuard(guard: Guard, needs?: RouteNeeds) {
  const ofRoute = needsOfRoute(guard, needs);
  return async (request: { raw: IncomingMessage; token?: VerifiedToken }, reply: FastifyReply): Promise<unknown> => {
    const verdict = await guard(oneHeader(request.raw), requestOf(request.raw), ofRoute);
    if (!("token" in verdict)) {
      const { status, headers, body } = verdict.refusal;
      return reply.code(status).headers(headers).send(body);
    }
    request.token = verdict.token;
    return undefined;
  };
}

/**
 * Joins all `Authorization` headers into one text. Node.js keeps only the first one, and the others would go unseen.
 * `headersDistinct` is missing in requests of HTTP/2 and of Fastify's `inject`, and `rawHeaders` in some of them.
 */
function oneHeader({ rawHeaders, headers }: IncomingMessage): string | undefined {
  const sent = rawHeaders?.filter((_, i) => i % 2 === 1 && rawHeaders[i - 1]?.toLowerCase() === "authorization");
  return sent?.length ? sent.join(", ") : headers.authorization;
}

/** A host and port, and nothing that would make a part of the path a host, or the path a query. */
const plainHost = /^([\w.-]+|\[[\da-f:.]+\])(:\d{1,5})?$/i;
/** A path that a router sees as a proof has it: without dot segments, backslashes and fragment. */
const plainPath = /^(?![^?]*\/(\.|%2e){1,2}([/?]|$))\/[^\\#?]*(\?[^#]*)?$/i;

/**
 * What a proof is for; no address if host or path could be read in two ways. Express takes a part of `url` away and keeps
 * the whole in `originalUrl`.
 */
function requestOf(request: IncomingMessage & { readonly originalUrl?: string }): GuardedRequest {
  const { method = "", headers, socket } = request;
  const scheme = socket && "encrypted" in socket ? "https" : "http";
  const host = String(headers.host ?? headers[":authority"] ?? "");
  const path = request.originalUrl ?? request.url ?? "/";
  const { dpop } = headers; // several come joined by commas
  const url = plainHost.test(host) && plainPath.test(path) ? `${scheme}://${host}${path}` : "";
  return {
    method,
    url,
    dpop: typeof dpop === "string" ? dpop : undefined,
    certificate: certificateOf(socket),
    incoming: request,
    header: (name) => headers[name.toLowerCase()]?.toString(),
  };
}

function toResponse({ status, headers, body }: Refusal): Response {
  return Response.json(body, { status, headers });
}
