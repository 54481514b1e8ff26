import { Image } from "@cdktf/provider-docker/lib/image";
import type { Construct } from "constructs";
import { writeBuildContext } from "../contract/build-context";
import { LABEL, localImage } from "../contract/docker-names";
import { stackFolder } from "./project";
import type { ServerTls } from "./server-tls";

/**
 * Keycloak, optimised once: build options are fixed by `kc.sh build`, so that a start does not augment again.
 *
 * @see https://www.keycloak.org/server/containers
 */
export function optimisedKeycloakImage(scope: Construct, base: string, tls?: ServerTls): Image {
  const options = ["--health-enabled=true", "--metrics-enabled=true", ...(tls?.buildOptions ?? [])];
  // Keycloak's user has to own the folder of certificates, to put renewed ones in place.
  const folders = ["/opt/keycloak/data/import", ...(tls ? ["/opt/keycloak/conf/tls"] : [])];
  const dockerfile = [
    `FROM ${base}`,
    `LABEL ${LABEL}="keycloak-optimised"`,
    // data/import exists so that a volume mounted on data belongs to Keycloak's user, and so does what lies below it.
    `RUN mkdir -p ${folders.join(" ")} && \\`,
    `    /opt/keycloak/bin/kc.sh build ${options.join(" ")}`,
    "",
  ].join("\n");
  const { context, hash } = writeBuildContext(stackFolder(scope), "keycloak-image", dockerfile);
  const name = localImage("keycloak-optimised", hash);
  return new Image(scope, "Image", { name, keepLocally: true, buildAttribute: { context, tag: [name] } });
}
