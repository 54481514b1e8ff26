import { retiringOf } from "../../constructs/keys/key-life";
import { activeOf, type KeyEntry } from "../../constructs/keys/key-record";
import { ToolError } from "../output";
import { type KeyUse, usesOf } from "./live-use";
import type { Pair } from "./pairs";
import { ASSERTION_MS, short } from "./steps";

/** What each client's machines sign with, since a time; `undefined` where none can tell. */
export async function liveUses(pair: Pair, since: Date, completely: boolean): Promise<KeyUse[] | undefined> {
  const found = await Promise.all(pair.clients.map((client) => usesOf({ ...client, since, completely })));
  const known = found.filter((uses) => uses !== undefined);
  return known.length === 0 ? undefined : known.flat(); // one realm that tells is enough to see a use
}

/** Whether Keycloak was told of the switch to the active key: containers have copies of the one before until then. */
export function isSwitchDeployed({ clients, record }: Pair): boolean {
  const active = activeOf(record).kid;
  return clients.every(({ certified }) => certified === active);
}

/**
 * Why keys may not go yet, by the login events since nothing that they signed in time is on its way; nothing where these
 * show no use of them, or none are kept. Who does not say by which key it signs may do so by these.
 */
export async function whyInUse(pair: Pair, going: readonly KeyEntry[]): Promise<string | undefined> {
  const uses = (await liveUses(pair, endOfUse(going), true)) ?? [];
  const used = uses.filter(({ key }) => going.some((entry) => short(entry) === key));
  if (used.length > 0) return `a machine still signs with key ${list(going)}: ${places(used)}; bring it the new key`;
  const unknown = uses.filter(({ key }) => key === undefined);
  if (unknown.length === 0) return undefined;
  return `a program that does not say which key it signs with may use key ${list(going)}: ${places(unknown)}; see that it has the new key`;
}

/** @throws {ToolError} `key-in-use`, `key-not-deployed` where keys may not go yet */
export async function refuseEarly(pair: Pair, going: readonly KeyEntry[], now: Date): Promise<void> {
  const { name, record } = pair;
  if (going.length === 0) return; // there is nothing to refuse: the action says so
  const end = endOfUse(going);
  if (now < end) {
    throw new ToolError(
      "key-in-use",
      `${name}: what key ${list(going)} has signed is accepted until ${secondOf(end)}; wait for that, or pass --force`,
    );
  }
  if (!isSwitchDeployed(pair)) {
    throw new ToolError(
      "key-not-deployed",
      `${name}: the switch to key ${short(activeOf(record))} is not deployed, as the state says; run \`m2m up\` first, or pass --force`,
    );
  }
  const reason = await whyInUse(pair, going).catch((cause: Error) => {
    throw new ToolError(
      "key-in-use",
      `${name}: whether key ${list(going)} is still in use cannot be asked: ${cause.message}; pass --force to drop it all the same`,
      { cause },
    );
  });
  if (reason) throw new ToolError("key-in-use", `${name}: ${reason}, or pass --force to lock it out`);
}

/** Why a rotation does not drop the retiring keys; nothing where it may. */
export async function whyNotDropped(pair: Pair): Promise<string | undefined> {
  try {
    return await whyInUse(pair, retiringOf(pair.record));
  } catch (error) {
    return `whether the old key is in use cannot be asked: ${(error as Error).message}`;
  }
}

export function list(entries: readonly { readonly kid: string }[]): string {
  return entries.map(short).join(", ");
}

/** From when on nothing that was signed in time is on its way any more. */
function endOfUse(retiring: readonly KeyEntry[]): Date {
  return new Date(Math.max(...retiring.map(({ since }) => Date.parse(since))) + ASSERTION_MS);
}

function places(uses: readonly KeyUse[]): string {
  return uses.map(({ address, last }) => `${address} at ${secondOf(last)}`).join(", ");
}

function secondOf(time: Date): string {
  return `${time.toISOString().slice(0, 19)}Z`;
}
