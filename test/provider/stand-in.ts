import { createServer, type IncomingMessage, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach } from "vitest";
import { Keycloak } from "../../provider/admin-api/keycloak";
import { connectionSettings } from "../../provider/provider-block/connection-settings";

export const PASSWORD = "pass-word-never-shown";

export interface Answer {
  status: number;
  body?: unknown;
}

let servers: Server[] = [];
afterEach(() => {
  for (const server of servers) {
    server.closeAllConnections();
    server.close();
  }
  servers = [];
});

/** Listens on a free port until the end of the test. */
export async function listen<T extends Server>(server: T): Promise<{ server: T; port: number }> {
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { server, port: (server.address() as AddressInfo).port };
}

/** A server that answers by this, at any address. */
export async function serving(answer: RequestListener): Promise<{ server: Server; url: string }> {
  const { server, port } = await listen(createServer(answer));
  return { server, url: `http://127.0.0.1:${port}` };
}

/** A stand-in for Keycloak's two addresses. `answer` gets the number of the admin call. */
export async function standIn(
  answer: (call: number, request: IncomingMessage) => Answer,
  login: Answer = { status: 200 },
) {
  const calls = { login: 0, admin: 0, tokens: [] as string[] };
  const { server, url } = await serving((request, response) => {
    const isLogin = request.url!.endsWith("/token");
    calls[isLogin ? "login" : "admin"] += 1;
    if (!isLogin) calls.tokens.push(String(request.headers.authorization));
    const token = { access_token: `token-${calls.login}`, expires_in: 60 };
    const { status, body } = isLogin ? { body: token, ...login } : answer(calls.admin, request);
    response.writeHead(status, { "content-type": "application/json", ...(status === 201 && { location: "/made/n" }) });
    response.end(typeof body === "string" ? body : JSON.stringify(body ?? {}));
  });
  return { calls, url, login, keycloak: connect(url), ...control(server, url) };
}

/** Takes the server away and brings it back on the same port. */
function control(server: Server, url: string) {
  return {
    stop: () => new Promise((resolve) => server.close(resolve).closeAllConnections()),
    start: () => new Promise<void>((resolve) => server.listen(Number(new URL(url).port), "127.0.0.1", () => resolve())),
  };
}

/** @param more other arguments of the provider block */
export function connect(url: string, more: object = {}): Keycloak {
  const config = { url, client_id: "admin-cli", username: "admin", password: PASSWORD, ...more };
  return new Keycloak(connectionSettings(config, {})!);
}

/** An address where nobody listens. */
export async function nobody(): Promise<string> {
  const { url, stop } = await standIn(() => ({ status: 200 }));
  await stop();
  return url;
}

export const readRealm = (keycloak: Keycloak, patience = 2_000) =>
  keycloak.session(patience).call('Reading realm "r"', (admin) => admin.realms.findOne({ realm: "r" }));

/** The whole text of an expected error. */
export async function errorOf(promise: Promise<unknown>): Promise<string> {
  const error = await promise.then(
    () => Promise.reject(new Error("no error")),
    (reason) => reason,
  );
  return error.diagnostics
    .map(({ summary, detail }: { summary: string; detail: string }) => `${summary}\n${detail}`)
    .join("\n");
}
