/** Options of `kc.sh build`, which `start-dev` needs too, and of `kc.sh start`. */
export interface KeycloakOptions {
  readonly build: readonly string[];
  readonly start: readonly string[];
}

/** The user that Keycloak runs as in its image. */
export const KEYCLOAK_UID = "1000";

/** Where a server gets its files for TLS, and in production all of its files. */
export const KEYCLOAK_FILES = "/opt/keycloak/conf/tls";

/** All of them, each once: several parts of a server may want the same. */
export function joined(all: readonly KeycloakOptions[]): KeycloakOptions {
  const each = (part: keyof KeycloakOptions) => [...new Set(all.flatMap((options) => options[part]))];
  return { build: each("build"), start: each("start") };
}
