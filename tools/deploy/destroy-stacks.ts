import { type DockerThing, oneRuns, remove } from "../engines/docker";
import { answers } from "../engines/settle-sources";
import { failedBecause } from "../engines/terraform-failure";
import { ToolError } from "../output";
import type { Stack } from "../project/project";
import { EMPTY, keycloakEntries } from "../project/state";
import { type Session, terraform } from "../session";
import { adopt } from "./half-made";
import { endAttempt, findLeftovers, halfMadeInKeycloak } from "./interrupted";
import { type Deployed, type ServerEntries, serversOf } from "./servers";

export async function destroyStacks(session: Session, stacks: readonly Stack[], work: readonly Stack[]): Promise<void> {
  const deployed: Deployed[] = [];
  for (const stack of stacks) {
    if (!work.includes(stack)) {
      deployed.push({ stack, state: EMPTY });
      continue;
    }
    const tool = terraform(session, stack);
    await tool.init();
    deployed.push({ stack, state: await tool.state() });
  }
  for (const one of deployed.filter(({ stack }) => work.includes(stack)).reverse()) {
    await destroy(session, one, deployed);
  }
}

async function destroy(session: Session, deployed: Deployed, all: readonly Deployed[]): Promise<void> {
  const { stack, state } = deployed;
  const tool = terraform(session, stack);
  const leftovers = await findLeftovers(session, stack);
  const isContainer = ({ kind }: DockerThing) => kind === "container";
  await remove(leftovers.filter(isContainer), session.env); // first, as they may use what the state knows
  const halfMade = halfMadeInKeycloak(session, stack);
  if (state.resources.length > 0 || halfMade.length > 0) {
    // To be destroyed with the rest. What cannot be taken over does not keep the rest.
    const adoptAll = () =>
      adopt(session, stack, halfMade).catch((error: Error) => void session.out.warn(error.message));
    await adoptAll();
    const servers = serversOf(deployed, all);
    await tool.forget(await entriesOfLostServers(servers, session.env));
    await tool.destroy().catch(async (error) => {
      if (!(await destroyedWithoutSigningIn(error, session, stack, servers))) {
        throw await withWayOut(error, session, stack, servers);
      }
    });
    // Keycloak may still have been at work on some of it when it was looked for.
    if (halfMade.length > 0 && (await adoptAll())) await tool.destroy();
  }
  await remove(
    leftovers.filter((thing) => !isContainer(thing)),
    session.env,
  );
  endAttempt(session, stack);
}

/**
 * For a server that nobody can sign in to any more, as after a first deploy that was interrupted, or with a new volume.
 * Whoever may remove the server and its volume needs no rights inside it: what it holds goes with the volume.
 */
async function destroyedWithoutSigningIn(
  error: unknown,
  session: Session,
  stack: Stack,
  servers: readonly ServerEntries[],
): Promise<boolean> {
  const own = servers.filter(({ containers }) => containers !== undefined).flatMap(({ addresses }) => addresses);
  if (own.length === 0 || !failedBecause(error, "nobody-signs-in")) return false;
  session.out.warn("nobody can sign in to Keycloak here; what it holds is removed with its volume");
  const tool = terraform(session, stack);
  const left = keycloakEntries(await tool.state()).map(({ address }) => address);
  await tool.forget(own.filter((address) => left.includes(address)));
  await tool.destroy({ refresh: false });
  return true;
}

/** What is to be forgotten because its server is gone: a provider would wait for that server in vain. */
async function entriesOfLostServers(servers: readonly ServerEntries[], env: Record<string, string>): Promise<string[]> {
  const lost = await Promise.all(
    servers.map(async ({ containers }) => containers !== undefined && !(await oneRuns(containers, env))),
  );
  return servers.filter((_, index) => lost[index]).flatMap(({ addresses }) => addresses);
}

/** A server elsewhere may come back with what it holds. Whether to forget its entries is for a person to say. */
async function withWayOut(
  error: unknown,
  { terraformBinary }: Session,
  { folder }: Stack,
  servers: readonly ServerEntries[],
): Promise<unknown> {
  if (!(error instanceof ToolError)) return error;
  const elsewhere = servers.filter(({ url, containers }) => URL.canParse(url) && containers === undefined);
  const there = await Promise.all(elsewhere.map(({ url }) => answers(url, Number.POSITIVE_INFINITY)));
  const hints = elsewhere
    .filter((_, index) => !there[index])
    .map(
      ({ url, addresses }) =>
        `${url} does not answer. Start it and run \`m2m down\` again. If it is gone for good, forget what it held first:\n  (cd ${folder} && ${terraformBinary} state rm ${addresses.join(" ")})`,
    );
  if (hints.length === 0) return error;
  return new ToolError(error.code, [error.message, ...hints].join("\n\n"), { cause: error });
}
