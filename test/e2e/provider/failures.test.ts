import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { docker, namesOf } from "../environment";
import { type Fault, FaultProxy, type Matcher } from "../fault-proxy";
import { clients, REALM, series, team } from "./clients";
import { goldenConfiguration } from "./golden";
import { type Json, startKeycloak } from "./server";
import { type Outcome, Workspace } from "./workspace";

const NAMES = namesOf("failures");
const CREATION: Matcher = { method: "POST", path: /\/clients\/?$/ };
const READING: Matcher = { method: "GET", path: /\/clients\// };
const LOGIN: Matcher = { method: "POST", path: /\/token$/ };
const SLOW = { slowMs: 3_000 };
const HTML = { status: 200, body: "<html>A page of the load balancer</html>", type: "text/html" };

let server: Awaited<ReturnType<typeof startKeycloak>>;
let proxy: FaultProxy;

beforeAll(async () => {
  server = await startKeycloak(NAMES);
  proxy = await FaultProxy.start(server.url);
  await server.admin("POST", "", { realm: REALM, enabled: true });
});
afterEach(() => proxy?.reset());
afterAll(async () => {
  await proxy?.close();
  await server?.stop();
});

/** Ids of the clients in Keycloak whose names begin so; a name that is there twice would be there twice. */
async function idsInKeycloak(prefix: string): Promise<string[]> {
  const found = (await server.admin("GET", `/${REALM}/clients?first=0&max=1000`)) as Json[];
  const ours = found.filter(({ clientId }) => clientId.startsWith(prefix));
  return ours.map(({ id }) => id).sort();
}

const idsInState = (workspace: Workspace) => [...workspace.state().values()].map(({ id }) => id).sort();

/** Terraform wraps what it prints in a frame and into lines. */
const unwrapped = (output: string) => output.replace(/[│╷╵]/g, " ").replace(/\s+/g, " ");

describe("what passes by", () => {
  let workspace: Workspace;
  const declared: string[] = [];
  beforeAll(() => {
    workspace = new Workspace(server, proxy.url);
  });
  afterAll(() => workspace.remove());

  it.each<[what: string, name: string, ...faults: [matcher: Matcher, fault: Fault, times?: number][]]>([
    [
      "a login at a busy Keycloak, a token that is no longer accepted, and HTML for a read",
      "expired",
      [LOGIN, { status: 503 }, 2],
      [CREATION, { status: 401 }],
      [READING, HTML],
    ],
    [
      "HTML for a login, HTTP 429, and nothing for a read",
      "limited",
      [LOGIN, HTML],
      [CREATION, { status: 429 }, 2],
      [READING, { ...HTML, body: "" }],
    ],
    [
      "a login that breaks off, HTTP 503, and half of an answer to a read",
      "busy",
      [LOGIN, "broken-off"],
      [CREATION, { ...HTML, status: 503 }, 2],
      [READING, "truncated"],
    ],
    [
      "a slow login, HTTP 500, and a read that breaks off",
      "failing",
      [LOGIN, SLOW],
      [CREATION, { status: 500 }, 2],
      [READING, "broken-off"],
    ],
    ["HTML for a create, and a slow read", "pages", [CREATION, HTML], [READING, SLOW]],
    ["a slow create", "slow", [CREATION, SLOW]],
    ["a create that was carried out, but answered too late", "late", [CREATION, { lateMs: SLOW.slowMs }]],
    ["a create that was carried out, but never answered", "lost", [CREATION, "lost"]],
    ["a create that breaks off before it is carried out", "dropped", [CREATION, "dropped"]],
  ])("%s", async (_what, name, ...faults) => {
    declared.push(name);
    await workspace.write(clients(...declared), { client_timeout: 2 });
    for (const [matcher, fault, times = 1] of faults) proxy.inject(matcher, fault, times);
    const { exitCode, output } = await workspace.apply();
    expect(exitCode, output).toBe(0);
    // What the ones before have left is as declared: the plan is empty but for this one.
    expect(output).toContain("Plan: 1 to add, 0 to change, 0 to destroy.");
    expect(await idsInKeycloak(name)).toHaveLength(1);
    expect(proxy.pending()).toEqual([]);
  });

  it("leaves nothing to do, nothing twice and nothing out", async () => {
    expect(await workspace.plan()).toEqual([]);
    expect(idsInState(workspace)).toEqual((await Promise.all(declared.map(idsInKeycloak))).flat().sort());
  });
});

describe("what stays", () => {
  /** Applies one more client on which this fault lies, and gives the text of the error. */
  async function failed(name: string, matcher: Matcher, fault: Fault): Promise<string> {
    const workspace = new Workspace(server, proxy.url);
    proxy.inject(matcher, fault);
    await workspace.write(clients(name));
    const { exitCode, output } = await workspace.apply();
    expect(exitCode, output).toBe(1);
    expect(await idsInKeycloak(name)).toEqual([]);
    // Nothing was made and nothing is in the state: once it is over, an apply makes it.
    proxy.reset();
    expect((await workspace.apply()).output).toContain("1 added, 0 changed, 0 destroyed");
    expect(await workspace.plan()).toEqual([]);
    workspace.remove();
    return unwrapped(output);
  }

  it("HTTP 401 is said after a new login", async () => {
    const text = await failed("unwelcome", CREATION, { status: 401, body: '{"error":"HTTP 401 Unauthorized"}' });
    expect(text).toContain(
      `Creating client "unwelcome" of realm "${REALM}": Keycloak answered HTTP 401, "HTTP 401 Unauthorized"`,
    );
    expect(text).toContain(`The login is no longer accepted, and a new one was not either. Server: ${proxy.url}.`);
  });

  it("HTTP 500 is said after three attempts", async () => {
    const text = await failed("faulty", CREATION, { status: 500, body: '{"error":"unknown_error"}' });
    expect(text).toContain(`Creating client "faulty" of realm "${REALM}": Keycloak answered HTTP 500, "unknown_error"`);
    expect(text).toContain(`Keycloak's own log says more about this error. Server: ${proxy.url}.`);
  });

  it("HTTP 403 names the right that is missing", async () => {
    const login = await loginWith("reader", "view-clients");
    const workspace = new Workspace(server);
    await workspace.write(clients("forbidden"), login);
    const { exitCode, output } = await workspace.apply();
    expect(exitCode).toBe(1);
    expect(unwrapped(output)).toContain(
      `Creating client "forbidden" of realm "${REALM}": Keycloak answered HTTP 403, "HTTP 403 Forbidden"`,
    );
    expect(unwrapped(output)).toContain(
      `The provider's user or client lacks a right: of the realm-management roles of realm "${REALM}" it needs manage-clients (view-clients is enough for a plan), or the role admin of realm master.`,
    );
    await workspace.write(clients("forbidden"), await loginWith("manager", "manage-clients"));
    expect((await workspace.apply()).exitCode).toBe(0);
    expect(await workspace.plan()).toEqual([]);
    await workspace.destroy();
    workspace.remove();
  });

  /** A client of the realm with one role of realm-management, and how the provider signs in with it. */
  async function loginWith(clientId: string, roleName: string): Promise<Json> {
    await server.admin("POST", `/${REALM}/clients`, { clientId, secret: clientId, serviceAccountsEnabled: true });
    const [mine] = (await server.admin("GET", `/${REALM}/clients?clientId=${clientId}`)) as Json[];
    const [management] = (await server.admin("GET", `/${REALM}/clients?clientId=realm-management`)) as Json[];
    const user = await server.admin("GET", `/${REALM}/clients/${mine!.id}/service-account-user`);
    const role = await server.admin("GET", `/${REALM}/clients/${management!.id}/roles/${roleName}`);
    await server.admin("POST", `/${REALM}/users/${user.id}/role-mappings/clients/${management!.id}`, [role]);
    return { realm: REALM, client_id: clientId, client_secret: clientId, username: null, password: null };
  }

  it("HTTP 409 says how to import, and an import makes the plan empty", async () => {
    const [other, workspace] = [new Workspace(server), new Workspace(server)];
    await other.write(clients("taken"));
    await other.apply();
    await workspace.write(clients("taken"));
    expect(await idsInKeycloak("taken")).toHaveLength(1);
    const text = unwrapped((await workspace.apply()).output);
    expect(text).toContain(
      `Creating client "taken" of realm "${REALM}": Keycloak answered HTTP 409, "Client taken already exists"`,
    );
    expect(text).toContain(
      "It exists already. Take it into the state with `terraform import`, or give this one another name.",
    );
    expect(text).toContain("The command is `terraform import keycloak_openid_client.NAME REALM/CLIENT_UUID`.");
    const [id] = await idsInKeycloak("taken");
    const imported = await workspace.run("import", "keycloak_openid_client.taken", `${REALM}/${id}`);
    expect(imported.exitCode, imported.output).toBe(0);
    expect(await workspace.plan()).toEqual([]);
    for (const one of [other, workspace]) one.remove();
  });
});

describe("realms that were deleted by hand", () => {
  it("are planned anew with all that was in them", async () => {
    const workspace = new Workspace(server);
    const { resource } = goldenConfiguration();
    await workspace.write({ resource });
    expect((await workspace.apply()).exitCode).toBe(0);
    const all = [...workspace.state().keys()].sort();
    for (const realm of ["golden-minimal", "golden-full"]) await server.admin("DELETE", `/${realm}`);
    const planned = await workspace.plan();
    expect(planned.map(({ address }) => address).sort()).toEqual(all);
    expect(new Set(planned.map(({ actions }) => actions.join()))).toEqual(new Set(["create"]));
    workspace.remove();
  });
});

describe("an apply that is interrupted", () => {
  const SLOWLY = { slowMs: 200 };

  /** Interrupts an apply of these clients as Ctrl-C does, once so many requests of this kind have come in. */
  async function interrupted(declared: string[], matcher: Matcher, count: number): Promise<Workspace> {
    const workspace = new Workspace(server, proxy.url);
    await workspace.write(clients(...declared), { client_timeout: 5 });
    const run = workspace.start("apply", "-auto-approve", "-input=false", "-parallelism=3");
    await proxy.reached(matcher, count);
    run.kill("SIGINT");
    const { exitCode, all = "" } = await run;
    expect(all).toContain("Interrupt received.");
    expect(exitCode, all).toBe(1);
    return workspace;
  }

  async function isFinished(workspace: Workspace, prefix: string, count: number): Promise<void> {
    const { exitCode, output } = await workspace.apply();
    expect(exitCode, output).toBe(0);
    expect(await workspace.plan()).toEqual([]);
    const ids = await idsInKeycloak(prefix);
    expect(ids).toHaveLength(count);
    expect(idsInState(workspace)).toEqual(ids);
    workspace.remove();
  }

  it("stops between calls, with a true state, and is finished by the next", async () => {
    const declared = series("stopped", 20);
    proxy.inject(CREATION, SLOWLY);
    const workspace = await interrupted(declared, CREATION, 6);
    const ids = await idsInKeycloak("stopped");
    expect(ids.length).toBeGreaterThan(0);
    expect(ids.length).toBeLessThan(declared.length);
    expect(idsInState(workspace)).toEqual(ids);
    proxy.reset();
    await isFinished(workspace, "stopped", declared.length);
  });

  it("takes into the state what was made without an answer", async () => {
    proxy.inject(CREATION, "lost");
    const workspace = await interrupted(series("unanswered", 6), CREATION, 9);
    const ids = await idsInKeycloak("unanswered");
    expect(ids.length).toBeGreaterThan(0);
    expect(idsInState(workspace)).toEqual(ids);
    proxy.reset();
    await isFinished(workspace, "unanswered", 6);
  });
});

describe("two applies at once on one realm", () => {
  it("lose nothing, twice over", async () => {
    const workspaces = [new Workspace(server), new Workspace(server)];
    const both = <T>(run: (workspace: Workspace, name: string) => Promise<T>) =>
      Promise.all(workspaces.map((workspace, index) => run(workspace, ["left", "right"][index]!)));
    await both((workspace, name) => workspace.write(team(name)));
    for (const { exitCode, output } of await both((workspace) => workspace.apply())) {
      expect(exitCode, output).toBe(0);
      expect(output).toContain("30 added, 0 changed, 0 destroyed");
    }
    expect(await both((workspace) => workspace.plan())).toEqual([[], []]);
    for (const { exitCode, output } of await both((workspace) => workspace.destroy())) expect(exitCode, output).toBe(0);
    expect([...(await idsInKeycloak("left")), ...(await idsInKeycloak("right"))]).toEqual([]);
    for (const workspace of workspaces) workspace.remove();
  });
});

describe("a Keycloak that goes down in the middle of an apply, and comes back", () => {
  const declared = series("middle", 30);
  const workspaces: { [name: string]: Workspace } = {};
  const outcomes: { [name: string]: Outcome } = {};
  let planned: number;

  beforeAll(async () => {
    for (const name of ["known", "middle", "fresh"]) workspaces[name] = new Workspace(server);
    const { known, middle, fresh } = workspaces as { [name: string]: Workspace };
    await known!.write(clients("known"));
    await known!.apply();
    await fresh!.write(clients("fresh"));
    await middle!.write(clients(...declared));

    const inTheMiddle = middle!.apply("-parallelism=3");
    while ((await idsInKeycloak("middle")).length < 6) await sleep(50);
    await docker("stop", NAMES.keycloak);
    const begun = Date.now();
    outcomes.known = await known!.run("plan", "-input=false");
    planned = Date.now() - begun;
    const starting = fresh!.apply();
    await docker("start", NAMES.keycloak);
    [outcomes.middle, outcomes.fresh] = await Promise.all([inTheMiddle, starting]);
  });
  afterAll(() => {
    for (const workspace of Object.values(workspaces)) workspace.remove();
  });

  it("fails a plan meanwhile, with what to do", () => {
    const { exitCode, output } = outcomes.known!;
    expect(exitCode).toBe(1);
    expect(planned).toBeLessThan(30_000);
    expect(unwrapped(output)).toMatch(
      /Reading client [0-9a-f-]{36} of realm "failures": Keycloak at http:\/\/localhost:\d+ cannot be used: connection refused/,
    );
    expect(unwrapped(output)).toContain(
      'Waited 5 s. If m2m runs this environment, "m2m up" brings the server back and applies the rest; otherwise start the server, or correct the provider\'s url and base_path.',
    );
  });

  /** Where the machine took longer to start than an apply waits, a second one finishes the first. */
  async function isFinished(name: string): Promise<void> {
    if (outcomes[name]!.exitCode !== 0) {
      expect(unwrapped(outcomes[name]!.output)).toMatch(/cannot be used: .* Waited [6-9]\d s\./);
      outcomes[name] = await workspaces[name]!.apply();
    }
    expect(outcomes[name]!.exitCode, outcomes[name]!.output).toBe(0);
  }

  it("is waited for by an apply that begins while it starts", async () => {
    await isFinished("fresh");
    expect(await workspaces.fresh!.plan()).toEqual([]);
    expect(idsInState(workspaces.fresh!)).toEqual(await idsInKeycloak("fresh"));
  });

  it("loses nothing and doubles nothing of the apply in the middle", async () => {
    await isFinished("middle");
    expect(await workspaces.middle!.plan()).toEqual([]);
    const ids = await idsInKeycloak("middle");
    expect(ids).toHaveLength(declared.length);
    expect(idsInState(workspaces.middle!)).toEqual(ids);
  });
});
