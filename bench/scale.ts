// Many clients: what 10, 100 and 1,000 machines cost with the embedded provider, beside the official one and the
// article's realm import.
//
//   npx tsx bench/scale.ts [--clients 10,100,1000] [--official PATH_TO_PROVIDER_BINARY] [--scopes client|realm]
//                          [--state local|http] [--no-import] [--json]
//
// --scopes says whether each client declares its scopes (three resources) or leaves them to the realm (one). --state says
// where Terraform keeps its state: in a file, which it writes after each resource, or behind its `http` backend.
//
// Starts a Keycloak of its own, with names and ports of its own. Needs an environment that `./m2m up` has brought once.
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { type CountingProxy, countingProxy } from "./scale/counting-proxy";
import { type Server, startKeycloak } from "./scale/keycloak";
import { type Changed, declareMachines, type Machines, realmToImport, type Scopes } from "./scale/machines";
import { type Import, markdown, type Run, type Step } from "./scale/report";
import { medianStartUp } from "./scale/start-up";
import { stateServer } from "./scale/state-server";
import { embedded, type Measured, official, type Way, Workspace } from "./scale/terraform";

const IMPORT_TIMEOUT_MS = 400_000;

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      clients: { type: "string", default: "10,100,1000" },
      official: { type: "string" },
      scopes: { type: "string", default: "client" },
      state: { type: "string", default: "local" },
      "no-import": { type: "boolean", default: false },
      json: { type: "boolean", default: false },
    },
  });
  const sizes = values.clients.split(",").map(Number);
  if (!sizes.every((size) => Number.isInteger(size) && size > 0))
    throw new Error(`--clients must be whole numbers above 0, with commas between, got: ${values.clients}`);
  const scopes = oneOf("--scopes", values.scopes, ["client", "realm"] as const);
  const state = oneOf("--state", values.state, ["local", "http"] as const);
  const folder = mkdtempSync(join(tmpdir(), "m2m-scale-"));
  say("starting Keycloak");
  const server = await startKeycloak();
  const proxy = await countingProxy(server.url);
  try {
    const ways = [embedded(server.env, embeddedProgram(server.env))];
    if (values.official) ways.push(official(values.official, folder));
    const startUpMs: Record<string, number> = {};
    for (const { name, program } of ways) startUpMs[name] = await medianStartUp(program);
    const runs: Run[] = [];
    const imports: Import[] = [];
    for (const clients of sizes) {
      for (const way of ways) runs.push(await measure({ way, clients, scopes, state, server, proxy }));
      if (!values["no-import"]) imports.push(await importRealm(clients, server));
    }
    const results = { scopes, state, startUpMs, runs, imports };
    console.log(values.json ? JSON.stringify(results, null, 2) : markdown(results));
  } finally {
    proxy.close();
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

interface Task {
  readonly way: Way;
  readonly clients: number;
  readonly scopes: Scopes;
  readonly state: "local" | "http";
  readonly server: Server;
  readonly proxy: CountingProxy;
}

/** Everything that is done with so many clients, on a realm of its own. */
async function measure({ way, clients, scopes, state, server, proxy }: Task): Promise<Run> {
  const realm = `scale-${way.name}-${clients}`;
  const machines = declareMachines(proxy.url, realm, scopes);
  const remote = state === "http" ? await stateServer() : undefined;
  const workspace = new Workspace(way, proxy, server, remote);
  const steps: Partial<Record<Step, Measured>> = {};
  const step = async (name: Step, work: () => Promise<Measured>) => {
    const measured = await work();
    steps[name] = measured;
    say(`${clients} clients, ${way.name}, ${name}: ${JSON.stringify(measured)}`);
  };
  try {
    await step("synth", () => synth(machines, clients, workspace));
    const { failure } = await workspace.init();
    if (failure) throw new Error(`terraform init: ${failure}`);
    await step("apply", () => workspace.apply());
    await step("plan", () => workspace.plan());
    for (const changed of ["one", "all"] as const) {
      await synth(machines, clients, workspace, changed);
      await step(`change ${changed}`, () => workspace.apply());
    }
    await step("destroy", () => workspace.destroy());
    return { way: way.name, clients, steps, keycloakMiB: server.usage().peakMiB };
  } finally {
    remote?.close();
    workspace.remove();
    machines.remove();
    // Where destroy left something, it shall not weigh on the next run.
    await server.admin("DELETE", `/${realm}`, undefined, IMPORT_TIMEOUT_MS).catch(() => undefined);
  }
}

async function synth(machines: Machines, clients: number, into: Workspace, changed: Changed = "none") {
  const begun = performance.now();
  const stack = await machines.synth(clients, changed);
  const seconds = (performance.now() - begun) / 1000;
  into.write(stack);
  return { seconds, calls: {} };
}

/** The article's way: all clients in the realm's JSON, in one call. */
async function importRealm(clients: number, server: Server): Promise<Import> {
  const realm = `scale-import-${clients}`;
  const machines = declareMachines(server.url, realm, "realm");
  const body = realmToImport(realm, clients, machines.certificate);
  machines.remove();
  const begun = performance.now();
  const failure = await server.admin("POST", "", body, IMPORT_TIMEOUT_MS).then(
    () => undefined,
    (error: Error) => error.message,
  );
  const seconds = (performance.now() - begun) / 1000;
  say(`${clients} clients, realm import: ${seconds.toFixed(1)} s ${failure ?? ""}`);
  await server.admin("DELETE", `/${realm}`, undefined, IMPORT_TIMEOUT_MS).catch(() => undefined);
  return { clients, seconds, ...(failure !== undefined && { failure }) };
}

/** The program that Terraform finds by these variables. */
function embeddedProgram({ TF_CLI_CONFIG_FILE = "" }: Record<string, string>): string {
  const mirrors = [...readFileSync(TF_CLI_CONFIG_FILE, "utf8").matchAll(/path\s*=\s*"(.*?)"/g)].map(
    ([, path]) => path!,
  );
  const programs = mirrors.flatMap((mirror) =>
    readdirSync(mirror, { recursive: true, encoding: "utf8" })
      .filter((path) => path.includes("cdktf-keycloak-m2m") && /terraform-provider-keycloak_v[^/]*$/.test(path))
      .map((path) => join(mirror, path)),
  );
  if (programs.length !== 1)
    throw new Error(`no embedded provider by ${TF_CLI_CONFIG_FILE}: run \`m2m provider embedded\``);
  return programs[0]!;
}

function oneOf<T extends string>(option: string, value: string, known: readonly T[]): T {
  if (known.includes(value as T)) return value as T;
  throw new Error(`${option} must be ${known.join(" or ")}, got: ${value}`);
}

function say(text: string): void {
  console.error(text);
}

main().catch((error) => {
  console.error((error as Error).message);
  process.exitCode = 1;
});
