import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { Observer } from "../observer";
import { createMetrics } from "../observing/metrics";
import { LIMITS } from "./listen";

/** Where Prometheus reads. */
const PATH = "/metrics";

export interface MetricsServer {
  readonly observer: Observer;
  /** Serves `GET /metrics` over plain http, and nothing else. */
  listen(address: { readonly port: number; readonly hostname: string }, ready: (address: AddressInfo) => void): Server;
}

/**
 * Metrics of this process, with those of Node.js itself, such as the delay of the event loop. They have a server of their
 * own: who may call the API is not who may read them.
 *
 * Does not check: who asks. Only Prometheus should reach the port.
 */
export async function openMetrics(): Promise<MetricsServer> {
  const { default: client } = await import("prom-client"); // which a program without metrics does not load
  const registry = new client.Registry();
  client.collectDefaultMetrics({ register: registry });
  const observer = createMetrics(client, { registry });
  return {
    observer,
    listen({ port, hostname }, ready) {
      const server = createServer(LIMITS, async (request, response) => {
        const isForThis =
          request.url?.split("?")[0] === PATH && (request.method === "GET" || request.method === "HEAD");
        try {
          const text = isForThis ? await registry.metrics() : "";
          response.writeHead(isForThis ? 200 : 404, {
            "content-type": isForThis ? registry.contentType : "text/plain",
          });
          response.end(text);
        } catch {
          response.writeHead(500).end();
        }
      });
      return server.listen(port, hostname, () => ready(server.address() as AddressInfo));
    },
  };
}
