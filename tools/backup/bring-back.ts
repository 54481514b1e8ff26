import { planAndApply } from "../deploy/apply-plan";
import { containerStatus } from "../engines/docker";
import type { Stack } from "../project/project";
import type { Session } from "../session";
import type { DeclaredDatabase } from "./declared-database";

/** The addresses of containers in a stack, by the containers' names. */
function addressesOf({ json }: Stack, names: readonly string[]): string[] {
  return Object.entries(json.resource?.docker_container ?? {})
    .filter(([, { name }]) => names.includes(String(name)))
    .map(([id]) => `docker_container.${id}`);
}

/** Whether a stack makes the database, or a server of it. */
export function makes(stack: Stack, { container, servers }: DeclaredDatabase): boolean {
  return addressesOf(stack, [container, ...servers.map((server) => server.container)]).length > 0;
}

/**
 * After a loss, the database, empty where its volume was lost. Servers wait: one that finds an empty database fills it, which
 * takes longer than a restore.
 */
export async function bringDatabase(
  session: Session,
  work: readonly Stack[],
  { container }: DeclaredDatabase,
  yes: boolean,
): Promise<void> {
  if ((await containerStatus(container, session.env)) === "running") return;
  session.out.warn(`${container} does not run; bringing it back first, with an empty volume if that was lost`);
  await bringContainer(session, work, container, yes);
}

/** Has Terraform make a container, and what it needs. It waits until that is healthy. */
export async function bringContainer(
  session: Session,
  work: readonly Stack[],
  name: string,
  yes: boolean,
): Promise<void> {
  for (const stack of work) {
    const targets = addressesOf(stack, [name]);
    if (targets.length > 0) await planAndApply(session, stack, { yes, targets });
  }
}

/** Has Terraform make the image of a container that is gone. Gives its name, where the stack says it. */
export async function bringImage(
  session: Session,
  work: readonly Stack[],
  container: string,
  yes: boolean,
): Promise<string | undefined> {
  for (const stack of work) {
    const { docker_container: containers = {}, docker_image: images = {} } = stack.json.resource ?? {};
    const found = Object.values(containers).find(({ name }) => name === container);
    const id = /^\$\{docker_image\.([\w-]+)\.image_id\}$/.exec(String(found?.image))?.[1];
    if (id === undefined) continue;
    await planAndApply(session, stack, { yes, targets: [`docker_image.${id}`] });
    return String(images[id]?.name);
  }
  return undefined;
}
