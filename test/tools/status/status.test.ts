import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { printStatus } from "../../../tools/status/print";
import { isWell, readServer } from "../../../tools/status/status";
import { STATUS, UNKNOWN } from "./example";

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

/** What answers in the place of Prometheus and Alertmanager. */
async function answering(answer: Answer): Promise<string> {
  const server = createServer(answer);
  closing.push(() => server.close().closeAllConnections());
  await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function statusOf(answer: Answer) {
  const address = await answering(answer);
  return readServer({ server: "http://localhost:8080", prometheus: address, alertmanager: address });
}

const text =
  (body: string): Answer =>
  (_request, response) =>
    void response.end(body);
/** Answers each query with one sample, and the alerts with none. */
const sample = (metric: object, value: string): Answer => {
  const found = JSON.stringify({ status: "success", data: { result: [{ metric, value: [0, value] }] } });
  return ({ url }, response) => void response.end(url!.includes("/alerts") ? "[]" : found);
};

describe("a cluster", () => {
  it("is one part, up where as many servers are as there should be", async () => {
    const address = await answering(sample({ job: "keycloak" }, "1"));
    const watched = { server: "https://localhost:8443", prometheus: address, alertmanager: address };
    const partsOf = async (replicas: number) => (await readServer({ ...watched, replicas })).parts;
    expect(await partsOf(1)).toEqual([{ name: "keycloak", isUp: true, replicas: { up: 1, declared: 1 } }]);
    const parts = await partsOf(2);
    expect(parts).toEqual([{ name: "keycloak", isUp: false, replicas: { up: 1, declared: 2 } }]);
    const server = { server: "https://localhost:8443", parts, alerts: [], clients: [], calls: [] };
    expect(isWell(server)).toBe(false);
    expect(printStatus({ at: "", servers: [server], keys: [], certificates: [] })).toContain("keycloak  1 of 2 up");
  });
});

describe("what a Monitoring answers", () => {
  it("is told in place of the figures, with the address, if it is none", async () => {
    for (const body of [
      "<html>\u001b[2J",
      "null",
      "{}",
      "[]",
      '{"data": {"result": [{}]}}',
      '{"data": {"result": 1}}',
    ]) {
      const { problem } = await statusOf(text(body));
      expect(problem, body).toMatch(
        /^(Prometheus|Alertmanager) at http:\/\/127\.0\.0\.1:\d+ gives an answer that is none of its own; `m2m up`/,
      );
    }
    const failing: Answer = (_request, response) => void response.writeHead(503).end();
    expect((await statusOf(failing)).problem).toMatch(/ at http:\/\/127\.0\.0\.1:\d+ answers 503;/);
  });

  it("is no figure where it is no number", async () => {
    const { clients } = await statusOf(sample({ client_id: "a", realm: "r", error: "" }, "NaN"));
    expect(clients).toEqual([{ realm: "r", clientId: "a", granted: 0, refused: 0, reasons: {} }]);
  });

  it("moves no cursor, whatever somebody named a client", async () => {
    const server = await statusOf(
      sample({ client_id: "a\u001b[2J\nb", realm: "r", caller: "c\u202e", error: "\r" }, "1"),
    );
    const printed = printStatus({ ...STATUS, servers: [server] });
    expect(["\u001b", "\r", "\u202e"].filter((odd) => printed.includes(odd))).toEqual([]);
    expect(printed).toMatch(/^ {2}r a \[2J b {2}/m);
  });
});

it("all is well only where something is known to be up", () => {
  const [server] = STATUS.servers;
  const up = { name: "keycloak", isUp: true };
  expect(isWell({ ...server!, alerts: [], parts: [up] })).toBe(true);
  expect(isWell({ ...server!, alerts: [], parts: [] })).toBe(false);
  expect(isWell({ ...server!, alerts: [], parts: [up, { name: "machine-b", isUp: false }] })).toBe(false);
  expect(isWell({ ...server!, parts: [up] })).toBe(false);
  expect(isWell(UNKNOWN)).toBe(false);
});
