// What `npm ci` makes beside the dependencies, and `./m2m` makes again after an edit: bindings (`.gen`), bundles (`dist`).
import { utimesSync } from "node:fs";
import { makeBindings } from "./bindings";
import { M2M, makeBundles } from "./bundle";

async function main(): Promise<void> {
  const begun = new Date();
  await makeBindings();
  await makeBundles();
  // `./m2m` builds again what is newer than this: an edit made meanwhile may not be in the bundle.
  utimesSync(M2M, begun, begun);
}

main().catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
