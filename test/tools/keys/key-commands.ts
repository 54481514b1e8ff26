import { mkdirSync } from "node:fs";
import type { KeyState } from "../../../constructs/keys/key-record";
import { activateKey, prepareKey, retireKey, revokeKey } from "../../../tools/keys/change";
import type { Pair } from "../../../tools/keys/pairs";
import { pairIn, recordIn, START, synthesizeIn } from "./living-pair";

export interface Command {
  /** Makes a folder in which the command has something to do. */
  begin(folder: string): Promise<unknown>;
  run(folder: string): Promise<unknown>;
  /** The states of the record's keys afterwards. */
  readonly leaves: readonly KeyState[];
  /** The place of the key whose private half goes. */
  readonly removes?: number;
  /** What a second run is refused for, where the first had done all. */
  readonly refusedWhenDone?: string;
}

const options = { now: new Date(START.getTime() + 86_400_000) };
const prepare = async (folder: string) => await CHANGES.prepare(pairIn(folder));
const activate = async (folder: string, place?: number) => activateKey(pairIn(folder), kidAt(folder, place), options);
const retire = async (folder: string) => await CHANGES.retire(pairIn(folder));
const revoke = async (folder: string, place: number) => await revokeKey(pairIn(folder), kidAt(folder, place), options);

/** The commands on a pair as it was read, a day after it was made. */
export const CHANGES = {
  prepare: async (pair: Pair) => await prepareKey(pair, {}, options),
  activate: async (pair: Pair) => activateKey(pair, undefined, options),
  retire: async (pair: Pair) => retireKey(pair, undefined, options),
  revoke: async (pair: Pair) => await revokeKey(pair, undefined, options),
};
export type Change = keyof typeof CHANGES;

function kidAt(folder: string, place: number | undefined): string | undefined {
  return place === undefined ? undefined : recordIn(folder).keys[place]!.kid;
}

/** Makes a folder, and does these things in it. */
function begun(...steps: ((folder: string) => Promise<unknown>)[]) {
  return async (folder: string) => {
    mkdirSync(folder);
    for (const step of steps) await step(folder);
  };
}

const create = async (folder: string) => synthesizeIn(folder, "allowed");

/** Each command of the life of a pair, by name; bundled, too, so that a process of its own does one of them. */
export const COMMANDS = {
  create: { begin: begun(), run: create, leaves: ["active"] },
  prepare: {
    begin: begun(create),
    run: prepare,
    leaves: ["active", "prepared"],
    refusedWhenDone: "KEY_PREPARED_ALREADY",
  },
  activate: {
    begin: begun(create, prepare),
    run: activate,
    leaves: ["retiring", "active"],
    refusedWhenDone: "KEY_NOT_FOUND",
  },
  "activate one that retires": {
    begin: begun(create, prepare, activate),
    run: async (folder) => await activate(folder, 0),
    leaves: ["active", "retiring"],
    refusedWhenDone: "KEY_NOT_FOUND",
  },
  retire: {
    begin: begun(create, prepare, activate),
    run: retire,
    leaves: ["active"],
    removes: 0,
    refusedWhenDone: "KEY_NOT_FOUND",
  },
  "revoke without another": {
    begin: begun(create),
    run: async (folder) => await revoke(folder, 0),
    leaves: ["revoked", "active"],
    removes: 0,
    refusedWhenDone: "KEY_NOT_FOUND",
  },
  "revoke the active one": {
    begin: begun(create, prepare),
    run: async (folder) => await CHANGES.revoke(pairIn(folder)),
    leaves: ["revoked", "active"],
    removes: 0,
  },
  "revoke beside others": {
    begin: begun(create, prepare, activate, prepare),
    run: async (folder) => await revoke(folder, 1),
    leaves: ["retiring", "revoked", "active"],
    removes: 1,
    refusedWhenDone: "KEY_NOT_FOUND",
  },
  "revoke one that retires": {
    begin: begun(create, prepare, activate),
    run: async (folder) => await revoke(folder, 0),
    leaves: ["revoked", "active"],
    removes: 0,
    refusedWhenDone: "KEY_NOT_FOUND",
  },
} satisfies Record<string, Command>;

export type CommandName = keyof typeof COMMANDS;
