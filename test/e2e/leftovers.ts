import { execa } from "execa";

const KINDS = [
  { list: ["service", "ls", "--format", "{{.Name}}"], remove: ["service", "rm"] },
  { list: ["ps", "--all", "--format", "{{.Names}}"], remove: ["rm", "--force"] },
  { list: ["volume", "ls", "--format", "{{.Name}}"], remove: ["volume", "rm"] },
  { list: ["network", "ls", "--format", "{{.Name}}"], remove: ["network", "rm"] },
  { list: ["secret", "ls", "--format", "{{.Name}}"], remove: ["secret", "rm"] },
  { list: ["config", "ls", "--format", "{{.Name}}"], remove: ["config", "rm"] },
] as const;

/**
 * Removes what killed runs of these environments have left in Docker. The engine starts such containers again, and then
 * they have the names and ports of the next run.
 */
export async function removeLeftovers(environments: readonly string[]): Promise<void> {
  const isOurs = (name: string) => environments.some((environment) => name.startsWith(`m2m-${environment}-`));
  for (const { list, remove } of KINDS) {
    const {
      failed,
      stdout = "",
      stderr = "",
      message,
    } = await execa("docker", list, { timeout: 60_000, reject: false });
    if (failed && !stderr.includes("not a swarm manager")) throw new Error(message);
    const names = stdout.split("\n").filter(isOurs);
    if (names.length > 0) await execa("docker", [...remove, ...names], { timeout: 120_000 });
  }
}
