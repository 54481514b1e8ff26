import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { openIssuer } from "../../machines";
import { m2m, makeProject, ROOT, removeFromDocker } from "../project";

const NAMES = {
  keycloak: "bench-rotation-keycloak",
  keycloakPort: 18_520,
  machine: "bench-rotation-machine-b",
  machinePort: 13_520,
};
/** Seconds; a realm's key goes only when no token of it is left. */
export const TOKEN_LIFE_S = 60;

/** A key of the realm, as RealmKeys declares it. */
export interface RealmKey {
  readonly name: string;
  readonly state: "prepared" | "active" | "retiring";
}

/** The repository's own environment, with a realm whose keys are in a file and a client that Terraform signs in as. */
function mainFile(): string {
  return readFileSync(join(ROOT, "main.ts"), "utf8")
    .replace("import { App,", 'import { readFileSync } from "node:fs";\nimport { App,')
    .replace("  Realm,\n", "  DeployerClient,\n  Realm,\n  RealmKeys,\n")
    .replace(
      /const realm = .*\n/,
      `const realm = new Realm(stack, "Realm", { server, realmName: "sjwt-example", accessTokenLifespanSeconds: ${TOKEN_LIFE_S} });
new RealmKeys(stack, "RealmKeys", { realm, keys: JSON.parse(readFileSync("realm-keys.json", "utf8")) });
const algorithm = JSON.parse(readFileSync("deployer.json", "utf8"));
const deployerKey = new SigningKeyPair(stack, "DeployerKey", { name: "terraform", algorithm });
new DeployerClient(stack, "Deployer", { server, realms: [realm], signingKey: deployerKey });
`,
    );
}

export async function startEnvironment() {
  const project = makeProject(NAMES, mainFile());
  const at = (name: string) => join(project.folder, name);
  const setRealmKeys = (keys: readonly RealmKey[]) => writeFileSync(at("realm-keys.json"), JSON.stringify(keys));
  const setDeployerAlgorithm = (name: string) => writeFileSync(at("deployer.json"), JSON.stringify(name));
  const stop = async () => {
    await m2m(project.folder, ["down", "--yes"]).catch(() => removeFromDocker(NAMES));
    project.remove();
  };
  setRealmKeys([{ name: "r0", state: "active" }]);
  setDeployerAlgorithm("RS256");
  try {
    await m2m(project.folder, ["up", "--json"]);
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    at,
    setRealmKeys,
    setDeployerAlgorithm,
    /** Signed in by the key: nobody knows the administrator's password. */
    run: async (...args: string[]) => void (await m2m(project.folder, args)),
    issuer: openIssuer({
      issuer: "http://keycloak:8080/realms/sjwt-example",
      connectTo: `keycloak:8080=127.0.0.1:${NAMES.keycloakPort}`,
      allowInsecureHttp: true,
    }),
    stop,
  };
}

export type Environment = Awaited<ReturnType<typeof startEnvironment>>;
