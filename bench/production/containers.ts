import { COMPUTING, docker } from "../start/container";

/** What some containers have taken. */
export interface Taken {
  /** Seconds of computing since they started, of all their processes. */
  readonly cpu: number;
  /** Memory now, in MiB, without the files that the kernel keeps. */
  readonly mebibytes: number;
}

export async function taken(containers: readonly string[]): Promise<Taken> {
  const all = await Promise.all(containers.map(takenBy));
  const sum = (part: (one: Taken) => number) => all.reduce((total, one) => total + part(one), 0);
  return { cpu: sum(({ cpu }) => cpu), mebibytes: sum(({ mebibytes }) => mebibytes) };
}

async function takenBy(container: string): Promise<Taken> {
  const cpu = Number(await docker("exec", container, "bash", "-c", COMPUTING)) / 1e9;
  const [used = ""] = (await docker("stats", "--no-stream", "--format", "{{.MemUsage}}", container)).split(" / ");
  const [, value, unit = ""] = /^([\d.]+)(.*)$/.exec(used) ?? [];
  const factor = { GiB: 1024, MiB: 1, KiB: 1 / 1024 }[unit];
  if (factor === undefined) throw new Error(`no memory of ${container} in: ${used}`);
  return { cpu, mebibytes: Number(value) * factor };
}

/** The servers of a service, as containers of this machine. */
export async function replicasOf(service: string): Promise<string[]> {
  const filter = ["--filter", `label=com.docker.swarm.service.name=${service}`, "--filter", "health=healthy"];
  return (await docker("ps", "--quiet", ...filter)).split("\n").filter(Boolean);
}

/** A number that Keycloak's database gives, by the name of its container. */
export async function numberIn(database: string, select: string): Promise<number> {
  const plain = ["--username=postgres", "--dbname=keycloak", "--tuples-only", "--no-align"];
  return Number(await docker("exec", database, "psql", ...plain, `--command=SELECT ${select}`));
}
