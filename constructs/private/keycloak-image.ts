import { Lazy } from "cdktf";
import type { Construct } from "constructs";
import { Image } from "../../.gen/providers/docker/image";
import { type BuildFiles, buildContext, writeBuildContext } from "../contract/build-context";
import { LABEL, localImage } from "../contract/docker-names";
import { KEYCLOAK_FILES } from "./keycloak-options";
import { MAKE_SCHEMA, SCHEMA_SCRIPT } from "./keycloak-schema";
import { stackFolder } from "./project";
import { isTest } from "./tests";

const FOLDER = "keycloak-image";

/** What every server is built with: for its health check, and for whoever watches it. */
export const BUILD_OPTIONS = ["--health-enabled=true", "--metrics-enabled=true"];

/** What differs between the images of servers. */
interface ImageProps {
  /** Whether it gets files beside its configuration. */
  readonly hasFiles: boolean;
  /** Whether Keycloak keeps its data in its own H2. */
  readonly hasDatabase: boolean;
  /** Build options that differ, asked for at the end of the synthesis: a `Monitoring` may come after the server. */
  readonly options: () => readonly string[];
}

/**
 * Keycloak, optimised once: build options are fixed by `kc.sh build`, so that a start does not augment again. What an H2
 * database is like at its first start is made once, too.
 *
 * It is built without a network: the image may be somebody's own, and configured for a database that is in use.
 *
 * @see https://www.keycloak.org/server/containers
 */
export function optimisedKeycloakImage(scope: Construct, base: string, props: ImageProps): Image {
  const build = () => {
    const files = buildFiles(base, props);
    return isTest(scope) ? buildContext(FOLDER, files) : writeBuildContext(stackFolder(scope), FOLDER, files);
  };
  const name = Lazy.stringValue({ produce: () => localImage("keycloak-optimised", build().hash) });
  const context = Lazy.stringValue({ produce: () => build().context });
  return new Image(scope, "Image", {
    name,
    keepLocally: true,
    buildAttribute: { context, tag: [name], networkMode: "none" },
  });
}

/** Java compiles for a short life in the build. In the container it compiles as ever. */
const QUICK = 'export JAVA_OPTS_APPEND="$JAVA_OPTS_APPEND -XX:TieredStopAtLevel=1"';

function buildFiles(base: string, { hasFiles, hasDatabase, options }: ImageProps): BuildFiles {
  const folders = ["/opt/keycloak/data/import", ...(hasFiles ? [KEYCLOAK_FILES] : [])];
  const script = `/opt/keycloak/bin/${SCHEMA_SCRIPT}`;
  const dockerfile = [
    `FROM ${base}`,
    `LABEL ${LABEL}="keycloak-optimised"`,
    ...(hasDatabase ? [`COPY ${SCHEMA_SCRIPT} ${script}`] : []),
    // data/import exists so that a volume mounted on data belongs to Keycloak's user, and so does what lies below it. Files are
    // put in place by root, which is in the group.
    `RUN mkdir -p -m 0775 ${folders.join(" ")} && ${QUICK} && \\`,
    `    /opt/keycloak/bin/kc.sh build ${[...BUILD_OPTIONS, ...options()].join(" ")}${hasDatabase ? ` && bash ${script}` : ""}`,
    "",
  ].join("\n");
  return { dockerfile, beside: hasDatabase ? { [SCHEMA_SCRIPT]: MAKE_SCHEMA } : {} };
}
