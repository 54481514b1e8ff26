import { spawnSync } from "node:child_process";
import { createPrivateKey } from "node:crypto";
import { copyFileSync, mkdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { acceptedKids, CLIENT, certifiedKey } from "../constructs/contract/client-keys";
import { kidsInLabels } from "../constructs/contract/docker-names";
import { pairsIn } from "../constructs/contract/markers";
import { machineOutputs } from "../constructs/contract/outputs";
import { findPrivateBytes } from "./constructs/private-bytes";
import { CHECKOUT, filesBelow, makeProject, type SynthesizedStack } from "./constructs/project";

const ADMIN_PASSWORD = "canary-Pa55word";

/** main.ts as `cdktf synth` runs it, in a project folder of its own. */
function runMain(folder: string, env: Record<string, string> = {}): string {
  const inherited = Object.entries(process.env).filter(([name]) => !/^(CDKTF_|M2M_|TF_VAR_)/.test(name));
  const tsx = join(CHECKOUT, "node_modules", "tsx", "dist", "cli.mjs");
  const result = spawnSync(process.execPath, [tsx, join(CHECKOUT, "main.ts")], {
    cwd: folder,
    env: { ...Object.fromEntries(inherited), ...env },
    encoding: "utf8",
  });
  if (result.status !== 0) throw new Error(result.stderr);
  return result.stderr;
}

const jsonFile = (folder: string) => join(folder, "cdktf.out", "stacks", "m2m", "cdk.tf.json");

let first: string;
let second: string;
let notices: string;
let json: SynthesizedStack & { output: Record<string, { value: unknown }> };

beforeAll(() => {
  first = makeProject();
  notices = runMain(first, { TF_VAR_keycloak_admin_password: ADMIN_PASSWORD });
  json = JSON.parse(readFileSync(jsonFile(first), "utf8"));

  // A second checkout, at a path of another length: the certificates are committed, the keys are not.
  second = join(makeProject(), "a", "checkout", "elsewhere");
  mkdirSync(join(second, "certs"), { recursive: true });
  copyFileSync(join(first, "cdktf.json"), join(second, "cdktf.json"));
  for (const name of ["machine-a", "machine-b"]) {
    copyFileSync(join(first, "certs", `${name}-signing.crt`), join(second, "certs", `${name}-signing.crt`));
  }
  runMain(second, { CI: "true" });
});

afterAll(() => {
  rmSync(first, { recursive: true });
  rmSync(join(second, "..", "..", ".."), { recursive: true });
});

describe("the environment of main.ts", () => {
  it("leaves what m2m reads: outputs, pairs, clients' keys, and the key in the container", () => {
    const known = machineOutputs(json.output, ["issuer", "api", "connect_to", "key_files"]);
    expect(known).toMatchObject({
      issuer: "http://keycloak:8080/realms/sjwt-example",
      api: "http://machine-b:3000/api/protected",
      key_files: { "machine-a": "certs/machine-a-signing.key", "machine-b": "certs/machine-b-signing.key" },
    });
    const kids = Object.fromEntries(pairsIn(json).map((pair) => [pair.name, pair.kids]));
    expect(Object.keys(kids).sort()).toEqual(["machine-a", "machine-b"]);
    for (const client of Object.values(json.resource[CLIENT]!)) {
      const [kid] = kids[client.client_id]!;
      expect(certifiedKey(client)).toEqual({ name: client.client_id, kid });
      expect(acceptedKids(client)).toEqual([kid]);
    }
    expect(Object.values(json.resource.docker_container!).flatMap(kidsInLabels)).toEqual(kids["machine-b"]);
  });

  it("keeps its construct paths and Terraform addresses: changing one would destroy and make anew", () => {
    const addresses = Object.entries(json.resource).flatMap(([type, named]) =>
      Object.entries(named).map(([name, config]) => `${config["//"].metadata.path} ${type}.${name}`),
    );
    expect(addresses.sort()).toEqual([
      "m2m/Keycloak/Container docker_container.Keycloak_Container_B24A478B",
      "m2m/Keycloak/Image docker_image.Keycloak_Image_6F3CF4D9",
      "m2m/Keycloak/Network docker_network.Keycloak_Network_910C6F2A",
      "m2m/Keycloak/Volume docker_volume.Keycloak_Volume_E1C3EFDE",
      "m2m/MachineA/DefaultScopes keycloak_openid_client_default_scopes.MachineA_DefaultScopes_A65538CC",
      "m2m/MachineA/OptionalScopes keycloak_openid_client_optional_scopes.MachineA_OptionalScopes_CC520DE5",
      "m2m/MachineA/Resource keycloak_openid_client.MachineA_E2C1362E",
      "m2m/MachineB/AudienceMapper keycloak_openid_audience_protocol_mapper.MachineB_AudienceMapper_7FB5C811",
      "m2m/MachineB/AudienceScope keycloak_openid_client_scope.MachineB_AudienceScope_79666A04",
      "m2m/MachineB/DefaultScopes keycloak_openid_client_default_scopes.MachineB_DefaultScopes_B8BE32FF",
      "m2m/MachineB/OptionalScopes keycloak_openid_client_optional_scopes.MachineB_OptionalScopes_427174ED",
      "m2m/MachineB/Resource keycloak_openid_client.MachineB_1639038D",
      "m2m/MachineBApi/Container docker_container.MachineBApi_Container_97C806D1",
      "m2m/Realm/LoginEvents keycloak_realm_events.Realm_LoginEvents_7029BF56",
      "m2m/Realm/Resource keycloak_realm.Realm_5F128390",
    ]);
  });

  it("keeps the names of providers, variables, backend and outputs", () => {
    expect(Object.entries(json.provider).map(([name, all]) => [name, all.map(({ alias }) => alias)])).toEqual([
      ["docker", [undefined]],
      ["keycloak", ["Keycloak"]],
    ]);
    expect(Object.keys(json.variable).sort()).toEqual(["keycloak_admin_password", "keycloak_admin_username"]);
    expect(json.terraform.backend).toEqual({ local: { path: "../../../terraform.m2m.tfstate" } });
    expect(Object.fromEntries(Object.entries(json.output).map(([name, { value }]) => [name, value]))).toEqual({
      issuer: "http://keycloak:8080/realms/sjwt-example",
      token_endpoint: "http://keycloak:8080/realms/sjwt-example/protocol/openid-connect/token",
      jwks_uri: "http://keycloak:8080/realms/sjwt-example/protocol/openid-connect/certs",
      api: "http://machine-b:3000/api/protected",
      connect_to: "keycloak:8080=127.0.0.1:8080,machine-b:3000=127.0.0.1:3000",
      key_files: { "machine-a": "certs/machine-a-signing.key", "machine-b": "certs/machine-b-signing.key" },
    });
  });

  it("puts machine-b into the audience of machine-a, and of nobody else", () => {
    const scopes = Object.values(json.resource.keycloak_openid_client_default_scopes ?? {});
    const granted = scopes.map(({ default_scopes }) => default_scopes.slice(4));
    expect(granted).toEqual([[expect.stringContaining("MachineB_AudienceScope")], []]);
  });

  it("says which keys it made", () => {
    expect(notices.match(/^made the private key .*$/gm)).toEqual([
      "made the private key certs/machine-a-signing.key (RSA-2048, mode 0600, keep it out of git)",
      "made the private key certs/machine-b-signing.key (RSA-2048, mode 0600, keep it out of git)",
    ]);
  });

  it("keeps the state private from the start", () => {
    expect(statSync(join(first, "terraform.m2m.tfstate")).mode & 0o777).toBe(0o600);
  });
});

describe("a second checkout with nothing but the certificates", () => {
  it("gives byte-identical JSON, at another path, in CI, without keys and with another password", () => {
    expect(readFileSync(jsonFile(second)).equals(readFileSync(jsonFile(first)))).toBe(true);
    expect(filesBelow(join(second, "certs")).filter((file) => file.endsWith(".key"))).toEqual([]);
  });

  it("has no absolute path in it", () => {
    const text = readFileSync(jsonFile(first), "utf8");
    expect(text).not.toContain(first);
    expect(text).not.toContain(CHECKOUT);
    // what begins with a slash is inside a container
    const absolute = [...text.matchAll(/"(\/[^/"][^"]*)"/g)].map(([, path]) => path);
    expect(absolute.filter((path) => !/^\/(opt\/keycloak|run\/machine)\//.test(path as string))).toEqual([]);
  });

  it("gives the same files beside the JSON, the administrator's file aside", () => {
    const beside = (folder: string) =>
      filesBelow(join(folder, "cdktf.out", "stacks"))
        .map((file) => file.slice(folder.length))
        .sort();
    expect(beside(second)).toEqual(beside(first));
  });
});

describe("secrets", () => {
  const keys = () => ["machine-a", "machine-b"].map((name) => join(first, "certs", `${name}-signing.key`));

  it("no private byte of a key is anywhere in cdktf.out, nor in what was printed", () => {
    for (const key of keys().map((file) => readFileSync(file, "utf8"))) {
      for (const file of filesBelow(join(first, "cdktf.out"))) {
        expect(findPrivateBytes(key, readFileSync(file, "latin1")), file).toBeUndefined();
      }
      expect(findPrivateBytes(key, notices)).toBeUndefined();
    }
  });

  it("would be found: the key in its own file, on one line, escaped, and as a JWK", () => {
    const [key, other] = keys().map((file) => readFileSync(file, "utf8")) as [string, string];
    expect(findPrivateBytes(key, key)).toBeDefined();
    expect(findPrivateBytes(key, `x${key.replaceAll("\n", "")}`)).toBeDefined();
    expect(findPrivateBytes(key, JSON.stringify({ key }))).toBeDefined();
    expect(findPrivateBytes(key, JSON.stringify(createPrivateKey(key).export({ format: "jwk" })))).toBeDefined();
    expect(findPrivateBytes(key, other)).toBeUndefined();
    expect(findPrivateBytes(key, readFileSync(join(first, "certs", "machine-a-signing.crt"), "utf8"))).toBeUndefined();
  });

  it("the administrator's password is in one file, of mode 0600", () => {
    const holders = filesBelow(first).filter((file) => readFileSync(file, "utf8").includes(ADMIN_PASSWORD));
    const conf = join(first, "cdktf.out", "stacks", "m2m", "bootstrap-admin", "Keycloak", "keycloak.conf");
    expect(holders).toEqual([conf]);
    expect(statSync(conf).mode & 0o777).toBe(0o600);
    expect(notices).not.toContain(ADMIN_PASSWORD);
  });
});
