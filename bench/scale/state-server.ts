import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

export interface StateServer {
  readonly address: string;
  close(): void;
}

/** One state behind Terraform's `http` backend: like any remote backend, it is written now and then, not at each step. */
export async function stateServer(): Promise<StateServer> {
  let state: Buffer | undefined;
  const server = createServer(async (request, response) => {
    const body = Buffer.concat((await request.toArray()) as Buffer[]);
    if (request.method === "POST") state = body;
    response.writeHead(request.method === "GET" && !state ? 404 : 200).end(request.method === "GET" ? state : "");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    address: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}
