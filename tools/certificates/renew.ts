import type { CertificateRenewal } from "../../constructs/contract/key-switches";
import { m2mFolder } from "../../constructs/contract/project-files";
import { usage } from "../cli/command";
import { withLock } from "../lock";
import { type Output, ToolError } from "../output";
import { openProject, type Project, type Stack } from "../project/project";
import { synthesize, withoutRemarks } from "../project/synth";
import { type ListedCertificate, listCertificates, printCertificates } from "./listed";

/** How long one renewal waits for another. */
const WAIT_MS = 60_000;

/** What `m2m certificates renew` was asked for. */
export interface RenewalRequest {
  readonly names: readonly string[];
  readonly all: boolean;
  readonly auto: boolean;
  readonly newKeys: boolean;
  readonly dryRun: boolean;
}

/** Lists the certificates for TLS. */
export async function showCertificates(out: Output): Promise<void> {
  const project = openProject();
  const listed = listCertificates(project, await declaredStacks(project, out), out);
  out.result(listed.length === 0 ? NONE : printCertificates(listed, out.paint), listed);
}

/**
 * Has certificates issued again, by a synthesis that is told which. There is only this one: without the renewal a
 * certificate that does not fit its declaration would end it.
 */
export async function renewCertificates(request: RenewalRequest, out: Output): Promise<void> {
  const which = whichOf(request);
  const project = openProject();
  if (request.dryRun) return out.result(...(await wouldRenew(project, request, which, out)));
  const renewal = { which, newKeys: request.newKeys };
  const switches = { createKeys: "outside CI", reissue: false, newKeys: false, renewal } as const;
  // Two at once would bring one's new key beside the other's certificate.
  const lock = { say: out.warn, waitMs: WAIT_MS };
  const synthesis = () => synthesize(project, withoutRemarks(out), switches);
  const { stacks, made } = await withLock(m2mFolder(project.folder), "certificates", lock, synthesis);
  const issued = made.flatMap((notice) => (notice.event === "certificate-issued" ? [notice.name] : []));
  const all = listCertificates(project, stacks, out);
  const renewed = all.filter(({ name }) => issued.includes(name));
  refuseUnknown(request.names, all);
  const next = "commit them, and run `m2m up` to bring them into the containers";
  out.result(renewed.length === 0 ? "nothing is due" : `${printCertificates(renewed)}\n${next}`, renewed);
}

async function wouldRenew(
  project: Project,
  { names }: RenewalRequest,
  which: CertificateRenewal["which"],
  out: Output,
): Promise<[text: string, ListedCertificate[]]> {
  const all = listCertificates(project, await declaredStacks(project, out), out);
  refuseUnknown(names, all);
  const chosen = all.filter((one) => isChosen(one, which));
  return [chosen.length === 0 ? "nothing is due" : `would renew\n${printCertificates(chosen)}`, chosen];
}

const NONE = "no certificates: declare a CertificateAuthority and a TlsCertificate";

function whichOf({ names, all, auto }: RenewalRequest): CertificateRenewal["which"] {
  if ([names.length > 0, all, auto].filter(Boolean).length !== 1) {
    throw usage("certificates renew takes names, --all or --auto");
  }
  return all ? "all" : auto ? "due" : names;
}

function isChosen({ name, due, imported }: ListedCertificate, which: CertificateRenewal["which"]): boolean {
  if (imported) return false;
  return which === "all" || (which === "due" ? due : which.includes(name));
}

function refuseUnknown(names: readonly string[], known: readonly ListedCertificate[]): void {
  for (const name of names) {
    const named = known.filter((certificate) => certificate.name === name);
    if (named.some(({ imported }) => !imported)) continue;
    const [one] = named;
    if (!one) {
      const list = known.filter(({ imported }) => !imported).map((certificate) => certificate.name);
      throw new ToolError("certificate-unknown", `no certificate ${name}; known: ${list.join(", ") || "none"}`);
    }
    throw new ToolError("certificate-unknown", `${one.file} is issued by others; renew it where it was issued`);
  }
}

/** The stacks as they are declared. Nothing is made or issued for it, and a certificate that does not fit is said. */
async function declaredStacks(project: Project, out: Output): Promise<Stack[]> {
  return (await synthesize(project, withoutRemarks(out), { createKeys: "never", reissue: false, newKeys: false }))
    .stacks;
}
