import { execa } from "execa";
import type { ServerDescription } from "../../constructs/contract/markers";
import { type Place, query } from "./in-container";

/** What a database says of the Keycloak that it belongs to. */
export interface Facts {
  /** Without master, which every Keycloak has. */
  readonly realms: readonly string[];
  /** The Keycloak that used it last. */
  readonly keycloak: string;
}

/** `undefined` for a database that no Keycloak has used. */
export async function factsOf(place: Place, database: string): Promise<Facts | undefined> {
  const [tables] = await query(place, database, "SELECT to_regclass('realm'), to_regclass('migration_model')");
  if (!tables?.every((name) => name !== "")) return undefined;
  const realms = await query(place, database, "SELECT name FROM realm WHERE name <> 'master' ORDER BY name");
  const latest = "SELECT version FROM migration_model ORDER BY update_time DESC LIMIT 1";
  const [version] = await query(place, database, latest);
  return { realms: realms.map(([name = ""]) => name), keycloak: version?.[0] ?? "" };
}

/** The version of the Keycloak in an image. `undefined` where it does not say, or is not on this machine. */
export async function imageVersion(image: string, env: Record<string, string>): Promise<string | undefined> {
  const { stdout: container } = await execa("docker", ["create", "--pull", "never", image], {
    env,
    reject: false,
    timeout: 60_000,
  });
  if (!container) return undefined;
  try {
    return await keycloakVersion(container, env);
  } finally {
    await execa("docker", ["rm", container], { env, reject: false, timeout: 60_000 });
  }
}

/** The same of a container, which need not run. */
export async function keycloakVersion(container: string, env: Record<string, string>): Promise<string | undefined> {
  const args = ["cp", `${container}:/opt/keycloak/version.txt`, "-"]; // as a tar, which holds the text as it is
  const { stdout } = await execa("docker", args, { env, reject: false, stdin: "ignore", timeout: 60_000 });
  return /Version ([\w.-]+)/.exec(stdout)?.[1];
}

/** The Keycloak of a server that is there, whether it runs or not. */
export async function versionThere(
  { container, service }: ServerDescription,
  env: Record<string, string>,
): Promise<string | undefined> {
  if (!service) return await keycloakVersion(container, env);
  const args = ["service", "inspect", "--format", "{{.Spec.TaskTemplate.ContainerSpec.Image}}", service.name];
  const { stdout: image } = await execa("docker", args, { env, reject: false, stdin: "ignore", timeout: 60_000 });
  return image ? await imageVersion(image, env) : undefined;
}

/** Whether the first of two versions is the newer one. What is behind the numbers, such as a build, does not count. */
export function isNewer(one: string, other: string): boolean {
  const numbers = (version: string) => (/^[\d.]*/.exec(version)?.[0] ?? "").split(".").map(Number);
  const [a, b] = [numbers(one), numbers(other)];
  for (let at = 0; at < Math.max(a.length, b.length); at++) {
    if ((a[at] ?? 0) !== (b[at] ?? 0)) return (a[at] ?? 0) > (b[at] ?? 0);
  }
  return false;
}
