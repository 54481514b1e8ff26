import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type Issuer, loadSigningKey, openIssuer, type SigningKey } from "../../machines";
import { type AdminApi, adminApi } from "../admin-api";
import { m2m, makeProject, removeFromDocker } from "../project";
import { cpuOf, processOf } from "../scale/usage";

const NAMES = {
  keycloak: "bench-library-keycloak",
  keycloakPort: 18_490,
  machine: "bench-library-machine-b",
  machinePort: 13_490,
};

/** The Keycloak that is measured with, and its two machines. */
export interface Keycloak {
  readonly issuer: string;
  readonly realm: string;
  /** Where it listens on this machine. */
  readonly url: string;
  readonly version: string;
  readonly admin: AdminApi;
  /** The name of the issuer, and where to connect to reach it there or at another port of this machine. */
  connectTo(port?: string): string;
  open(port?: string): Issuer;
  key(machine: "machine-a" | "machine-b"): SigningKey;
  /** Seconds on a processor since the JVM's start. */
  cpu(): number;
  stop(): Promise<void>;
}

/** The environment of a project folder that is up, as `m2m up` leaves it. */
export async function useKeycloak(folder: string, password: string): Promise<Keycloak> {
  const { context } = JSON.parse(readFileSync(join(folder, "cdktf.json"), "utf8")) as {
    context: Record<string, string>;
  };
  const port = context["m2m:keycloakPort"]!;
  const realm = "sjwt-example";
  const issuer = `http://keycloak:8080/realms/${realm}`;
  const url = `http://127.0.0.1:${port}`;
  const admin = adminApi(url, password);
  const jvm = await processOf(context["m2m:keycloakName"]!);
  const { systemInfo } = JSON.parse(await admin("GET", "/serverinfo")) as { systemInfo: { version: string } };
  const connectTo = (at = port) => `keycloak:8080=127.0.0.1:${at}`;
  return {
    issuer,
    realm,
    url,
    version: systemInfo.version,
    admin,
    connectTo,
    open: (at) => openIssuer({ issuer, connectTo: connectTo(at), allowInsecureHttp: true }),
    key: (machine) => loadSigningKey(join(folder, "certs", `${machine}-signing.key`)),
    cpu: () => cpuOf(jvm),
    stop: async () => {},
  };
}

/** The repository's own environment under other names, until it is stopped. */
export async function startKeycloak(): Promise<Keycloak> {
  const password = "bench-admin-password";
  const project = makeProject(NAMES);
  const env = { TF_VAR_keycloak_admin_password: password };
  const stop = async () => {
    await m2m(project.folder, ["down", "--yes"], env).catch(() => removeFromDocker(NAMES));
    project.remove();
  };
  try {
    await m2m(project.folder, ["up", "--json"], env);
    return { ...(await useKeycloak(project.folder, password)), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
