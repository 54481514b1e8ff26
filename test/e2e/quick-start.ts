import { execa } from "execa";
import { officialKeycloakImage, readSources, type Sources } from "../../constructs/contract/sources";

/** Java compiles for a short life: a start of Keycloak takes two thirds of the computing. */
const OPTIONS = "-XX:TieredStopAtLevel=1";

/** What the shared environment has settled on, with an image whose Keycloak starts sooner. */
export async function quickStartSources(folder: string): Promise<Sources> {
  const sources = readSources(folder)!;
  const base = sources.keycloakImage ?? officialKeycloakImage();
  const keycloakImage = `m2m-e2e/keycloak:${base.split(":").at(-1)}`;
  await execa("docker", ["build", "--tag", keycloakImage, "-"], {
    input: `FROM ${base}\nENV JAVA_OPTS_APPEND=${OPTIONS}\n`,
    timeout: 120_000,
  });
  return { ...sources, keycloakImage };
}
