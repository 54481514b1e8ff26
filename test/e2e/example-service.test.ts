import { type ChildProcess, spawn } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, inject, it, vi } from "vitest";
import { m2m, SHARED } from "./environment";
import { ROOT } from "./project";

const PORT = SHARED.machinePort + 1;
const ADDRESS = `http://127.0.0.1:${PORT}/`;

let root: string;
let folder: string;
let service: ChildProcess;
let output = "";

/** The example as it lies in a checkout, against the environment that runs. */
beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), "m2m-example-"));
  folder = join(root, "examples", "service");
  mkdirSync(folder, { recursive: true });
  for (const linked of ["node_modules", "constructs", "machines", ".gen", "dist", "package.json", "tsconfig.json"])
    symlinkSync(join(ROOT, linked), join(root, linked));
  cpSync(join(ROOT, "examples", "service"), folder, { recursive: true });
  const main = readFileSync(join(folder, "main.ts"), "utf8");
  writeFileSync(
    join(folder, "main.ts"),
    main.replaceAll(/(localhost|127\.0\.0\.1):8080/g, `$1:${SHARED.keycloakPort}`),
  );

  const up = await m2m(folder, ["up"]);
  expect(up.exitCode, up.stderr).toBe(0);
  service = spawn(process.execPath, ["--import", "tsx", "service.ts"], {
    cwd: folder,
    env: {
      PATH: process.env.PATH,
      PORT: String(PORT),
      CONNECT_TO: `keycloak:8080=127.0.0.1:${SHARED.keycloakPort},machine-b:3000=127.0.0.1:${SHARED.machinePort}`,
    },
  });
  for (const stream of [service.stdout!, service.stderr!]) {
    stream.on("data", (data) => {
      output += data;
    });
  }
  await vi.waitFor(() => expect(output).toContain("orders: listening"), { timeout: 20_000, interval: 100 });
});

afterAll(async () => {
  service?.kill();
  await m2m(folder, ["down", "--yes"]);
  rmSync(root, { recursive: true, force: true });
});

const call = (token?: string) => fetch(ADDRESS, { headers: token ? { authorization: `Bearer ${token}` } : {} });

describe("the example service", () => {
  it("answers a caller who may call it, and passes on what the other API answered", async () => {
    const { stdout: token } = await m2m(folder, ["token", "shop"]);
    const response = await call(token);
    expect(response.status, output).toBe(200);
    expect(await response.json()).toMatchObject({ order: 1, stock: { caller: "orders", verified: "offline" } });
  });

  it("refuses everybody else", async () => {
    const missing = await call();
    expect([missing.status, missing.headers.get("www-authenticate")]).toEqual([401, 'Bearer realm="orders"']);
    const { stdout: token } = await m2m(inject("folder"), ["token", "machine-a"]); // for another audience
    expect((await call(token)).status).toBe(401);
  });

  it("is 40 lines at most", () => {
    expect(readFileSync(join(folder, "service.ts"), "utf8").trim().split("\n").length).toBeLessThanOrEqual(40);
  });
});
