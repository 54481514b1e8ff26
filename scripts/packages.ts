// What is published, made of one source: the constructs for each of the two frameworks, and the library for services alone.
import source from "../package.json";

/** The framework that the sources are written for. */
export const WRITTEN_FOR = "cdktf";

export interface Package {
  readonly name: string;
  /** Which framework its constructs are for; without it, it has none. */
  readonly framework?: "cdktf" | "cdktn";
  readonly manifest: object;
}

const { name, version, description, license, engines, keywords, main, types, exports, typesVersions, bin } = source;
const { jose, oauth4webapi, undici } = source.dependencies;
const common = { version, type: "commonjs", license, engines };

/** cdktn 0.24 itself wants an older one than the newest. */
const CDKTN_PEERS = { cdktn: "^0.24.0", constructs: ">=10.6.0 <10.8.0" };

function constructsFor(framework: "cdktf" | "cdktn", peerDependencies: object): Package {
  const own = framework === WRITTEN_FOR ? name : name.replace(WRITTEN_FOR, framework);
  const product = framework === "cdktf" ? "CDK for Terraform" : "CDK Terrain";
  return {
    name: own,
    framework,
    manifest: {
      name: own,
      ...common,
      description: description.replace("CDK for Terraform", product),
      keywords: keywords.map((word) => (word === WRITTEN_FOR ? framework : word)),
      main,
      types,
      exports,
      typesVersions,
      bin,
      dependencies: source.dependencies,
      peerDependencies,
    },
  };
}

const { import: esModule, require: commonJs } = exports["./machine"];

export const PACKAGES: readonly Package[] = [
  constructsFor("cdktf", source.peerDependencies),
  constructsFor("cdktn", CDKTN_PEERS),
  {
    name: "keycloak-m2m-machine",
    manifest: {
      name: "keycloak-m2m-machine",
      ...common,
      description:
        "Machines that call each other with Keycloak access tokens and sign in by JWTs (RFC 7523): for Node.js.",
      keywords: keywords.filter((word) => word !== WRITTEN_FOR && word !== "terraform"),
      main: commonJs.default,
      types: commonJs.types,
      exports: { ".": { import: esModule, require: commonJs }, "./package.json": "./package.json" },
      dependencies: { jose, oauth4webapi, undici },
    },
  },
];
