import { createPrivateKey } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { keyId } from "../../../constructs/keys/certificate";
import { ensureKeyPair, type PairFacts } from "../../../constructs/keys/key-pair";
import { activeOf, type KeyRecord } from "../../../constructs/keys/key-record";
import { readRecord } from "../../../constructs/keys/key-store";
import { filesOf } from "../../../constructs/keys/pair-files";
import type { Pair } from "../../../tools/keys/pairs";

/** Keys of this kind are made in no time. */
export const ALGORITHM = "EdDSA";

export const START = new Date("2026-01-01T00:00:00Z");

export function filesIn(folder: string) {
  return filesOf("/", { name: "m", directory: folder });
}

/** What a synthesis makes of a folder; it makes a pair only where it is let. */
export function synthesizeIn(folder: string, creation: "allowed" | "refused" = "refused", now = START): PairFacts {
  return ensureKeyPair({
    name: "m",
    files: filesIn(folder),
    algorithm: ALGORITHM,
    rsaBits: 2048,
    validityDays: 90,
    creation: creation === "allowed" ? "allowed" : { refusedBecause: "nothing is made here" },
    reissueExpired: false,
    notice: () => undefined,
    now,
  });
}

/** The pair of a folder as `m2m keys` finds it, with one client that accepts some keys by the state. */
export function pairIn(
  folder: string,
  deployed: readonly string[] = [],
  certified = activeOf(recordIn(folder)).kid,
): Pair {
  const files = filesIn(folder);
  const stack = { name: "m2m", folder, json: { terraform: {} }, remarks: [] };
  const record = recordIn(folder);
  const client = {
    stack,
    address: "keycloak_openid_client.M",
    clientId: "m",
    realm: "r",
    deployed,
    certified,
    isDeployer: false,
    providerAlias: undefined,
  };
  const description = {
    name: "m",
    directory: folder,
    privateKeyDirectory: folder,
    algorithm: ALGORITHM,
    validityDays: 90,
    kids: [],
    revoked: [],
  } as const;
  return { name: "m", description, files, record, clients: [client], containers: [] };
}

export function recordIn(folder: string): KeyRecord {
  return readRecord(filesIn(folder), ALGORITHM)!;
}

/** Every key whose private half is in a folder, also in what a crashed run left, with the files that hold it. */
export function privateHalves(folder: string): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const name of readdirSync(folder).filter((file) => file.endsWith(".key"))) {
    const kid = kidIn(join(folder, name));
    if (kid) found.set(kid, [...(found.get(kid) ?? []), name]);
  }
  return found;
}

/** Which key a file holds; nothing for one that is cut off. */
export function kidIn(path: string): string | undefined {
  try {
    return keyId(createPrivateKey(readFileSync(path)));
  } catch {
    return undefined;
  }
}

/** The key that the machine signs with. */
export function heldIn(folder: string): string | undefined {
  return kidIn(filesIn(folder).key);
}
