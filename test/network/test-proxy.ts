// A proxy as companies have them, and a CA of one's own.
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { createServer, request as httpRequest } from "node:http";
import { connect } from "node:net";
import { listen } from "../machines/listen";

/** What went through: `CONNECT host:port`, or the method and the whole address. */
export interface TestProxy {
  readonly url: string;
  readonly port: number;
  readonly seen: string[];
  close(): Promise<void>;
}

interface ProxyOptions {
  /** Where names lead to. Others are refused with 403. */
  readonly names: () => Readonly<Record<string, number>>;
  /** `user:password` that it wants. */
  readonly login?: string;
}

export async function openProxy({ names, login }: ProxyOptions): Promise<TestProxy> {
  const seen: string[] = [];
  const mayPass = (headers: NodeJS.Dict<string | string[]>) =>
    !login || headers["proxy-authorization"] === `Basic ${Buffer.from(login).toString("base64")}`;
  const server = createServer((request, response) => {
    seen.push(`${request.method} ${request.url}`);
    if (!mayPass(request.headers)) return response.writeHead(407).end();
    const url = URL.canParse(request.url ?? "") ? new URL(request.url ?? "") : undefined;
    const port = url && names()[url.host];
    if (!url || port === undefined) return response.writeHead(403).end();
    const { method, headers } = request;
    const path = `${url.pathname}${url.search}`;
    const forwarded = httpRequest({ port, host: "127.0.0.1", method, path, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    return request.pipe(forwarded);
  });
  server.on("connect", ({ url = "", headers }, socket) => {
    seen.push(`CONNECT ${url}`);
    const port = names()[url];
    if (!mayPass(headers)) return socket.end("HTTP/1.1 407 Proxy Authentication Required\r\n\r\n");
    if (port === undefined) return socket.end("HTTP/1.1 403 Forbidden\r\n\r\n");
    const target = connect(port, "127.0.0.1", () => {
      socket.write("HTTP/1.1 200 Connection established\r\n\r\n");
      target.pipe(socket).pipe(target);
    });
    socket.on("error", () => target.destroy());
    return target.on("error", () => socket.destroy());
  });
  return { seen, ...(await listen(server)) };
}

/** A certificate for these names that is its own CA: its file and the texts. */
export function ownCertificate(folder: (name: string) => string, ...names: string[]) {
  const [file, keyFile] = [folder("server.crt"), folder("server.key")];
  const san = `subjectAltName=${names.map((name) => `DNS:${name}`).join(",")}`;
  const make = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=test", "-days", "2"];
  execFileSync("openssl", ["req", "-x509", ...make, "-addext", san, "-keyout", keyFile, "-out", file], {
    stdio: "ignore",
  });
  return { file, cert: readFileSync(file, "utf8"), key: readFileSync(keyFile, "utf8") };
}

/** The variables that decide about the network, none of them set. */
export const NO_NETWORK: Readonly<Record<string, undefined>> = Object.fromEntries(
  ["http_proxy", "https_proxy", "no_proxy", "all_proxy"]
    .flatMap((name) => [name, name.toUpperCase()])
    .concat("SSL_CERT_FILE")
    .map((name) => [name, undefined]),
);
