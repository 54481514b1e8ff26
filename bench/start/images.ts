// Images of Keycloak that differ in what was done before the start, and what making them takes.
import { BUILD_OPTIONS } from "../../constructs/private/keycloak-image";
import { MAKE_SCHEMA } from "../../constructs/private/keycloak-schema";
import { run } from "../project";
import { COMPUTING, docker, GRANT, NAME } from "./container";

/** A way to start Keycloak, and what its image takes to make. */
export interface Way {
  readonly name: string;
  readonly image: string;
  readonly options: readonly string[];
  /** Seconds, and seconds of computing. */
  readonly made: readonly [number, number];
}

const ENTRY = 'ENTRYPOINT ["/opt/keycloak/bin/kc.sh"]';
const ARCHIVE = "/opt/keycloak/lib/start.jsa";
const BUILD = `/opt/keycloak/bin/kc.sh build ${BUILD_OPTIONS.join(" ")} > /dev/null`;
const QUICK = "export JAVA_OPTS_APPEND=-XX:TieredStopAtLevel=1";

/** As it was before, as it is now, and as it would be with a class-data archive beside. */
export async function makeWays(base: string): Promise<Way[]> {
  const before = await made("before", base, BUILD);
  const now = await made("now", base, `${QUICK} && ${BUILD} && printf %s "$1" > /tmp/schema.sh && bash /tmp/schema.sh`);
  const archived = await withArchive(now.image);
  const alone = ["--cache=local"];
  return [
    { name: "before: a cluster, no tables", options: [], ...before },
    { name: "local caches", options: alone, ...before },
    { name: "now: local caches, tables", options: alone, ...now },
    {
      name: "now, and a class-data archive",
      options: alone,
      image: archived.image,
      made: [now.made[0] + archived.made[0], now.made[1] + archived.made[1]],
    },
  ];
}

/** What `docker build` would make of a command, in a container whose computing can be read. */
async function made(tag: string, base: string, command: string): Promise<Pick<Way, "image" | "made">> {
  const image = `${NAME}:${tag}`;
  const start = performance.now();
  const args = ["--name", NAME, "--network", "none", "--entrypoint", "bash", base];
  const output = await docker("run", ...args, "-c", `{ ${command}; } >&2 && ${COMPUTING}`, "bash", MAKE_SCHEMA);
  await docker("commit", "--change", ENTRY, "--change", "CMD []", NAME, image);
  const seconds = (performance.now() - start) / 1000;
  await docker("rm", "--force", "--volumes", NAME);
  return { image, made: [seconds, Number(output) / 1e9] };
}

/** Keycloak is started once, asked for a token, and leaves at its end what it has loaded. */
async function withArchive(image: string): Promise<Pick<Way, "image" | "made">> {
  const archived = `${NAME}:archive`;
  const start = performance.now();
  const options = `JAVA_OPTS_APPEND=-XX:ArchiveClassesAtExit=${ARCHIVE} -XX:TieredStopAtLevel=1 -Xlog:cds=error -Xlog:cds+dynamic=error`;
  const command = `/opt/keycloak/bin/kc.sh start --optimized --cache=local --http-enabled=true --hostname-strict=false >&2 & server=$!
    for try in {1..900}; do ${GRANT} && break; sleep 0.2; done
    kill $server; wait $server; test -f ${ARCHIVE} && rm -rf /opt/keycloak/data/transaction-logs && ${COMPUTING}`;
  const throwAway = ["--tmpfs", "/opt/keycloak/data/h2:uid=1000"];
  const args = ["--name", NAME, "--network", "none", ...throwAway, "--env", options, "--entrypoint", "bash", image];
  const output = await docker("run", ...args, "-c", command);
  const flag = `ENV JAVA_OPTS_APPEND=-XX:SharedArchiveFile=${ARCHIVE}`;
  await docker("commit", "--change", ENTRY, "--change", "CMD []", "--change", flag, NAME, archived);
  const seconds = (performance.now() - start) / 1000;
  await docker("rm", "--force", "--volumes", NAME);
  return { image: archived, made: [seconds, Number(output) / 1e9] };
}

/** The size of an image, in megabytes. */
export async function megabytes(image: string): Promise<number> {
  const { stdout } = await run("docker", ["image", "inspect", "--format", "{{.Size}}", image]);
  return Math.round(Number(stdout) / 1e6);
}

export async function removeImages(ways: readonly Way[]): Promise<void> {
  await docker("rmi", "--force", ...new Set(ways.map(({ image }) => image))).catch(() => undefined);
}
