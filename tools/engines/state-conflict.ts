/** What a run says that met another one at the same state. */
export interface Conflict {
  readonly code: "busy" | "state-changed";
  readonly text: string;
}

/** Terraform's own sentences, and who holds the lock by the lines below them; `undefined` where there was no other run. */
export function conflictIn(output: string, stack: string): Conflict | undefined {
  if (/Saved plan is stale/.test(output)) {
    return {
      code: "state-changed",
      text: `another run has changed the state of stack ${stack} since this one planned, and nothing of it was changed here; bring your checkout up to date, look at \`m2m diff\`, and run this again`,
    };
  }
  if (!/Error acquiring the state lock/.test(output)) return undefined;
  const line = (name: string) => new RegExp(`^\\W*${name}: +(\\S.*?)\\s*$`, "m").exec(output)?.[1];
  const id = line("ID");
  // A lock that somebody holds has an id. Without one, the backend itself has failed.
  if (id === undefined) return undefined;
  const since = line("Created")?.replace(/\.\d+.*$/, "");
  return {
    code: "busy",
    text: `another run holds the lock of the state of stack ${stack} (${line("Who")}, since ${since} UTC), and nothing of it was changed here; wait for it to end, bring your checkout up to date, and run this again. If no run is left, \`terraform force-unlock ${id}\` in cdktf.out/stacks/${stack} removes the lock`,
  };
}
