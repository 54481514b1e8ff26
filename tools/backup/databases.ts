import { type Place, query, ROLE } from "./in-container";

// Beside the database that Keycloak uses, a restore has two others: the one that it fills, and the one that was there before.
// They change places by their names, in one transaction: whenever a run is cut off, Keycloak's own name leads to a whole one.

/** What earlier restores left. */
export interface Leftovers {
  /** A database that was being filled. */
  readonly filled: readonly string[];
  /** Databases that were there before a restore, of which it was not known yet whether Keycloak can use what it restored. */
  readonly before: readonly string[];
}

export function filledName({ database }: Place): string {
  return `${database}_restored`;
}

/** The name has the time: it says what it is to whoever finds it. */
export function beforeName({ database }: Place, now: Date): string {
  return `${database}_before_${now
    .toISOString()
    .replace(/[-:]|\.\d+/g, "")
    .toLowerCase()}`;
}

export async function leftovers(place: Place): Promise<Leftovers> {
  const rows = await query(place, "postgres", "SELECT datname FROM pg_database ORDER BY datname");
  const names = rows.map(([name = ""]) => name);
  return {
    filled: names.filter((name) => name === filledName(place)),
    before: names.filter((name) => name.startsWith(`${place.database}_before_`)),
  };
}

/** An empty one, for Keycloak's role. */
export async function makeFilled(place: Place): Promise<void> {
  await query(place, "postgres", `CREATE DATABASE ${filledName(place)} OWNER ${ROLE} TEMPLATE template0`);
}

export async function drop(place: Place, names: readonly string[]): Promise<void> {
  for (const name of names) await query(place, "postgres", `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
}

/** The filled one takes the place of the present one, which is called `before` from then on. */
export async function swapIn(place: Place, before: string): Promise<void> {
  await rename(place, [
    [place.database, before],
    [filledName(place), place.database],
  ]);
}

/** And back. */
export async function swapBack(place: Place, before: string): Promise<void> {
  await rename(place, [
    [place.database, filledName(place)],
    [before, place.database],
  ]);
}

/** Nobody may be connected: whoever is, such as a backup, is cut off. */
async function rename(place: Place, pairs: readonly (readonly [from: string, to: string])[]): Promise<void> {
  const names = pairs.flat().map((name) => `'${name}'`);
  const cutOff = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname IN (${names.join(", ")}) AND pid <> pg_backend_pid()`;
  const renames = pairs.map(([from, to]) => `ALTER DATABASE ${from} RENAME TO ${to}`);
  await query(place, "postgres", [cutOff, ...renames].join("; "));
}
