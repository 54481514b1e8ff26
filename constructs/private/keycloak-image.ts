import { Lazy } from "cdktf";
import type { Construct } from "constructs";
import { Image } from "../../.gen/providers/docker/image";
import { buildContext, writeBuildContext } from "../contract/build-context";
import { LABEL, localImage } from "../contract/docker-names";
import { stackFolder } from "./project";
import type { ServerTls } from "./server-tls";
import { isTest } from "./tests";

const FOLDER = "keycloak-image";

/** What every server is built with: for its health check, and for whoever watches it. */
export const BUILD_OPTIONS = ["--health-enabled=true", "--metrics-enabled=true"];

/**
 * Keycloak, optimised once: build options are fixed by `kc.sh build`, so that a start does not augment again.
 *
 * @param options those that differ, asked for at the end of the synthesis: a `Monitoring` may come after the server
 * @see https://www.keycloak.org/server/containers
 */
export function optimisedKeycloakImage(
  scope: Construct,
  base: string,
  tls: ServerTls | undefined,
  options: () => readonly string[],
): Image {
  const build = () => {
    const text = dockerfile(base, tls, options());
    return isTest(scope) ? buildContext(FOLDER, text) : writeBuildContext(stackFolder(scope), FOLDER, text);
  };
  const name = Lazy.stringValue({ produce: () => localImage("keycloak-optimised", build().hash) });
  const context = Lazy.stringValue({ produce: () => build().context });
  return new Image(scope, "Image", { name, keepLocally: true, buildAttribute: { context, tag: [name] } });
}

function dockerfile(base: string, tls: ServerTls | undefined, options: readonly string[]): string {
  // Keycloak's user has to own the folder of certificates, to put renewed ones in place.
  const folders = ["/opt/keycloak/data/import", ...(tls ? ["/opt/keycloak/conf/tls"] : [])];
  return [
    `FROM ${base}`,
    `LABEL ${LABEL}="keycloak-optimised"`,
    // data/import exists so that a volume mounted on data belongs to Keycloak's user, and so does what lies below it.
    `RUN mkdir -p ${folders.join(" ")} && \\`,
    `    /opt/keycloak/bin/kc.sh build ${[...BUILD_OPTIONS, ...options].join(" ")}`,
    "",
  ].join("\n");
}
