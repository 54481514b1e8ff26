import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { keptPassword, passwordForFirstDeploy } from "../../tools/first-deploy";
import type { Stack } from "../../tools/project";
import { inState, projectIn, signedJwtClient, stackOf, temporaryFolder, writeManifest } from "./parts";

const folder = temporaryFolder();
beforeEach(() => {
  for (const name of ["KEYCLOAK_PASSWORD", "TF_VAR_keycloak_admin_password"]) vi.stubEnv(name, undefined);
});
afterEach(() => void vi.unstubAllEnvs());

const DEPLOYER = { ...signedJwtClient("machine-a"), "//": { deployer: true } };
const CONTAINER = { name: "keycloak", upload: [{ source: "bootstrap-admin/Keycloak/keycloak.conf", file: "/x" }] };

function stack(resource: Record<string, Record<string, Record<string, unknown>>>, ...known: unknown[]): Stack {
  const state = join(folder.path, "terraform.m2m.tfstate");
  writeFileSync(state, JSON.stringify({ version: 4, resources: known }));
  return stackOf(resource, "/nowhere", "m2m", state);
}

const first = (...known: unknown[]) =>
  stack({ keycloak_openid_client: { Deployer: DEPLOYER }, docker_container: { Keycloak: CONTAINER } }, ...known);

describe("the password for a first deploy", () => {
  it("is made where a server and a deployer are, and neither is deployed; another one each time", () => {
    const made = [first(), first()].map((one) => passwordForFirstDeploy([one], undefined));
    expect(made[0]).toMatch(/^[\w-]{32}$/);
    expect(made[0]).not.toBe(made[1]);
  });

  it("is the one of the deploy that was broken off, as its server has it", () => {
    expect(passwordForFirstDeploy([first(inState("docker_volume", "v", {}))], "kept")).toBe("kept");
  });

  it.each(["KEYCLOAK_PASSWORD", "TF_VAR_keycloak_admin_password"])("is not made where %s gives one", (name) => {
    vi.stubEnv(name, "given");
    expect(passwordForFirstDeploy([first()], "kept")).toBeUndefined();
  });

  it("is not made for a server that is there, nor without a deployer, nor once that is deployed", () => {
    expect(passwordForFirstDeploy([first(inState("docker_volume", "v", {}))], undefined)).toBeUndefined();
    expect(
      passwordForFirstDeploy([stack({ keycloak_openid_client: { Deployer: DEPLOYER } })], undefined),
    ).toBeUndefined();
    const plain = stack({
      keycloak_openid_client: { A: signedJwtClient("machine-a") },
      docker_container: { CONTAINER },
    });
    expect(passwordForFirstDeploy([plain], "kept")).toBeUndefined();
    const deployed = first(inState("keycloak_openid_client", "Deployer", signedJwtClient("machine-a")));
    expect(passwordForFirstDeploy([deployed], "kept")).toBeUndefined();
  });
});

describe("a kept password", () => {
  it("is that of the file for Keycloak's container, where it has one", () => {
    const project = projectIn(folder.path);
    expect(keptPassword(project)).toBeUndefined();
    writeManifest(project, [stackOf({})]);
    const at = join(project.outdir, "stacks/m2m");
    expect(keptPassword(project)).toBeUndefined();
    mkdirSync(join(at, "bootstrap-admin/Keycloak"), { recursive: true });
    const file = join(at, "bootstrap-admin/Keycloak/keycloak.conf");
    writeFileSync(file, "");
    expect(keptPassword(project)).toBeUndefined();
    writeFileSync(file, "bootstrap-admin-username=admin\nbootstrap-admin-password=pass=word\n");
    expect(keptPassword(project)).toBe("pass=word");
  });
});
