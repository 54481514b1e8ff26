import { readFileSync } from "node:fs";
import { join } from "node:path";
import { m2m, makeProject, type Names, ROOT, removeFromDocker } from "../project";

export const ADMIN_PASSWORD = "bench-admin-password";
const PASSWORD = { TF_VAR_keycloak_admin_password: ADMIN_PASSWORD };

const PLAIN: Names = {
  keycloak: "bench-plain-keycloak",
  keycloakPort: 18_500,
  machine: "bench-plain-machine-b",
  machinePort: 13_500,
};
const SECURE: Names = {
  keycloak: "bench-secure-keycloak",
  keycloakPort: 18_510,
  machine: "bench-secure-machine-b",
  machinePort: 13_510,
};

const MONITORED: Names = {
  keycloak: "bench-monitored-keycloak",
  keycloakPort: 18_520,
  machine: "bench-monitored-machine-b",
  machinePort: 13_520,
};

const PRODUCTION: Names = {
  keycloak: "bench-production-keycloak",
  keycloakPort: 18_530,
  machine: "bench-production-machine-b",
  machinePort: 13_530,
};

/** An environment in a folder of its own. */
export interface Environment {
  readonly names: Names;
  readonly folder: string;
  /** For those outside the network. */
  readonly connectTo: string;
  up(): Promise<void>;
  /** Takes it down, keys and state too. */
  remove(): Promise<void>;
}

/** The repository's own environment. */
export function plainEnvironment(): Environment {
  return environment(PLAIN, readFileSync(join(ROOT, "main.ts"), "utf8"), 8080);
}

/** The one of examples/secure, with changes of its text. */
export function secureEnvironment(change = (main: string) => main): Environment {
  const main = readFileSync(join(ROOT, "examples", "secure", "main.ts"), "utf8");
  return environment(SECURE, change(main.replace('"../../constructs"', '"./constructs"')), 8443);
}

/** The one of examples/monitored. */
export function monitoredEnvironment(): Environment {
  const main = readFileSync(join(ROOT, "examples", "monitored", "main.ts"), "utf8");
  return environment(MONITORED, main.replace('"../../constructs"', '"./constructs"'), 8080);
}

/** The one of examples/production. */
export function productionEnvironment(): Environment {
  const main = readFileSync(join(ROOT, "examples", "production", "main.ts"), "utf8");
  return environment(PRODUCTION, main.replace('"../../constructs"', '"./constructs"'), 8443);
}

function environment(names: Names, main: string, port: number): Environment {
  const { folder, remove } = makeProject(names, main);
  return {
    names,
    folder,
    connectTo: `keycloak:${port}=127.0.0.1:${names.keycloakPort},machine-b:3000=127.0.0.1:${names.machinePort}`,
    up: async () => {
      await m2m(folder, ["up", "--json"], PASSWORD);
    },
    remove: async () => {
      await m2m(folder, ["down", "--yes", "--destroy-data"], PASSWORD).catch(() => removeFromDocker(names));
      remove();
    },
  };
}
