import { chmod, copyFile, mkdir, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { dockerfileLabel, localImage } from "../../constructs/contract/docker-names";
import { MACHINE_NODE } from "../../constructs/contract/sources";
import { withCacheLock, withWorkFolder } from "./cache";
import {
  haproxyDockerfile,
  keycloakDockerfile,
  machineDockerfile,
  monitoringDockerfile,
  postgresDockerfile,
} from "./dockerfiles";
import { keycloakImage, machineImage, presentImages } from "./image-names";
import { bringKeycloakDistribution } from "./keycloak-distribution";
import { bringNode, nodeVersion } from "./node-runtime";
import { bringRootFilesystem } from "./root-filesystem";
import { type BringContext, must, run } from "./run";
import { settleAll } from "./settle-all";

/** The local images that somebody needs, by their names. */
interface Wanted {
  readonly keycloak?: string | undefined;
  readonly machine?: string | undefined;
  readonly monitoring?: string | undefined;
  readonly postgres?: string | undefined;
  readonly haproxy?: string | undefined;
}

/**
 * Makes those of the local images that are missing: plain Keycloak, one for machines, one with Prometheus and Alertmanager,
 * PostgreSQL, and HAProxy.
 */
export async function bringImages(
  cache: string,
  { keycloak, machine, monitoring, postgres, haproxy }: Wanted,
  context: BringContext,
): Promise<void> {
  const version = keycloak?.split(":")[1];
  const named = [version && keycloakImage(version), machine, monitoring, postgres, haproxy];
  const wanted = named.filter((image) => image !== undefined);
  if (wanted.length === 0 || (await presentImages(wanted)).size === wanted.length) {
    return;
  }
  await withCacheLock(cache, "images", { say: context.say, waitMs: 1_800_000 }, async () => {
    const present = await presentImages(wanted);
    const isMissing = version !== undefined && !present.has(keycloakImage(version));
    const [base, distribution] = await settleAll([
      bringBase(cache, context),
      isMissing ? bringKeycloakDistribution(cache, version, context) : undefined,
    ]);
    if (version && distribution) {
      await buildKeycloak(cache, base, version, distribution, context);
    }
    if (machine === machineImage() && !present.has(machine)) {
      await buildMachine(cache, base, context);
    }
    if (monitoring !== undefined && !present.has(monitoring)) {
      await buildAlone(cache, monitoring, monitoringDockerfile(base), context);
    }
    if (postgres !== undefined && !present.has(postgres)) {
      await buildAlone(cache, postgres, postgresDockerfile(base), context);
    }
    if (haproxy !== undefined && !present.has(haproxy)) {
      await buildAlone(cache, haproxy, haproxyDockerfile(base), context);
    }
  });
}

async function bringBase(cache: string, context: BringContext): Promise<string> {
  const root = await bringRootFilesystem(cache, context);
  const image = localImage("debian", root.tag);
  if (!(await presentImages([image])).has(image)) {
    await must("docker", ["import", "--change", dockerfileLabel("debian"), "--change", "CMD bash", root.file, image], {
      timeoutMs: 300_000,
      failure: `The image ${image} could not be made`,
      code: "build-failed",
    });
  }
  return image;
}

async function buildKeycloak(
  cache: string,
  base: string,
  version: string,
  distribution: string,
  context: BringContext,
): Promise<void> {
  const image = keycloakImage(version);
  await context.step(`Image ${image}: building`, () =>
    withWorkFolder(cache, "images", async (work) => {
      const home = join(work, "keycloak");
      await mkdir(join(home, "data", "import"), { recursive: true });
      const unpack = 'umask 022; tar -xzf "$1" -C "$2" --strip-components=1 --no-same-owner; chmod -R g+rwX "$2"';
      await must("sh", ["-ec", unpack, "sh", distribution, home], {
        timeoutMs: 120_000,
        failure: `${distribution} could not be unpacked`,
        code: "build-failed",
      });
      await build(work, image, keycloakDockerfile(base, version));
    }),
  );
}

async function buildMachine(cache: string, base: string, context: BringContext): Promise<void> {
  const image = machineImage();
  const node = await bringNode(cache, MACHINE_NODE, context);
  await context.step(`Image ${image}: building`, () =>
    withWorkFolder(cache, "images", async (work) => {
      await copyFile(node, join(work, "node"));
      await chmod(join(work, "node"), 0o755);
      await mkdir(join(work, "lib"));
      for (const library of await otherLibraries(node)) {
        await copyFile(library, join(work, "lib", basename(library)));
      }
      await build(work, image, machineDockerfile(base, nodeVersion(MACHINE_NODE)));
    }),
  );
}

/** An image that needs nothing but its Dockerfile: Docker fetches the packages. */
async function buildAlone(cache: string, image: string, dockerfile: string, context: BringContext): Promise<void> {
  await context.step(`Image ${image}: building`, () =>
    withWorkFolder(cache, "images", (work) => build(work, image, dockerfile)),
  );
}

const IN_EVERY_ROOT = /^(ld-linux.*|lib(c|m|dl|rt|pthread|stdc\+\+|gcc_s))\.so\.\d+$/;

/** Libraries that the node program needs and the root has not. */
async function otherLibraries(program: string): Promise<string[]> {
  const { stdout } = await run("ldd", [program], { timeoutMs: 10_000 });
  const files = [...stdout.matchAll(/(\/\S+) \(0x/g)].map((match) => match[1]!);
  return files.filter((file) => !IN_EVERY_ROOT.test(basename(file)));
}

async function build(folder: string, image: string, dockerfile: string): Promise<void> {
  await writeFile(join(folder, "Dockerfile"), dockerfile);
  const buildx = await run("docker", ["buildx", "version"], { timeoutMs: 10_000 });
  await must("docker", ["build", "--tag", image, folder], {
    timeoutMs: 600_000,
    env: buildx.ok ? {} : { DOCKER_BUILDKIT: "0" },
    failure: `The image ${image} could not be built`,
    code: "build-failed",
  });
}
