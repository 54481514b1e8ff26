import { serve, startedByTerraform } from "./protocol/serve";
import { createProvider } from "./provider";
import { PROVIDER_ADDRESS } from "./schema";

if (startedByTerraform()) {
  serve(createProvider()).catch((error: unknown) => {
    console.error(error);
    process.exit(1);
  });
} else {
  console.error(`This is a Terraform provider, ${PROVIDER_ADDRESS}. Terraform starts it; it does nothing by hand.`);
  process.exit(1);
}
