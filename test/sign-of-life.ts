// Vitest runs this in each worker. While `m2m test` watches, a worker whose event loop turns says so every second.
import { utimes, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import { LIFE_VARIABLE } from "../tools/test-run/events";

const folder = process.env[LIFE_VARIABLE];
if (folder) {
  const sign = join(folder, String(process.pid));
  writeFileSync(sign, expect.getState().testPath ?? "");
  setInterval(() => utimes(sign, new Date(), new Date(), () => {}), 1000).unref();
}
