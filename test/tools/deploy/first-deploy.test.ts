import { statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { volumeName } from "../../../constructs/contract/docker-names";
import { writeConfiguration } from "../../../constructs/contract/first-administrator";
import { DEPLOYER_MARKER, serverMarker } from "../../../constructs/contract/markers";
import { forgetPassword, keepPassword, keptPassword, passwordForFirstDeploy } from "../../../tools/deploy/first-deploy";
import type { DockerThing } from "../../../tools/engines/docker";
import type { Stack } from "../../../tools/project/project";
import { overridden } from "../overridden";
import {
  inState,
  keycloakProvider,
  projectIn,
  signedJwtClient,
  stackOf,
  temporaryFolder,
  writeManifest,
} from "../parts";

const folder = temporaryFolder();
beforeEach(() => {
  for (const name of ["KEYCLOAK_PASSWORD", "TF_VAR_keycloak_admin_password"]) vi.stubEnv(name, undefined);
});
afterEach(() => void vi.unstubAllEnvs());

const DEPLOYER = overridden(signedJwtClient("machine-a"), DEPLOYER_MARKER);
const CONTAINER = {
  name: "keycloak",
  ports: [{ internal: 8080, external: 18080 }],
};
const SERVER = { docker_container: { Keycloak: CONTAINER } };
const VOLUME: DockerThing = { kind: "volume", name: volumeName("keycloak") };

type Resources = Record<string, Record<string, Record<string, unknown>>>;

function stack(resource: Resources, known: unknown[] = [], name = "m2m", url = "http://localhost:18080"): Stack {
  const state = join(folder.path, `terraform.${name}.tfstate`);
  writeFileSync(state, JSON.stringify({ version: 4, resources: known }));
  const declared = stackOf(resource, "/nowhere", name, state, [keycloakProvider("Keycloak", url)]);
  if (resource.docker_container === undefined) return declared;
  const server = { container: "keycloak", image: "keycloak:26.4", port: 18080, dataVolume: VOLUME.name };
  return { ...declared, json: overridden(declared.json, serverMarker("Keycloak", server)) };
}

const first = (...known: unknown[]) => stack({ keycloak_openid_client: { Deployer: DEPLOYER }, ...SERVER }, known);
const deployed = () => first(inState("keycloak_openid_client", "Deployer", signedJwtClient("machine-a")));

describe("the password for a first deploy", () => {
  it("is made where a server and a deployer are, and neither is deployed; another one each time", () => {
    const made = [first(), first()].map((one) => passwordForFirstDeploy([one], "of an older server", []));
    expect(made[0]).toMatch(/^[\w-]{32}$/);
    expect(made[0]).not.toBe(made[1]);
  });

  it("is made where server and deployer are in two stacks", () => {
    const deployer = stack({ keycloak_openid_client: { Deployer: DEPLOYER } }, [], "realm");
    expect(passwordForFirstDeploy([stack(SERVER), deployer], undefined, [])).toMatch(/^[\w-]{32}$/);
  });

  it("is made again where the server's volume is lost, and the client with it", () => {
    expect(passwordForFirstDeploy([deployed()], "of the lost server", [])).toMatch(/^[\w-]{32}$/);
    expect(passwordForFirstDeploy([deployed()], "kept", [VOLUME])).toBeUndefined();
  });

  it("is the one of the deploy that was broken off, as its server has it", () => {
    expect(passwordForFirstDeploy([first()], "kept", [VOLUME])).toBe("kept");
  });

  it("is that one until the deployer has its rights and the realms are made", () => {
    const deployer = inState("keycloak_openid_client", "Deployer", signedJwtClient("machine-a"));
    const resources = {
      keycloak_openid_client: { Deployer: DEPLOYER },
      keycloak_openid_client_service_account_role: { Right: {} },
      keycloak_realm: { Realm: {} },
      ...SERVER,
    };
    const right = inState("keycloak_openid_client_service_account_role", "Right", {});
    const realm = inState("keycloak_realm", "Realm", {});
    const password = (...known: unknown[]) => passwordForFirstDeploy([stack(resources, known)], "kept", [VOLUME]);
    expect([password(deployer), password(deployer, right), password(deployer, right, realm)]).toEqual([
      "kept",
      "kept",
      undefined,
    ]);
  });

  it("is not made for a server that is there and whose state is kept elsewhere: the key is tried", () => {
    const { json } = first();
    const elsewhere: Stack = { ...first(), json: { ...json, terraform: {} } };
    expect(passwordForFirstDeploy([elsewhere], "kept", [VOLUME])).toBeUndefined();
    expect(passwordForFirstDeploy([elsewhere], undefined, [])).toMatch(/^[\w-]{32}$/);
    // Unless the first deploy did not come to its end, which the file of its password tells.
    expect(passwordForFirstDeploy([elsewhere], "kept", [VOLUME], true)).toBe("kept");
  });

  it("is made where KEYCLOAK_PASSWORD is empty, which the constructs take for none", () => {
    vi.stubEnv("KEYCLOAK_PASSWORD", "");
    expect(passwordForFirstDeploy([first()], undefined, [])).toMatch(/^[\w-]{32}$/);
  });

  it.each(["KEYCLOAK_PASSWORD", "TF_VAR_keycloak_admin_password"])("is not made where %s gives one", (name) => {
    vi.stubEnv(name, "given");
    expect(passwordForFirstDeploy([first()], "kept", [])).toBeUndefined();
  });

  it("is not made for a server that is there, or is somebody else's, nor without a deployer", () => {
    expect(passwordForFirstDeploy([first()], undefined, [VOLUME])).toBeUndefined();
    const deployer = { keycloak_openid_client: { Deployer: DEPLOYER } };
    expect(passwordForFirstDeploy([stack(deployer)], undefined, [])).toBeUndefined();
    const elsewhere = stack({ ...deployer, ...SERVER }, [], "m2m", "https://sso.example");
    expect(passwordForFirstDeploy([elsewhere], undefined, [])).toBeUndefined();
    const plain = stack({ keycloak_openid_client: { A: signedJwtClient("machine-a") }, ...SERVER });
    expect(passwordForFirstDeploy([plain], "kept", [])).toBeUndefined();
  });
});

describe("a kept password", () => {
  it("is the one that up made, whatever is synthesized meanwhile, until up has no more need of it", () => {
    const project = projectIn(folder.path);
    keepPassword(project, "made");
    expect(statSync(join(folder.path, ".m2m/first-password")).mode & 0o777).toBe(0o600);
    expect(keptPassword(project)).toBe("made");
    forgetPassword(project);
    expect(keptPassword(project)).toBeUndefined();
  });

  it("is that of the file for Keycloak's container, where it has one", () => {
    const project = projectIn(folder.path);
    expect(keptPassword(project)).toBeUndefined();
    writeManifest(project, [stackOf({})]);
    const at = join(project.outdir, "stacks/m2m");
    expect(keptPassword(project)).toBeUndefined();
    writeConfiguration(at, "Keycloak", undefined, []);
    expect(keptPassword(project)).toBeUndefined();
    writeConfiguration(at, "Keycloak", { username: "admin", password: "pass=word" }, []);
    expect(keptPassword(project)).toBe("pass=word");
  });
});
