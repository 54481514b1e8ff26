// A run that is killed at any moment is completed by the next `up`, and by nothing else.
import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { execa } from "execa";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ADMIN_PASSWORD, m2m, makeProject, SHARED } from "./environment";
import { PROGRAM } from "./project";

/** Random moments for each program; `m2m test --long` takes twenty. */
const MOMENTS = Number(process.env.M2M_TEST_RUNS ?? 1) > 1 ? 20 : 2;

/** A realm of four machines that all call each other, under another name at each start. */
const MAIN = `
import { readFileSync } from "node:fs";
import { App, TerraformStack } from "cdktf";
import { KeycloakServer, PrivateLocalBackend, Realm, RealmKeys, SignedJwtClient, SigningKeyPair } from "./constructs";
const app = new App();
const stack = new TerraformStack(app, "killed");
new PrivateLocalBackend(stack);
const at = { url: "http://localhost:${SHARED.keycloakPort}", issuerBase: "http://keycloak:8080" };
const server = KeycloakServer.fromUrl(stack, "Keycloak", at);
const realm = new Realm(stack, "Realm", { server, realmName: readFileSync("realm", "utf8") });
new RealmKeys(stack, "Keys", { realm, keys: [{ name: "one", state: "active" }] });
const signingKey = new SigningKeyPair(stack, "Key", { name: "killed", algorithm: "ES256" });
const clients = ["a", "b", "c", "d"].map((id) => new SignedJwtClient(stack, id, { realm, clientId: id, signingKey }));
for (const one of clients) for (const other of clients) if (one !== other) one.grantCall(other);
app.synth();
`;
const LOGIN = { KEYCLOAK_USER: "admin", KEYCLOAK_PASSWORD: ADMIN_PASSWORD };

let folder: string;
beforeAll(() => {
  folder = makeProject(SHARED, MAIN);
});
afterAll(async () => {
  const { exitCode, stderr } = await m2m(folder, ["down", "--yes"], LOGIN);
  rmSync(folder, { recursive: true, force: true });
  expect(exitCode, stderr).toBe(0);
});

interface Running {
  readonly pid: number;
  readonly command: string;
}

/** The programs that a program has started, and those that these have. */
function startedBy(pid: number): Running[] {
  const all = readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        const [, parent] = readFileSync(`/proc/${name}/stat`, "utf8").split(") ").at(-1)!.split(" ");
        const command = readFileSync(`/proc/${name}/cmdline`, "utf8").replaceAll("\0", " ");
        return [{ pid: Number(name), parent: Number(parent), command }];
      } catch {
        return []; // ended meanwhile
      }
    });
  const below = (parent: number): Running[] =>
    all.filter((one) => one.parent === parent).flatMap((one) => [one, ...below(one.pid)]);
  return below(pid);
}

const PROGRAMS: Record<string, (all: Running[], m2m: number) => number | undefined> = {
  Terraform: (all) => all.find(({ command }) => isApply(command))?.pid,
  "the provider": (all) => all.find(({ command }) => command.includes("terraform-provider-keycloak"))?.pid,
  m2m: (_, pid) => pid,
};
const isApply = (command: string) => / apply -json /.test(command);

describe("an up that makes a realm, and is killed in the middle of it", () => {
  let round = 0;

  it.each(Object.keys(PROGRAMS))(
    "is completed by the next up: %s is killed",
    async (program) => {
      for (let moment = 0; moment < MOMENTS; moment++) {
        writeFileSync(join(folder, "realm"), `killed-${++round}`);
        const run = execa("node", [PROGRAM, "up", "--yes"], {
          cwd: folder,
          env: LOGIN,
          stdin: "ignore",
          reject: false,
        });
        let applying: Running | undefined;
        while (!applying && run.exitCode === null) {
          await sleep(50);
          applying = startedBy(run.pid!).find(({ command }) => isApply(command));
        }
        await sleep(Math.random() * 6_000);
        const target = PROGRAMS[program]!(startedBy(run.pid!), run.pid!);
        if (target !== undefined && run.exitCode === null) process.kill(target, "SIGKILL");
        await run;
        // A Terraform whose m2m is gone goes on; until it has ended, up says that it is busy.
        while (applying && isRunning(applying.pid)) await sleep(200);
        const { exitCode, stderr } = await m2m(folder, ["up", "--yes"], LOGIN);
        expect(exitCode, stderr).toBe(0);
        const diff = await m2m(folder, ["diff"], LOGIN);
        expect(diff.exitCode, diff.stdout).toBe(0);
      }
    },
    3_600_000,
  );
});

function isRunning(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/stat`, "utf8").split(") ").at(-1)![0] !== "Z";
  } catch {
    return false;
  }
}
