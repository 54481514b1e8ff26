import { environmentFor } from "../environment";
import type { Output } from "../output";
import { openProject } from "../project/project";

/** Exports for a POSIX shell. */
export async function printEnvironment(out: Output): Promise<void> {
  const env = await environmentFor(openProject());
  const text = Object.entries(env).map(([name, value]) => `export ${name}='${value.replaceAll("'", "'\\''")}'`);
  out.result(text.join("\n"), env);
}
