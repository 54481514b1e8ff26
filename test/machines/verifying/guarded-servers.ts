// Servers as a user of the library writes them. Where one needed a cast for the guard, its types would be wrong.
import type { RequestListener } from "node:http";
import { getRequestListener } from "@hono/node-server";
import express from "express";
import Fastify from "fastify";
import { Hono } from "hono";
import {
  expressGuard,
  fastifyGuard,
  type Guard,
  honoGuard,
  protect,
  type RouteNeeds,
  type VerifiedToken,
} from "../../../machines";

declare module "fastify" {
  interface FastifyRequest {
    token?: VerifiedToken;
  }
}

function expressApp(guard: Guard, needs?: RouteNeeds): RequestListener {
  const app = express();
  app.use((_request, response, next) => {
    response.locals.before = "kept";
    next();
  });
  app.use("/api", expressGuard(guard));
  app.get("/api/me", (_request, response) => {
    response.json({ ...response.locals.token, before: response.locals.before });
  });
  app.get("/open", (_request, response) => {
    response.json({ open: true });
  });
  app.get("/api/route", expressGuard(guard, needs), (_request, response) => {
    response.json(response.locals.token);
  });
  app.get("/route", expressGuard(guard, needs), (_request, response) => {
    response.json(response.locals.token);
  });
  app.use((_error: Error, _request: express.Request, response: express.Response, _next: express.NextFunction) => {
    response.status(500).json({ error: "server_error" });
  });
  return app;
}

export function fastifyApp(guard: Guard, needs?: RouteNeeds) {
  const app = Fastify();
  app.register(async (api) => {
    api.addHook("onRequest", fastifyGuard(guard));
    api.get("/api/me", async (request) => ({ ...request.token, before: "kept" }));
    api.get("/api/route", { onRequest: fastifyGuard(guard, needs) }, async (request) => request.token);
  });
  app.get("/route", { onRequest: fastifyGuard(guard, needs) }, async (request) => request.token);
  app.get("/open", async () => ({ open: true }));
  return app;
}

async function fastifyListener(guard: Guard, needs?: RouteNeeds): Promise<RequestListener> {
  const app = fastifyApp(guard, needs);
  await app.ready();
  return (request, response) => app.routing(request, response);
}

function honoApp(guard: Guard, needs?: RouteNeeds): RequestListener {
  const app = new Hono<{ Variables: { token: VerifiedToken } }>();
  app.use("/api/*", honoGuard(guard));
  app.get("/api/me", (c) => c.json({ ...c.get("token"), before: "kept" }));
  app.get("/route", honoGuard(guard, needs), (c) => c.json(c.get("token")));
  app.get("/api/route", honoGuard(guard, needs), (c) => c.json(c.get("token")));
  app.get("/open", (c) => c.json({ open: true }));
  app.onError((_error, c) => c.json({ error: "server_error" }, 500));
  return getRequestListener(app.fetch);
}

function bareServer(guard: Guard, needs?: RouteNeeds): RequestListener {
  const [all, route] = [expressGuard(guard), expressGuard(guard, needs)];
  return (request, response) => {
    const answer = (status: number, body: object) => {
      response.writeHead(status).end(JSON.stringify(body));
    };
    if (request.url === "/open") return answer(200, { open: true });
    const protectedBy: typeof all = (...given) => {
      if (request.url !== "/api/route") return (request.url === "/route" ? route : all)(...given);
      all(request, response, (error) => (error ? given[2](error) : route(...given)));
    };
    protectedBy(request, response, (error) => {
      const { locals } = response as { locals?: { token: VerifiedToken } }; // Node.js has no place of its own for it
      if (error) answer(500, { error: "server_error" });
      else answer(200, { ...locals?.token, before: "kept" });
    });
  };
}

function fetchStyle(guard: Guard, needs?: RouteNeeds): RequestListener {
  const answer = (_request: Request, token: VerifiedToken, name: string) => Response.json({ ...token, before: name });
  const me = protect(guard, answer);
  const route = needs ? protect(guard, needs, answer) : me;
  const both = protect(guard, (request, _token, name: string) => route(request, name));
  return getRequestListener((request) => {
    const { pathname } = new URL(request.url);
    if (pathname === "/open") return Response.json({ open: true });
    const of = { "/route": route, "/api/route": both }[pathname] ?? me;
    return of(request, "kept").catch(() => Response.json({ error: "server_error" }, { status: 500 }));
  });
}

/**
 * All of them: `/api/me` and `/route` are protected, `/open` is not. `needs` are those of `/route`, and of `/api/route`, which
 * is protected twice: with the whole API, and for itself.
 */
export const SERVERS: [string, (guard: Guard, needs?: RouteNeeds) => RequestListener | Promise<RequestListener>][] = [
  ["Express", expressApp],
  ["Fastify", fastifyListener],
  ["Hono", honoApp],
  ["a bare server", bareServer],
  ["protect", fetchStyle],
];
