import type { Server, ServerOptions } from "node:http";
import type { AddressInfo } from "node:net";
import { serve } from "@hono/node-server";
import type { App } from "./app";

/** Milliseconds for a request's head, and for the whole request, so slow senders do not hold connections. */
export const LIMITS: ServerOptions = {
  headersTimeout: 10_000,
  requestTimeout: 30_000,
  connectionsCheckingInterval: 1000,
};

/** How long the rest of a body that nobody reads is taken in. A caller that gets no reset reads its answer. */
const lingerMs = 500;

/** Serves the app. After an answer it does not go on to read what the caller still sends. */
export function listen(
  app: App,
  address: { readonly port: number; readonly hostname: string },
  ready: (address: AddressInfo) => void,
  limits = LIMITS,
): Server {
  const server = serve({ fetch: app.fetch, ...address, serverOptions: limits }, ready) as Server;
  return server.on("request", (request, response) => {
    response.once("finish", () => {
      if (request.complete) return;
      setTimeout(() => request.complete || request.socket.destroySoon(), lingerMs).unref();
    });
  });
}
