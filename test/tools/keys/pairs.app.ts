// An app that needs no cdktf. It declares the pairs of `pairs.json` with the writers that constructs use.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { CLIENT, keyAttributes } from "../../../constructs/contract/client-keys";
import { DEPLOYER_MARKER, pairMarker } from "../../../constructs/contract/markers";
import type { Override } from "../../../constructs/contract/terraform-json";
import { acceptedOf, activeOf, factsOf, type KeyRecord } from "../../../constructs/keys/key-record";
import { readRecord } from "../../../constructs/keys/key-store";
import { filesOf, type PairFiles } from "../../../constructs/keys/pair-files";
import { manifestOf } from "../manifest";
import { overridden } from "../overridden";
import type { Declared } from "./keys-project";

const { clients, backend, deployer }: Declared = JSON.parse(readFileSync("pairs.json", "utf8"));
const out = process.env.CDKTF_OUTDIR!;

/** What a client of a pair publishes, and the pair's description, by its record. */
function declared(path: string): { readonly attributes: Record<string, string>; readonly marker: Override } {
  const [name, below = ""] = path.split("/").reverse() as [string, string?];
  const directory = below ? `certs/${below}` : "certs";
  const record = recordOf(filesOf(process.cwd(), { name, directory }));
  const kids = acceptedOf(record).map(({ kid }) => kid);
  const revoked = record.keys.filter(({ state }) => state === "revoked").map(({ kid }) => kid);
  const description = { name, directory, privateKeyDirectory: directory, validityDays: 90, kids, revoked };
  return {
    attributes: attributesOf(record, path),
    marker: pairMarker(path, { ...description, algorithm: "EdDSA" }),
  };
}

/** Takes the certificate where the record is damaged, so that `m2m` finds the damage itself. */
function recordOf(files: PairFiles): KeyRecord {
  try {
    return readRecord(files, "EdDSA")!;
  } catch {
    return readRecord({ ...files, record: `${files.record}.none` }, "EdDSA")!;
  }
}

function attributesOf(record: KeyRecord, where: string): Record<string, string> {
  const active = factsOf(activeOf(record), where);
  const acceptedKeys = acceptedOf(record).map((entry) => {
    return { ...factsOf(entry, where), state: entry.state as "prepared" | "active" | "retiring" };
  });
  return keyAttributes({ ...active, certificateBase64: active.base64, acceptedKeys });
}

const pairs = Object.entries(clients).map(([path, ids]) => ({ ids, ...declared(path) }));
const resources = pairs.flatMap(({ ids, attributes }) =>
  ids.map((id) => {
    const client = { client_id: id, realm_id: "r", extra_config: attributes };
    return [id, id === deployer ? overridden(client, DEPLOYER_MARKER) : client];
  }),
);
const stack = { terraform: { backend }, resource: { [CLIENT]: Object.fromEntries(resources) } };
const json = overridden(stack, ...pairs.map(({ marker }) => marker));
mkdirSync(out, { recursive: true });
writeFileSync(join(out, "cdk.tf.json"), JSON.stringify(json));
writeFileSync(join(out, "manifest.json"), manifestOf());
