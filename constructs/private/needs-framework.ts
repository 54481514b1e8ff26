// Loaded before every construct: without it a missing framework would be told by whichever file comes first.
import { createRequire } from "node:module";

const { resolve } = createRequire(__filename);

for (const name of ["cdktf", "constructs"]) {
  try {
    resolve(name);
  } catch (cause) {
    throw new Error(
      `the constructs need the packages cdktf and constructs, got: no ${name} that ${__dirname} can load; install both, in versions that \`peerDependencies\` of this package names. A service that signs, calls or verifies needs neither: it installs keycloak-m2m-machine alone`,
      { cause },
    );
  }
}
