import { shown } from "../../constructs/keys/shown";
import { ToolError } from "../output";
import { isRecent } from "./go-toolchain";
import { run } from "./run";
import { findProgram } from "./this-machine";

const MINIMUM = [1, 5, 0] as const;

export interface Terraform {
  /** What to run: TERRAFORM_BINARY_NAME, or `terraform`, or `tofu`. */
  readonly binary: string;
  readonly version: string;
}

const HOW_TO_GET =
  "install Terraform 1.5 or newer (https://developer.hashicorp.com/terraform/install) or OpenTofu " +
  "(https://opentofu.org/docs/intro/install), or name the program in TERRAFORM_BINARY_NAME";

/** Finds Terraform or OpenTofu 1.5 or newer; the error says how to get it. */
export async function findTerraform(env: NodeJS.ProcessEnv = process.env): Promise<Terraform> {
  const named = env.TERRAFORM_BINARY_NAME;
  const candidates = named ? [named] : ["terraform", "tofu"];
  const binary = candidates.find((candidate) => findProgram(candidate, env.PATH));
  if (!binary) {
    throw new ToolError(
      "terraform-missing",
      named
        ? `TERRAFORM_BINARY_NAME names ${shown(named)}, which is not on PATH; correct it, or ${HOW_TO_GET}`
        : `neither \`terraform\` nor \`tofu\` is on PATH; ${HOW_TO_GET}`,
    );
  }
  const answer = await run(binary, ["version"], { timeoutMs: 10_000, env: { ...env, CHECKPOINT_DISABLE: "1" } });
  const version = /^(?:Terraform|OpenTofu) v(\d+\.\d+\.\d+\S*)/m.exec(answer.stdout)?.[1];
  if (!version) {
    throw new ToolError(
      "terraform-missing",
      `\`${shown(binary)} version\` does not answer as Terraform or OpenTofu does, got:\n  ${answer.tail.split("\n")[0]}\n${HOW_TO_GET}`,
    );
  }
  if (!isRecent(version.replace(/-.*/, ""), MINIMUM)) {
    throw new ToolError(
      "terraform-too-old",
      `${shown(binary)} must be version 1.5 or newer, got: ${version}; ${HOW_TO_GET}`,
    );
  }
  return { binary, version };
}
