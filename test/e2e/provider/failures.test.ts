import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { type Fault, FaultProxy, type Matcher } from "../fault-proxy";
import { clients, REALM, series, team } from "./clients";
import * as found from "./found";
import { idsInState, unwrapped } from "./found";
import { type Json, type Server, sharedServer } from "./server";
import { Workspace } from "./workspace";

const CREATION: Matcher = { method: "POST", path: /\/clients\/?$/ };
const READING: Matcher = { method: "GET", path: /\/clients\// };
const LOGIN: Matcher = { method: "POST", path: /\/token$/ };
const SLOW = { slowMs: 3_000 };
const HTML = { status: 200, body: "<html>A page of the load balancer</html>", type: "text/html" };

let server: Server;
let proxy: FaultProxy;

beforeAll(async () => {
  server = await sharedServer();
  proxy = await FaultProxy.start(server.url);
  await server.admin("POST", "", { realm: REALM, enabled: true });
});
afterEach(() => proxy?.reset());
afterAll(async () => {
  await proxy?.close();
  await server?.admin("DELETE", `/${REALM}`);
});

const idsInKeycloak = (prefix: string) => found.idsInKeycloak(server, prefix);

describe("a fault that passes", () => {
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

  it("leaves every client exactly once, and an empty plan", async () => {
    expect(await workspace.plan()).toEqual([]);
    expect(idsInState(workspace)).toEqual((await Promise.all(declared.map(idsInKeycloak))).flat().sort());
  });
});

describe("a fault that stays", () => {
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
    expect(text).toContain(`Keycloak no longer accepts the token, nor the one of a new login. Server: ${proxy.url}.`);
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
      `The provider's user or client lacks a right. It needs the role manage-clients of the client realm-management in realm "${REALM}" (view-clients is enough for a plan), or the role admin of realm master.`,
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
