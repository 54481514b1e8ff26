import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { shown } from "../../constructs/keys/shown";
import { ToolError } from "../output";
import { type Checksum, placeFile, withCacheLock, withWorkFolder } from "./cache";
import { installPackages } from "./debian";
import { type BringContext, must } from "./run";
import { findProgram } from "./this-machine";

const CHECKSUMS: Record<string, Checksum> = {
  "26.4.7": {
    algorithm: "sha512",
    hex: "a2bfa9147164ced3451272e24afdc651e9fc204660fc08aea3d6c2e43bf1e2abe07d79b2a18b09e31a102d741be93c966657cdaadf8aa5f9e7be595c366559e4",
  },
  "26.7.2": {
    algorithm: "sha512",
    hex: "625d1f2c1f6319c386886c9090b733d7913ad043d35da088dda1f0b823ed60a4937fcde50aa834420d9e0fccf0bc7c22a9ab211b18cc179cca526596517ef689",
  },
};

const MAVEN_GET = "org.apache.maven.plugins:maven-dependency-plugin:3.6.1:get";

/**
 * The plain Keycloak of this version, as its makers publish it for Maven. The two versions that this project is tested with
 * are checked against sums pinned here. For others Maven checks the published sums.
 */
export async function bringKeycloakDistribution(
  cache: string,
  version: string,
  context: BringContext,
): Promise<string> {
  const file = distributionFile(cache, version);
  if (existsSync(file)) {
    return file;
  }
  return await withCacheLock(
    cache,
    `keycloak-distribution-${version}`,
    { say: context.say, waitMs: 1_200_000 },
    async () => {
      if (existsSync(file)) {
        return file;
      }
      const checksum = CHECKSUMS[version];
      const fetched = join(process.env.HOME || homedir(), ".m2", "repository", repositoryPath(version));
      if (checksum && existsSync(fetched)) {
        try {
          await placeFile(fetched, file, { checksum });
          return file;
        } catch (error) {
          if ((error as ToolError).code !== "checksum-mismatch") throw error;
          context.say(`${fetched} is not the published Keycloak ${version}; fetching it again`);
        }
      }
      if (!findProgram("mvn")) {
        await installPackages(["maven"], "Maven, which fetches Keycloak, is missing", context);
      }
      await context.step(`Keycloak ${version}: fetching its distribution (160 MB)`, () =>
        withWorkFolder(cache, `keycloak-distribution-${version}`, async (work) => {
          await fetchWithMaven(version, work);
          await placeFile(join(work, repositoryPath(version)), file, { checksum });
        }),
      );
      return file;
    },
  );
}

export function distributionFile(cache: string, version: string): string {
  if (!/^\d+\.\d+\.\d+$/.test(version)) {
    throw new ToolError("not-supported", `the Keycloak version must be complete, as in 26.4.7, got: ${shown(version)}`);
  }
  return join(cache, "downloads", `keycloak-quarkus-dist-${version}.tar.gz`);
}

async function fetchWithMaven(version: string, repository: string): Promise<void> {
  await must(
    "mvn",
    [
      "--batch-mode",
      "--no-transfer-progress",
      "--strict-checksums",
      `-Dmaven.repo.local=${repository}`,
      "-Dmaven.wagon.rto=60000",
      "-Dmaven.wagon.http.retryHandler.count=2",
      "-Daether.connector.connectTimeout=10000",
      "-Daether.connector.requestTimeout=60000",
      MAVEN_GET,
      `-Dartifact=org.keycloak:keycloak-quarkus-dist:${version}:tar.gz`,
      "-Dtransitive=false",
    ],
    {
      cwd: repository,
      timeoutMs: 900_000,
      failure: `Keycloak ${version} could not be fetched`,
      remedy: "Check that Maven can reach its repository (settings.xml) and that this version is published.",
      code: "download-failed",
    },
  );
}

function repositoryPath(version: string): string {
  return join("org/keycloak/keycloak-quarkus-dist", version, `keycloak-quarkus-dist-${version}.tar.gz`);
}
