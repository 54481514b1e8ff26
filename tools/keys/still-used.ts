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

/** The uses that are known, and whether they are unknown for all clients or for some. */
async function askAll({ clients }: Pair, since: Date, completely: boolean) {
  const found = await Promise.all(clients.map((client) => usesOf({ ...client, since, completely })));
  const known = found.filter((uses) => uses !== undefined);
  const isUnknown = known.length === 0 ? "of all" : known.length < found.length ? "of some" : undefined;
  return { uses: known.flat(), isUnknown } as const;
}

/** Whether the switch to the active key has reached Keycloak, and every container, which holds a copy of its key. */
export function isSwitchDeployed({ clients, containers, record }: Pair): boolean {
  const active = activeOf(record).kid;
  const inContainers = retiringOf(record).some(({ kid }) => containers.includes(kid));
  return clients.every(({ certified }) => certified === active) && !inContainers;
}

/** Why sign-ins keep keys from going. A program that does not say which key it signs with may use these. */
function whyInUse({ record }: Pair, going: readonly KeyEntry[], uses: readonly KeyUse[]): string | undefined {
  const used = uses.filter(({ key }) => going.some((entry) => short(entry) === key));
  if (used.length > 0)
    return `a machine still signs with key ${shortOfAll(going)}: ${places(used)}; bring it the new key`;
  const unknown = uses.filter(({ key }) => !record.keys.some((entry) => short(entry) === key));
  if (unknown.length === 0) return undefined;
  return `a program that does not say which key it signs with may still use key ${shortOfAll(going)}: ${places(unknown)}; make sure that it has the new key`;
}

/** @throws {ToolError} `key-in-use`, `key-not-deployed` where keys may not go yet */
export async function refuseEarly(pair: Pair, going: readonly KeyEntry[], now: Date): Promise<void> {
  const { name, record } = pair;
  if (going.length === 0) return; // there is nothing to refuse: the action says so
  const end = endOfUse(going);
  if (now < end) {
    throw new ToolError(
      "key-in-use",
      `${name}: what key ${shortOfAll(going)} signed is accepted until ${stamp(end)}; wait until then, or pass --force`,
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
      `${name}: whether key ${shortOfAll(going)} is still in use is not known: ${cause.message}; pass --force to drop it anyway`,
      { cause },
    );
  });
  const reason = whyInUse(pair, going, uses ?? []);
  if (reason)
    throw new ToolError(
      "key-in-use",
      `${name}: ${reason}; pass --force if the machine already has the new key, or to lock it out`,
    );
}

/**
 * Why a rotation does not drop the retiring keys; nothing if it may. A machine elsewhere may still sign with the old key
 * until login events tell otherwise.
 *
 * @throws {ToolError} `keycloak-unreachable` if Keycloak cannot be asked: cron has to hear of it
 */
export async function whyNotDropped(pair: Pair): Promise<string | undefined> {
  const going = retiringOf(pair.record);
  const { uses, isUnknown } = await askAll(pair, endOfUse(going), true);
  const reason = whyInUse(pair, going, uses);
  if (reason !== undefined || !isUnknown || isHere(pair, activeOf(pair.record))) return reason;
  return `nobody can tell who still signs with key ${shortOfAll(going)}: the private half of the active key is not here, and not every realm keeps login events; run \`m2m keys retire ${pair.name}\` once its machines have the new key`;
}

/** When the last assertion by these keys has expired. */
function endOfUse(retiring: readonly KeyEntry[]): Date {
  return new Date(Math.max(...retiring.map(({ since }) => Date.parse(since))) + ASSERTION_MS);
}

function places(uses: readonly KeyUse[]): string {
  return uses.map(({ address, last }) => `${address} at ${stamp(last)}`).join(", ");
}
