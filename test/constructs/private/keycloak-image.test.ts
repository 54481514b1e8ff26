import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { describe, expect, it, vi } from "vitest";
import { CertificateAuthority, KeycloakServer, type KeycloakServerProps, PostgresDatabase } from "../../../constructs";
import { inTemporaryProject, newStack, only, synth } from "../project";

inTemporaryProject();

/** Where the image of a server is built, below the stack's folder. */
function contextOf(props?: KeycloakServerProps): string {
  const stack = newStack();
  new KeycloakServer(stack, "Keycloak", props);
  return builtIn(stack);
}

function builtIn(stack: ReturnType<typeof newStack>): string {
  return `cdktf.out/stacks/test/${only(synth(stack), "docker_image").build.context}`;
}

const dockerfileIn = (context: string) => readFileSync(`${context}/Dockerfile`, "utf8");

describe("the image of a server with its own database", () => {
  it("is built by Java's quick compiler, and no other option of Java gets lost or stays in it", () => {
    const dockerfile = dockerfileIn(contextOf());
    expect(dockerfile).toContain('&& export JAVA_OPTS_APPEND="$JAVA_OPTS_APPEND -XX:TieredStopAtLevel=1" && \\\n');
    expect(dockerfile).not.toMatch(/^ENV/m);
  });

  it("gets its tables in the step that builds it, by a script beside its Dockerfile", () => {
    const context = contextOf();
    expect(dockerfileIn(context)).toContain("COPY make-schema.sh /opt/keycloak/bin/make-schema.sh\n");
    expect(dockerfileIn(context)).toMatch(/kc\.sh build \S+ \S+ && bash \/opt\/keycloak\/bin\/make-schema\.sh\n$/);
    expect(execFileSync("bash", ["-n", `${context}/make-schema.sh`]).toString()).toBe("");
  });

  it("keeps of the throw-away database what the tables are like, and the rows of three of them", () => {
    const script = readFileSync(`${contextOf()}/make-schema.sh`, "utf8");
    expect(script).toContain('notes="DATABASECHANGELOG, DATABASECHANGELOGLOCK, MIGRATION_MODEL"');
    expect(script.match(/SCRIPT [^;"]+/g)).toEqual([
      "SCRIPT NODATA TO '$work/1.sql'",
      "SCRIPT SIMPLE DROP TO '$work/2.sql' TABLE $notes",
    ]);
    expect(script.match(/^ *mkdir.*/gm)).toEqual(['  mkdir $folder && mv "$work/new/keycloakdb.mv.db" $folder/']);
  });

  it("has the tables in mode dev too", () => {
    expect(existsSync(`${contextOf({ mode: "dev" })}/make-schema.sh`)).toBe(true);
  });
});

it("an image for production has no database", () => {
  vi.stubEnv("KEYCLOAK_PASSWORD", "of-the-administrator");
  const stack = newStack();
  const authority = new CertificateAuthority(stack, "Authority", { name: "company" });
  const database = new PostgresDatabase(stack, "Database");
  new KeycloakServer(stack, "Keycloak", { mode: "production", tls: { authority }, database });
  const images: { build?: { context: string }[] }[] = Object.values(synth(stack).resource.docker_image!);
  const contexts = images.flatMap(({ build }) => build ?? []).map(({ context }) => `cdktf.out/stacks/test/${context}`);
  const keycloak = contexts.filter((context) => dockerfileIn(context).includes("kc.sh build"));
  expect(keycloak).toHaveLength(1);
  expect(dockerfileIn(keycloak[0]!)).not.toContain("make-schema");
  expect(existsSync(`${keycloak[0]}/make-schema.sh`)).toBe(false);
});
