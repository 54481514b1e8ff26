import { SIGNING_ALGORITHMS } from "../../constructs/keys/algorithms";
import { type Command, command } from "../cli/command";
import { activateAction } from "../keys/activate";
import { readKid, readNewKey, readPace } from "../keys/choices";
import { listKeys } from "../keys/list";
import { prepareAction } from "../keys/prepare";
import { retireAction } from "../keys/retire";
import { revokeAction } from "../keys/revoke";
import { rotateAction } from "../keys/rotate";
import { runAction } from "../keys/run-action";

const ALL = { all: { help: "every key pair of the project" } } as const;
const CHANGE = { ...ALL, "dry-run": { help: "say what would be done, and do nothing" } } as const;
const KEY = {
  key: { value: "KID", help: "the key that is meant, or eight characters or more of its beginning" },
} as const;
const FORCE = { force: { help: "do what is refused otherwise" } } as const;
const NEXT_KEY = {
  algorithm: {
    value: "ALG",
    oneOf: SIGNING_ALGORITHMS,
    help: "of the key to prepare; otherwise that of the active one",
  },
  certificate: { value: "FILE", help: "the certificate of a key that was made elsewhere, for one CLIENT" },
} as const;

export const keysCommands: readonly Command[] = [
  command({
    name: "keys list",
    words: "[CLIENT…]",
    help: "the signing keys of this project; keys alone does the same",
    options: { ...ALL, live: { help: "who signs with which, by Keycloak's login events" } },
    run: ({ words, options, out, interruption }) => listKeys(words, options, out, interruption),
  }),
  command({
    name: "keys prepare",
    words: "[CLIENT…]",
    help: "make the key that is to sign next, and publish it beside the active one",
    options: { ...CHANGE, ...NEXT_KEY },
    run: (call) =>
      runAction("prepare", call, (options) => {
        const wanted = readNewKey(options, call.words);
        return { run: (pair, context) => prepareAction(pair, wanted, context), certificate: wanted.certificate };
      }),
  }),
  command({
    name: "keys activate",
    words: "[CLIENT…]",
    help: "have the prepared key sign from now on",
    options: { ...CHANGE, ...KEY, ...FORCE },
    run: (call) =>
      runAction("activate", call, ({ key, force }) => {
        const activation = { kid: readKid(key), force };
        return { run: (pair, context) => activateAction(pair, activation, context) };
      }),
  }),
  command({
    name: "keys retire",
    words: "[CLIENT…]",
    help: "drop the keys that no longer sign",
    options: { ...CHANGE, ...KEY, ...FORCE },
    run: (call) =>
      runAction("retire", call, ({ key, force }) => {
        const retirement = { kid: readKid(key), force };
        return { run: (pair, context) => retireAction(pair, retirement, context) };
      }),
  }),
  command({
    name: "keys revoke",
    words: "[CLIENT…]",
    help: "have a key refused for good",
    options: { ...CHANGE, ...KEY },
    run: (call) =>
      runAction("revoke", call, ({ key }) => {
        const kid = readKid(key);
        // It depends on nothing but its own pair.
        return { run: (pair, context) => revokeAction(pair, kid, context), goesOn: true };
      }),
  }),
  command({
    name: "keys rotate",
    words: "[CLIENT…]",
    help: "the next step of a rotation: prepare, activate or retire",
    options: {
      ...CHANGE,
      ...NEXT_KEY,
      auto: { help: "only where it is due, for cron" },
      overlap: { value: "SECONDS", help: "between two steps of --auto (3600)" },
    },
    run: (call) =>
      runAction("rotate", call, (options) => {
        const rotation = { ...readPace(options), wanted: readNewKey(options, call.words) };
        const { certificate } = rotation.wanted;
        return { run: (pair, context) => rotateAction(pair, rotation, context), certificate };
      }),
  }),
];
