import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { applyStack } from "../../../tools/deploy/apply-stack";
import { recordOutput, sessionIn, temporaryFolder } from "../parts";
import { killedStack, lateKeycloak, SCOPE, terraformThat } from "./late-keycloak";

const folder = temporaryFolder();
let server: Awaited<ReturnType<typeof lateKeycloak>>;
beforeEach(async () => {
  vi.stubEnv("KEYCLOAK_USER", "x");
  vi.stubEnv("KEYCLOAK_PASSWORD", "x");
  server = await lateKeycloak(folder.path);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await server.close();
});

/** Applies with a Terraform whose first apply fails with a conflict; `meanwhile` is what happens in Keycloak until then. */
async function apply(inKeycloak: readonly string[], meanwhile: string) {
  const conflict = `touch tried; ${meanwhile}; echo "it exists already" >&2; exit 1`;
  const terraform = terraformThat(folder.path, `apply) [ -f tried ] && exit 0; ${conflict};;`);
  const stack = killedStack(folder.path, server.url, inKeycloak);
  const error = await applyStack(sessionIn(folder.path, recordOutput()), stack, { yes: true }).catch((e: Error) => e);
  return { error, steps: terraform.steps() };
}

describe("an apply that meets what a killed run had asked for", () => {
  it("takes it into the state, and goes on", async () => {
    const { error, steps } = await apply([`${SCOPE}.Scope`], "touch made");
    expect(error).toBeUndefined();
    expect(steps).toEqual(["apply", "import", "apply"]);
  });

  it.each<[string, string[], string]>([
    ["nothing of it has appeared", [`${SCOPE}.Scope`], "true"],
    ["the killed run was not about to make it", [], "touch made"],
  ])("fails once if %s", async (_, inKeycloak, meanwhile) => {
    const { error, steps } = await apply(inKeycloak, meanwhile);
    expect(error).toMatchObject({ code: "terraform-failed" });
    expect(steps).toEqual(["apply"]);
  });
});
