import { readFileSync } from "node:fs";
import { join } from "node:path";
import { m2m, makeProject, type Names, ROOT, removeFromDocker } from "../project";

export const ADMIN_PASSWORD = "bench-admin-password";
const PASSWORD = { TF_VAR_keycloak_admin_password: ADMIN_PASSWORD };

/** Images may have to be made. */
const UP_MS = 600_000;

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

const CLUSTER: Names = {
  keycloak: "bench-cluster-keycloak",
  keycloakPort: 18_540,
  machine: "bench-cluster-machine-b",
  machinePort: 13_540,
};

/** An environment in a folder of its own. */
export interface Environment {
  readonly names: Names;
  readonly folder: string;
  readonly issuer: string;
  /** The CA of Keycloak's certificate, where it has one. */
  readonly caFile?: string;
  /** For those outside the network. */
  readonly connectTo: string;
  up(): Promise<void>;
  /** Takes it down, keys and state too. */
  remove(): Promise<void>;
}

/** The repository's own environment. */
export function plainEnvironment(): Environment {
  return environment(PLAIN, readFileSync(join(ROOT, "main.ts"), "utf8"));
}

/** The one of examples/secure, with changes of its text. */
export function secureEnvironment(change = (main: string) => main): Environment {
  return environment(SECURE, change(example("secure")), "m2m-ca.trust.crt");
}

/** The one of examples/monitored. */
export function monitoredEnvironment(): Environment {
  return environment(MONITORED, example("monitored"));
}

/** The one of examples/production. */
export function productionEnvironment(): Environment {
  return environment(PRODUCTION, example("production"), "production-ca.crt");
}

/** The one of examples/cluster, with so many servers. */
export function clusterEnvironment(replicas: number): Environment {
  return environment(CLUSTER, example("cluster").replace("replicas: 2", `replicas: ${replicas}`), "cluster-ca.crt");
}

function example(name: string): string {
  return readFileSync(join(ROOT, "examples", name, "main.ts"), "utf8").replace('"../../constructs"', '"./constructs"');
}

/** @param ca the file of the CA of Keycloak's certificate; none for plain http */
function environment(names: Names, main: string, ca?: string): Environment {
  const { folder, remove } = makeProject(names, main);
  const [scheme, port] = ca === undefined ? ["http", 8080] : ["https", 8443];
  return {
    names,
    folder,
    issuer: `${scheme}://keycloak:${port}/realms/sjwt-example`,
    ...(ca !== undefined && { caFile: join(folder, "certs", ca) }),
    connectTo: `keycloak:${port}=127.0.0.1:${names.keycloakPort},machine-b:3000=127.0.0.1:${names.machinePort}`,
    up: async () => {
      await m2m(folder, ["up", "--json", "--init-swarm"], PASSWORD, UP_MS);
    },
    remove: async () => {
      await m2m(folder, ["down", "--yes", "--destroy-data"], PASSWORD).catch(() => removeFromDocker(names));
      remove();
    },
  };
}
