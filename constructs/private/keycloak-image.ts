import { Lazy } from "cdktf";
import type { Construct } from "constructs";
import { Image } from "../../.gen/providers/docker/image";
import { buildContext, writeBuildContext } from "../contract/build-context";
import { LABEL, localImage } from "../contract/docker-names";
import { KEYCLOAK_FILES } from "./keycloak-options";
import { stackFolder } from "./project";
import { isTest } from "./tests";

const FOLDER = "keycloak-image";

/** What every server is built with: for its health check, and for whoever watches it. */
export const BUILD_OPTIONS = ["--health-enabled=true", "--metrics-enabled=true"];

/**
 * Keycloak, optimised once: build options are fixed by `kc.sh build`, so that a start does not augment again.
 *
 * @param hasFiles whether it gets files beside its configuration
 * @param options those that differ, asked for at the end of the synthesis: a `Monitoring` may come after the server
 * @see https://www.keycloak.org/server/containers
 */
export function optimisedKeycloakImage(
  scope: Construct,
  base: string,
  { hasFiles, options }: { readonly hasFiles: boolean; readonly options: () => readonly string[] },
): Image {
  const build = () => {
    const text = dockerfile(base, hasFiles, options());
    return isTest(scope) ? buildContext(FOLDER, text) : writeBuildContext(stackFolder(scope), FOLDER, text);
  };
  const name = Lazy.stringValue({ produce: () => localImage("keycloak-optimised", build().hash) });
  const context = Lazy.stringValue({ produce: () => build().context });
  return new Image(scope, "Image", { name, keepLocally: true, buildAttribute: { context, tag: [name] } });
}

function dockerfile(base: string, hasFiles: boolean, options: readonly string[]): string {
  const folders = ["/opt/keycloak/data/import", ...(hasFiles ? [KEYCLOAK_FILES] : [])];
  return [
    `FROM ${base}`,
    `LABEL ${LABEL}="keycloak-optimised"`,
    // data/import exists so that a volume mounted on data belongs to Keycloak's user, and so does what lies below it. Files are
    // put in place by root, which is in the group.
    `RUN mkdir -p -m 0775 ${folders.join(" ")} && \\`,
    `    /opt/keycloak/bin/kc.sh build ${[...BUILD_OPTIONS, ...options].join(" ")}`,
    "",
  ].join("\n");
}
