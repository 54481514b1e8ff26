import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { docker, m2m, makeProject, takeDown } from "../e2e/environment";
import { type Names, ROOT } from "../e2e/project";
import { makeImage } from "./clock";
import { makeSmallDisk, type SmallDisk } from "./small-disk";

/** An environment that can be broken. */
export interface Target {
  readonly names: Names;
  readonly folder: string;
  /** The container of PostgreSQL, and the disk that its data are on. */
  readonly database: string;
  readonly disk: SmallDisk;
  /** The CA of Keycloak's certificate. */
  readonly caFile: string;
  /** Of the service that the servers are replicas of; none for one server in a container. */
  readonly service?: string;
  readonly replicas: number;
  remove(): Promise<void>;
}

/** Brings up an example, with a clock that can be set and a disk that can be filled. */
export async function makeTarget(example: "production" | "cluster", names: Names, replicas: number): Promise<Target> {
  const image = await makeImage();
  const disk = await makeSmallDisk(names.keycloak);
  const options = { type: "none", o: "bind", device: disk.folder };
  const main = readFileSync(join(ROOT, "examples", example, "main.ts"), "utf8")
    .replace('"../../constructs"', '"./constructs"')
    .replace("replicas: 2", `replicas: ${replicas}`)
    .replace("database, tls: { authority }", `image: "${image}", $&`)
    .replace(
      "const server =",
      `(database.node.findChild("Volume") as import("cdktf").TerraformResource).addOverride("driver_opts", ${JSON.stringify(options)});\n$&`,
    );
  const folder = makeProject(names, main);
  const target: Target = {
    names,
    folder,
    database: `${names.keycloak}-database`,
    disk,
    caFile: join(folder, "certs", `${example}-ca.crt`),
    ...(example === "cluster" && { service: `${names.keycloak}-servers` }),
    replicas,
    remove: async () => {
      await takeDown(folder, names);
      await disk.remove();
    },
  };
  const { exitCode, stderr } = await m2m(folder, ["up", "--init-swarm"]);
  if (exitCode === 0) return target;
  await target.remove();
  throw new Error(`${example} does not come up:\n${stderr}`);
}

const LONGEST_MS = 300_000;

/** Waits until all is as it should be: a fault in the middle of another one is another fault. */
export async function untilHealthy({ names, database, service, replicas }: Target): Promise<void> {
  const servers = service ? `label=com.docker.swarm.service.name=${service}` : `name=^${names.keycloak}$`;
  for (const end = Date.now() + LONGEST_MS; ; await sleep(1000)) {
    if ((await healthy(servers)) === replicas && (await healthy(`name=^${database}$`)) === 1) return;
    if (Date.now() > end) {
      throw new Error(`not all of ${service ?? names.keycloak} is healthy after ${LONGEST_MS / 1000} s`);
    }
  }
}

async function healthy(filter: string): Promise<number> {
  const ids = await docker("ps", "--quiet", "--filter", filter, "--filter", "health=healthy");
  return ids.split("\n").filter(Boolean).length;
}
