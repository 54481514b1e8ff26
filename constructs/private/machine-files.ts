import { createHash } from "node:crypto";
import { copyFileSync, existsSync, mkdirSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import type { Construct } from "constructs";
import { switchesKeys } from "../contract/key-switches";
import { projectFolder } from "../contract/project-files";
import { stagedBeside } from "../keys/pair-files";
import { ENCRYPTED, keyIdInFile } from "../keys/private-key";
import { MOST_STATE_BYTES, readBytes } from "../keys/read-file";
import type { ISigningKey } from "../signing-key";
import { stackFolder } from "./project";
import { isTest } from "./tests";

/** Puts a machine's program beside the JSON, under its hash. Another program has another path, and so makes another container. */
export function stageProgram(machine: Construct, path: string): string {
  const hash = createHash("sha256")
    .update(readBytes(path, { mostBytes: MOST_STATE_BYTES }))
    .digest("hex")
    .slice(0, 12);
  const source = join("programs", machine.node.id, hash, "program.cjs");
  const target = join(stackFolder(machine), source);
  if (isTest(machine)) return source;
  mkdirSync(dirname(target), { recursive: true });
  copyFileSync(path, target);
  return source;
}

/**
 * The key that the container will have: the one in the key file. After a rotation elsewhere the file may still hold the
 * former key; the new file then makes another container. If there is no file, or it cannot be opened here, it is taken to
 * hold the active key. `m2m up` brings the active key there first, if it is staged beside it.
 */
export function kidInside({ privateKeyFile, kid }: ISigningKey): string {
  const keyFile = resolve(projectFolder(), privateKeyFile);
  if (switchesKeys() && existsSync(stagedBeside(keyFile, kid))) return kid;
  const inFile = keyIdInFile(keyFile);
  return inFile === undefined || inFile === ENCRYPTED ? kid : inFile;
}
