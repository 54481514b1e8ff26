import type { Server, ServerOptions } from "node:http";
import { createServer, type Server as HttpsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { serve } from "@hono/node-server";
import type { App } from "./app";
import { followFiles, type ServerTls, secureOptions } from "./server-tls";

/** Milliseconds for a request's head, and for the whole request, so slow senders do not hold connections. */
export const LIMITS: ServerOptions = {
  headersTimeout: 10_000,
  requestTimeout: 30_000,
  connectionsCheckingInterval: 1000,
};

/** How long the rest of a body that nobody reads is taken in. A caller that gets no reset reads its answer. */
const lingerMs = 500;

/** Serves the app, over TLS if there is a certificate. After an answer it does not go on to read what the caller still sends. */
export function listen(
  app: App,
  address: { readonly port: number; readonly hostname: string },
  ready: (address: AddressInfo) => void,
  limits = LIMITS,
  tls?: ServerTls,
): Server {
  const options = { fetch: app.fetch, ...address };
  const server = (
    tls
      ? serve(
          { ...options, createServer, serverOptions: { ...limits, ...secureOptions(tls, limits.headersTimeout) } },
          ready,
        )
      : serve({ ...options, serverOptions: limits }, ready)
  ) as Server;
  if (tls) followFiles(server as HttpsServer, tls);
  return server.on("request", (request, response) => {
    response.once("finish", () => {
      if (request.complete) return;
      setTimeout(() => request.complete || request.socket.destroySoon(), lingerMs).unref();
    });
  });
}
