import { EMBEDDED_KEYCLOAK } from "../constructs/contract/sources";
import { serve, startedByTerraform } from "./protocol/serve";
import { createProvider } from "./provider";

if (startedByTerraform()) {
  serve(createProvider()).catch((error: unknown) => {
    console.error(error);
    process.exit(1);
  });
} else {
  console.error(
    `This is a Terraform provider, ${EMBEDDED_KEYCLOAK.source}. Terraform starts it. It does nothing when started by hand.`,
  );
  process.exit(1);
}
