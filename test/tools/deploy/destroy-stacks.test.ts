import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { destroyStacks } from "../../../tools/deploy/destroy-stacks";
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

it.each([
  [
    "what a killed run had asked for and appears meanwhile is destroyed too",
    "touch made",
    ["destroy", "import", "destroy"],
  ],
  ["a killed run that had asked for nothing yet leaves nothing to destroy again", "true", ["destroy"]],
])("%s", async (_, meanwhile, steps) => {
  const terraform = terraformThat(folder.path, `destroy) ${meanwhile};;`);
  const stack = killedStack(folder.path, server.url, [`${SCOPE}.Scope`]);
  await destroyStacks(sessionIn(folder.path, recordOutput()), [stack], [stack]);
  expect(terraform.steps()).toEqual(steps);
});
