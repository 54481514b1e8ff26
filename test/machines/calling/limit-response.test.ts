import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { afterAll, beforeAll, expect, it } from "vitest";
import { openConnections } from "../../../machines";

/** More than what is read before anybody asks for it, so that an answer that nobody reads holds its connection. */
const HALF = "x".repeat(300_000);

const server = createServer((_request, response) => {
  response.write(HALF);
  setTimeout(() => response.end(HALF), 300);
});
let url: string;
let collectGarbage: () => void;
beforeAll(async () => {
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  setFlagsFromString("--expose-gc");
  collectGarbage = runInNewContext("gc");
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

const { fetch, close } = openConnections("", { timeoutMs: 60_000 });
afterAll(close);

const connections = () => new Promise<number>((tell) => server.getConnections((_error, count) => tell(count)));

it("an answer that is read late is whole, whatever was collected meanwhile", async () => {
  const answers = await Promise.all(Array.from({ length: 20 }, () => fetch(url)));
  for (let round = 0; round < 10; round++) {
    collectGarbage();
    await sleep(50);
  }
  const texts = await Promise.all(answers.map((answer) => answer.text()));
  expect(texts.filter((text) => text !== HALF + HALF)).toEqual([]);
});

it("an answer that is cancelled before it is read gives its connection back", async () => {
  const before = await connections();
  const answers = await Promise.all(Array.from({ length: 50 }, () => fetch(url)));
  await Promise.all(answers.map((answer) => answer.body?.cancel()));
  await expect.poll(async () => (await connections()) - before, { timeout: 30_000 }).toBeLessThanOrEqual(0);
  expect(answers).toHaveLength(50); // held until now, so that nothing was collected
});

it("an answer that nobody reads, and nobody holds, gives its connection back", async () => {
  const before = await connections();
  await Promise.all(Array.from({ length: 50 }, async () => void (await fetch(url))));
  const left = async () => {
    collectGarbage();
    return (await connections()) - before;
  };
  await expect.poll(left, { timeout: 30_000 }).toBeLessThanOrEqual(0);
});
