import { once } from "node:events";
import { chmodSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { execa } from "execa";

/** Where a state is kept that no file of the project has. */
export interface StateServer {
  /** The program text of its backend. */
  readonly backend: string;
  close(): Promise<void>;
}

/** A server for Terraform's `http` backend, with locks. */
export async function httpStates(): Promise<StateServer> {
  let state: string | undefined;
  let lock: string | undefined;
  const server = createServer(async (request, response) => {
    const body = (await request.toArray()).join("");
    if (request.method === "LOCK") {
      const isFree = lock === undefined;
      lock ??= body;
      return void response.writeHead(isFree ? 200 : 423).end(lock); // who holds it
    }
    if (request.method === "UNLOCK") lock = undefined;
    if (request.method === "POST") state = body;
    const isMissing = request.method === "GET" && state === undefined;
    response.writeHead(isMissing ? 404 : 200).end(request.method === "GET" ? state : "");
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}/state`;
  return {
    backend: `new HttpBackend(stack, ${JSON.stringify({ address, lockAddress: address, unlockAddress: address })})`,
    close: async () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

const PROGRAMS = "/usr/lib/postgresql";

/** A PostgreSQL of its own, for Terraform's `pg` backend. It does not run as root. */
export async function postgresStates(): Promise<StateServer> {
  const folder = mkdtempSync(join(tmpdir(), "m2m-postgres-"));
  const asUser = process.getuid?.() === 0 ? ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups"] : [];
  const program = (name: string) => [...asUser, join(PROGRAMS, readdirSync(PROGRAMS)[0]!, "bin", name)] as const;
  const port = 15_432 + (process.pid % 1_000);
  if (asUser.length > 0) await execa("chown", ["postgres", folder]);
  else chmodSync(folder, 0o700);
  const [initdb, ...before] = program("initdb");
  await execa(initdb!, [...before, "--pgdata", join(folder, "data"), "--username=m2m", "--auth=trust", "--no-sync"]);
  const [postgres, ...more] = program("postgres");
  const args = ["-D", join(folder, "data"), "-p", String(port), "-h", "127.0.0.1", "-k", folder];
  const running = execa(postgres!, [...more, ...args], { reject: false });
  const isReady = join(PROGRAMS, readdirSync(PROGRAMS)[0]!, "bin", "pg_isready");
  for (let tries = 0; tries < 60; tries++) {
    if (!(await execa(isReady, ["-h", "127.0.0.1", "-p", String(port)], { reject: false })).failed) break;
    await sleep(500);
  }
  return {
    backend: `new PgBackend(stack, { connStr: "postgres://m2m@127.0.0.1:${port}/postgres?sslmode=disable" })`,
    close: async () => {
      running.kill("SIGINT"); // fast shutdown
      await running;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
