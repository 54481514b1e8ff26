// A proxy as somebody puts it before Keycloak: it speaks https, and says of the caller what it knows.
import { readFileSync } from "node:fs";
import { request } from "node:http";
import { createServer, type Server } from "node:https";
import { join } from "node:path";

/** What it says of every caller. */
const SAID = { "x-forwarded-for": "203.0.113.9", "x-forwarded-proto": "https" };

/** Passes each request on to a server on this machine, with its own headers in the place of the caller's. */
export function startProxy(certificates: string, to: { port: number; listen: number }): Promise<Server> {
  const [key, cert] = ["key", "crt"].map((end) => readFileSync(join(certificates, `proxy-tls.${end}`)));
  const server = createServer({ key, cert }, (incoming, outgoing) => {
    const headers = { ...incoming.headers, ...SAID, "x-forwarded-host": incoming.headers.host };
    const options = { host: "127.0.0.1", port: to.port, method: incoming.method, path: incoming.url, headers };
    const passed = request(options, (answer) => {
      outgoing.writeHead(answer.statusCode!, answer.headers);
      answer.pipe(outgoing);
    });
    passed.on("error", () => outgoing.destroy());
    incoming.pipe(passed);
  });
  return new Promise((listening) => server.listen(to.listen, "127.0.0.1", () => listening(server)));
}
