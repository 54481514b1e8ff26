import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { certificatesIn, chainOf } from "../../constructs/certificates/chain";
import { thumbprintOf } from "../../constructs/certificates/issued";
import { type CertificateDescription, certificatesOf } from "../../constructs/contract/markers";
import { DAY_MS, lifeOf, validityOf } from "../../constructs/keys/certificate-life";
import { KeyError } from "../../constructs/keys/errors";
import { readPublicFile } from "../../constructs/keys/key-files";
import { shown } from "../../constructs/keys/shown";
import { type Paint, PLAIN } from "../colour";
import type { Output } from "../output";
import type { Project, Stack } from "../project/project";

/** A certificate for TLS, as it is listed. */
export interface ListedCertificate {
  readonly name: string;
  readonly usage: CertificateDescription["usage"];
  readonly file: string;
  /** SHA-256 of it, as `x5t#S256` has it. */
  readonly thumbprint: string;
  readonly since: string;
  readonly until: string;
  /** Days until it ends; below zero for one that has ended. */
  readonly daysLeft: number;
  /** Whether it is in the last third of its life. */
  readonly due: boolean;
  /** Whether its private key is on this machine. */
  readonly private: boolean;
  /** Whether others issue it. */
  readonly imported: boolean;
}

/** The certificates that the stacks declare, each once, in the order of their names. */
export function listCertificates(project: Project, stacks: readonly Stack[], out: Output): ListedCertificate[] {
  const all = new Map(stacks.flatMap(({ json }) => certificatesOf(json)).map((one) => [one.file, one]));
  const listed = [...all.values()].flatMap((one) => {
    try {
      return [list(project, one)];
    } catch (error) {
      if (!(error instanceof KeyError)) throw error;
      out.warn(`${one.name}: ${error.message}`);
      return [];
    }
  });
  return listed.sort((one, two) => (one.file < two.file ? -1 : 1));
}

function list(
  { folder }: Project,
  { name, usage, file, keyFile, isImported }: CertificateDescription,
): ListedCertificate {
  const where = shown(file);
  const pem = readPublicFile(resolve(folder, file));
  if (pem === undefined) {
    const remedy = isImported ? "have it issued where it was made, or correct the path" : "`m2m up` issues it";
    throw new KeyError("KEY_UNREADABLE", `${where} does not exist; ${remedy}`);
  }
  const { leaf } = chainOf(certificatesIn(pem, where), where);
  const { notBefore, notAfter, leftMs, isDue } = lifeOf(validityOf(leaf));
  return {
    name,
    usage,
    file,
    thumbprint: thumbprintOf(leaf),
    since: notBefore.toISOString(),
    until: notAfter.toISOString(),
    daysLeft: Math.round(leftMs / DAY_MS),
    due: isDue,
    private: existsSync(resolve(folder, keyFile)),
    imported: isImported === true,
  };
}

/** One line for each. */
export function printCertificates(listed: readonly ListedCertificate[], paint = PLAIN): string {
  const width = Math.max(...listed.map(({ file }) => file.length));
  return listed.map((one) => printCertificate(one, width, paint)).join("\n");
}

function printCertificate(one: ListedCertificate, width: number, paint: Paint): string {
  const half = one.private ? "private key here" : "private key not here";
  const by = one.imported ? ", issued by others" : "";
  return `${one.file.padEnd(width)}  ${one.usage.padEnd(9)}  ${timeLeft(one, paint)}  ${half}${by}`;
}

/** What ends one day. */
export interface Ending {
  readonly until: string;
  readonly daysLeft: number;
  /** Whether it should be replaced by now. */
  readonly due?: boolean;
}

/** Until when something is good, and how long that is. */
export function timeLeft(one: Ending, paint = PLAIN): string {
  const due = one.due ? `, ${paint("yellow", "due")}` : "";
  const left = hasEnded(one) ? paint("red", "HAS ENDED") : `${one.daysLeft} days left${due}`;
  return `until ${one.until.slice(0, 10)}, ${left}`;
}

export function hasEnded({ until }: Ending): boolean {
  return Date.parse(until) <= Date.now();
}
