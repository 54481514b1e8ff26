import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { findTerraform } from "../../../tools/bring/terraform";
import { fakeProgram, temporaryFolder } from "../parts";

const folder = temporaryFolder();

describe("Terraform", () => {
  it.each([
    ["Terraform v1.4.6", "terraform-too-old", "must be version 1.5 or newer, got: 1.4.6"],
    ["Something else", "terraform-missing", "does not answer as Terraform or OpenTofu does"],
  ])("that says %j is refused", async (answer, code, message) => {
    const program = fakeProgram(folder.path, "terraform", `echo '${answer}'`);
    const attempt = findTerraform({ PATH: `${join(program.path, "..")}:${process.env.PATH}` });
    await expect(attempt).rejects.toMatchObject({ code, message: expect.stringContaining(message) });
  });

  it("may be OpenTofu, by name", async () => {
    const program = fakeProgram(folder.path, "tofu", "echo 'OpenTofu v1.9.0'");
    const env = { PATH: `${join(program.path, "..")}:${process.env.PATH}`, TERRAFORM_BINARY_NAME: "tofu" };
    expect(await findTerraform(env)).toEqual({ binary: "tofu", version: "1.9.0" });
  });
});
