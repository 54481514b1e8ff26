import { Terraform } from "./engines/terraform";
import { bringEnvironment, type Needs } from "./environment";
import type { Output } from "./output";
import { openProject, type Project, type Stack } from "./project/project";

/** What every command works with: the project, and the environment that programs are started with. */
export interface Session {
  readonly project: Project;
  readonly out: Output;
  readonly env: Record<string, string>;
  readonly terraformBinary: string;
  /** Aborted by Ctrl-C. */
  readonly interruption: AbortSignal;
}

/** Opens the project and brings what the machine lacks. */
export async function openSession(
  out: Output,
  interruption: AbortSignal,
  needs: Needs = { docker: true, images: true },
): Promise<Session> {
  const project = openProject();
  return { project, out, interruption, ...(await bringEnvironment(project, out, needs)) };
}

export function terraform({ terraformBinary, env, out }: Session, stack: Stack): Terraform {
  return new Terraform(terraformBinary, stack, env, out);
}
