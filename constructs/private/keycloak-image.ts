import { Image } from "@cdktf/provider-docker/lib/image";
import type { Construct } from "constructs";
import { writeBuildContext } from "../contract/build-context";
import { LABEL, localImage } from "../contract/docker-names";
import { stackFolder } from "./project";

/**
 * Keycloak, optimised once: build options are fixed by `kc.sh build`, so that a start does not augment again.
 *
 * @see https://www.keycloak.org/server/containers
 */
export function optimisedKeycloakImage(scope: Construct, base: string): Image {
  const dockerfile = [
    `FROM ${base}`,
    `LABEL ${LABEL}="keycloak-optimised"`,
    // data/import exists so that a volume mounted on data belongs to Keycloak's user, and so does what lies below it.
    "RUN mkdir -p /opt/keycloak/data/import && \\",
    "    /opt/keycloak/bin/kc.sh build --health-enabled=true --metrics-enabled=true",
    "",
  ].join("\n");
  const { context, hash } = writeBuildContext(stackFolder(scope), "keycloak-image", dockerfile);
  const name = localImage("keycloak-optimised", hash);
  return new Image(scope, "Image", { name, keepLocally: true, buildAttribute: { context, tag: [name] } });
}
