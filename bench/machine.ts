// The machine library, beside the plain use of jose, oauth4webapi and node:crypto.
//
//   npx tsx bench/machine.ts [PART…] [--project FOLDER]
//
// PARTs, all of them by default: cold hits count signing verifying observing introspection outage keycloak
//
// Starts a Keycloak of its own where a part needs one, with names and ports of its own, and takes it down at the end and
// on Ctrl-C. Needs an environment that `./m2m up` has brought once. With --project it uses the one that is up in that
// folder, whose administrator's password is in KEYCLOAK_PASSWORD.
import { cpus } from "node:os";
import { parseArgs } from "node:util";
import { row, table } from "./figures";
import { cold } from "./machine/cold";
import { count } from "./machine/count";
import { hits } from "./machine/hits";
import { introspection } from "./machine/introspection";
import { type Keycloak, startKeycloak, useKeycloak } from "./machine/keycloak";
import { keycloakGrants } from "./machine/keycloak-grants";
import { observing } from "./machine/observing";
import { outage } from "./machine/outage";
import type { Part, Section } from "./machine/part";
import { signing } from "./machine/signing";
import { verifying } from "./machine/verifying";

const PARTS: Readonly<Record<string, Part>> = {
  cold,
  hits,
  count,
  signing,
  verifying,
  observing,
  introspection,
  outage,
  keycloak: keycloakGrants,
};

async function main(): Promise<void> {
  const { positionals, values } = parseArgs({ allowPositionals: true, options: { project: { type: "string" } } });
  const odd = positionals.find((name) => !Object.hasOwn(PARTS, name));
  if (odd !== undefined) throw new Error(`PART must be one of ${Object.keys(PARTS).join(", ")}, got: ${odd}`);
  const abort = new AbortController();
  for (const name of ["SIGINT", "SIGTERM"] as const) {
    process.once(name, () => abort.abort(new Error(`ended by ${name}`)));
  }

  let keycloak: Promise<Keycloak> | undefined;
  const bring = () => {
    say("starting Keycloak");
    return values.project ? useKeycloak(values.project, process.env.KEYCLOAK_PASSWORD ?? "change_me") : startKeycloak();
  };
  const bench = {
    signal: abort.signal,
    keycloak: () => {
      keycloak ??= bring();
      return keycloak;
    },
  };
  const sections: Section[] = [];
  let version: string | undefined;
  try {
    for (const name of positionals.length > 0 ? positionals : Object.keys(PARTS)) {
      abort.signal.throwIfAborted();
      const begun = performance.now();
      sections.push(await PARTS[name]!(bench));
      say(`${name}: ${((performance.now() - begun) / 1000).toFixed(0)} s`);
    }
    version = (await keycloak)?.version;
  } finally {
    await keycloak?.then(
      ({ stop }) => stop(),
      () => undefined,
    );
  }
  console.log(markdown(sections, version));
}

function markdown(sections: readonly Section[], version?: string): string {
  const with_ = version === undefined ? "" : `, Keycloak ${version}`;
  const machine = `${cpus().length} cores (${cpus()[0]?.model.trim()}), Node.js ${process.versions.node}${with_}.`;
  const blocks = sections.flatMap(({ title, text }) => [`#### ${title}`, ...text]);
  const aims = sections.flatMap((section) => section.aims);
  const rows = aims.map(({ aim, measured, met }) => row([aim, measured, met ? "met" : "**not met**"]));
  return [machine, ...blocks, "#### Aims", table(["aim", "measured", ""], rows)].join("\n\n");
}

function say(text: string): void {
  console.error(text);
}

main().catch((error) => {
  console.error((error as Error).message);
  process.exitCode = 1;
});
