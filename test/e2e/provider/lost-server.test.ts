import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { docker, namesOf } from "../environment";
import { clients, REALM, series } from "./clients";
import * as found from "./found";
import { idsInState, unwrapped } from "./found";
import { goldenConfiguration } from "./golden";
import { startKeycloak } from "./server";
import { type Outcome, Workspace } from "./workspace";

/** These tests stop the server, so they have one of their own. */
const NAMES = namesOf("failures");

let server: Awaited<ReturnType<typeof startKeycloak>>;
beforeAll(async () => {
  server = await startKeycloak(NAMES);
  await server.admin("POST", "", { realm: REALM, enabled: true });
});
afterAll(() => server?.stop());

const idsInKeycloak = (prefix: string) => found.idsInKeycloak(server, prefix);

describe("realms that were deleted by hand", () => {
  it("are planned again with all that was in them", async () => {
    const workspace = new Workspace(server);
    const { resource } = goldenConfiguration();
    await workspace.write({ resource });
    const { exitCode, output } = await workspace.apply();
    expect(exitCode, output).toBe(0);
    const all = [...workspace.state().keys()].sort();
    for (const realm of ["golden-minimal", "golden-full"]) await server.admin("DELETE", `/${realm}`);
    const planned = await workspace.plan();
    expect(planned.map(({ address }) => address).sort()).toEqual(all);
    expect(new Set(planned.map(({ actions }) => actions.join()))).toEqual(new Set(["create"]));
    workspace.remove();
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

  it("fails a plan in the meantime, and says what to do", () => {
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

  it("leaves every client of the interrupted apply exactly once", async () => {
    await isFinished("middle");
    expect(await workspaces.middle!.plan()).toEqual([]);
    const ids = await idsInKeycloak("middle");
    expect(ids).toHaveLength(declared.length);
    expect(idsInState(workspaces.middle!)).toEqual(ids);
  });
});
