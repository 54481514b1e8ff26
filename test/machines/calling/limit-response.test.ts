import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { afterAll, beforeAll, expect, it } from "vitest";
import { openConnections } from "../../../machines";

const server = createServer((_request, response) => {
  response.write("begun ");
  setTimeout(() => response.end("ended"), 300);
});
let collectGarbage: () => void;
beforeAll(async () => {
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  setFlagsFromString("--expose-gc");
  collectGarbage = runInNewContext("gc");
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

it("an answer that is read late is whole, whatever was collected meanwhile", async () => {
  const { fetch, close } = openConnections("", { timeoutMs: 30_000 });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  const answers = await Promise.all(Array.from({ length: 20 }, () => fetch(url)));
  for (let round = 0; round < 10; round++) {
    collectGarbage();
    await sleep(50);
  }
  const texts = await Promise.all(answers.map((answer) => answer.text()));
  expect(texts.filter((text) => text !== "begun ended")).toEqual([]);
  await close();
});
