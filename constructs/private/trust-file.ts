import { createHash } from "node:crypto";
import type { Construct } from "constructs";
import { certificatesIn } from "../certificates/chain";
import { readPublicFile, replaceFile } from "../keys/key-files";
import { claimFile } from "./claims";
import { explained } from "./key-reading";
import { isTest } from "./tests";

/** Writes what to trust, if it is not what is there. Gives what is wrong where another CA has the file. */
export function writeTrust(scope: Construct, path: string, pem: string): string[] {
  const count = certificatesIn(pem, path).length;
  const digest = createHash("sha256").update(pem).digest("hex").slice(0, 8);
  const problems = claimFile(scope, path, `a list of ${count} trusted (SHA-256 ${digest}…)`);
  if (problems.length > 0 || isTest(scope)) return problems;
  if (readPublicFile(path) !== pem) explained(scope, () => replaceFile(path, pem, 0o644));
  return [];
}
