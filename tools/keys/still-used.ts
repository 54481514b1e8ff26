import { retiringOf } from "../../constructs/keys/key-life";
import { activeOf, type KeyEntry, stamp } from "../../constructs/keys/key-record";
import { ToolError } from "../output";
import { type KeyUse, usesOf } from "./live-use";
import { short, shortOfAll } from "./outcome";
import type { Pair } from "./pairs";
import { isHere } from "./private-half";
import { ASSERTION_MS } from "./steps";

/** What the machines of a pair sign with, since a time; `undefined` where no realm can tell. */
export async function liveUses(pair: Pair, since: Date, completely: boolean): Promise<KeyUse[] | undefined> {
  const { uses, isUnknown } = await askAll(pair, since, completely);
  return isUnknown === "of all" ? undefined : uses;
}

/** What is known of each client, one realm of which is enough to see a use, and whether anything is not. */
async function askAll({ clients }: Pair, since: Date, completely: boolean) {
  const found = await Promise.all(clients.map((client) => usesOf({ ...client, since, completely })));
  const known = found.filter((uses) => uses !== undefined);
  const isUnknown = known.length === 0 ? "of all" : known.length < found.length ? "of some" : undefined;
  return { uses: known.flat(), isUnknown } as const;
}

/** Whether the switch to the active key has reached Keycloak and every container, which have copies of their key. */
export function isSwitchDeployed({ clients, containers, record }: Pair): boolean {
  const active = activeOf(record).kid;
  const inContainers = retiringOf(record).some(({ kid }) => containers.includes(kid));
  return clients.every(({ certified }) => certified === active) && !inContainers;
}

/** Why keys may not go yet, by sign-ins. Who does not say by which key of the record it signs may do so by these. */
function whyInUse({ record }: Pair, going: readonly KeyEntry[], uses: readonly KeyUse[]): string | undefined {
  const used = uses.filter(({ key }) => going.some((entry) => short(entry) === key));
  if (used.length > 0)
    return `a machine still signs with key ${shortOfAll(going)}: ${places(used)}; bring it the new key`;
  const unknown = uses.filter(({ key }) => !record.keys.some((entry) => short(entry) === key));
  if (unknown.length === 0) return undefined;
  return `a program that does not say which key it signs with may use key ${shortOfAll(going)}: ${places(unknown)}; see that it has the new key`;
}

/** @throws {ToolError} `key-in-use`, `key-not-deployed` where keys may not go yet */
export async function refuseEarly(pair: Pair, going: readonly KeyEntry[], now: Date): Promise<void> {
  const { name, record } = pair;
  if (going.length === 0) return; // there is nothing to refuse: the action says so
  const end = endOfUse(going);
  if (now < end) {
    throw new ToolError(
      "key-in-use",
      `${name}: what key ${shortOfAll(going)} has signed is accepted until ${stamp(end)}; wait for that, or pass --force`,
    );
  }
  if (!isSwitchDeployed(pair)) {
    throw new ToolError(
      "key-not-deployed",
      `${name}: the switch to key ${short(activeOf(record))} is not deployed, as the state says; run \`m2m up\` first, or pass --force`,
    );
  }
  const uses = await liveUses(pair, end, true).catch((cause: Error & { code?: string }) => {
    throw new ToolError(
      cause.code ?? "key-in-use",
      `${name}: whether key ${shortOfAll(going)} is still in use cannot be asked: ${cause.message}; pass --force to drop it all the same`,
      { cause },
    );
  });
  const reason = whyInUse(pair, going, uses ?? []);
  if (reason)
    throw new ToolError("key-in-use", `${name}: ${reason}; pass --force where it has that by now, or to lock it out`);
}

/**
 * Why a rotation does not drop the retiring keys; nothing where it may. A machine elsewhere, which has its key from somebody
 * else, may sign with the old one for as long as no login event tells that it does not.
 *
 * @throws {ToolError} `keycloak-unreachable` where that cannot be asked, which cron has to hear of
 */
export async function whyNotDropped(pair: Pair): Promise<string | undefined> {
  const going = retiringOf(pair.record);
  const { uses, isUnknown } = await askAll(pair, endOfUse(going), true);
  const reason = whyInUse(pair, going, uses);
  if (reason !== undefined || !isUnknown || isHere(pair, activeOf(pair.record))) return reason;
  return `the private half of the active key is not here and login events are not kept everywhere, so that nobody can tell who still signs with key ${shortOfAll(going)}; run \`m2m keys retire ${pair.name}\` once its machines have the new one`;
}

/** From when on nothing that was signed in time is on its way any more. */
function endOfUse(retiring: readonly KeyEntry[]): Date {
  return new Date(Math.max(...retiring.map(({ since }) => Date.parse(since))) + ASSERTION_MS);
}

function places(uses: readonly KeyUse[]): string {
  return uses.map(({ address, last }) => `${address} at ${stamp(last)}`).join(", ");
}
