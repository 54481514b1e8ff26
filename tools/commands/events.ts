import { shown } from "../../constructs/keys/shown";
import { command, usage } from "../cli/command";
import { follow } from "../events/follow";
import { printSighting } from "../events/print-sighting";
import { gaps, type Question, readSightings } from "../events/read-events";
import { realmsToWatch, type WatchedRealm } from "../events/realms";
import type { Sighting } from "../events/sightings";
import { withAdminApi } from "../keycloak/admin-api";
import type { Output } from "../output";
import { openProject } from "../project/project";

export const eventsCommand = command({
  name: "events",
  help: "who was granted or refused a token, why, and what to do",
  options: {
    follow: { help: "go on with what happens from now on" },
    client: { value: "ID", help: "of this client alone" },
    refused: { help: "refusals alone" },
    since: { value: "DURATION", help: "how far back, as in 90s, 30m, 24h or 7d (1h)" },
    tail: { value: "N", help: "how many, the latest of them (100)" },
  },
  async run({ options, out, interruption }) {
    const { client, refused: refusedOnly } = options;
    const most = readCount(options.tail ?? "100");
    const since = new Date(Math.max(Date.now() - readDuration(options.since ?? "1h"), 0));
    const question = { client, refusedOnly, most, since };
    const project = openProject();
    const realms = realmsToWatch(project);
    if (!options.follow) {
      await show(realms, question, out);
      return 0;
    }
    await tellGaps(realms, out);
    const print = (one: Sighting) =>
      void process.stdout.write(`${out.json ? JSON.stringify(one) : line(realms, one)}\n`);
    await follow({ question, realms: () => realmsToWatch(project), show: print, out, interruption });
    return 0;
  },
});

/** Prints who was granted or refused in some realms. */
export async function show(realms: readonly WatchedRealm[], question: Question, out: Output): Promise<void> {
  await tellGaps(realms, out);
  const found = await Promise.all(
    realms.map((one) => withAdminApi(one.stack, one.alias, (ask) => readSightings(ask, one, question))),
  );
  const all = found
    .flat()
    .sort((one, two) => (one.time < two.time ? -1 : 1))
    .slice(-question.most);
  if (all.length === 0) out.warn("nobody was granted or refused in this time");
  if (all.length === question.most) out.say(`these are the latest ${question.most}; --tail shows more`);
  out.result(all.map((one) => line(realms, one)).join("\n"), all);
}

async function tellGaps(realms: readonly WatchedRealm[], out: Pick<Output, "warn">): Promise<void> {
  const found = await Promise.all(realms.map((one) => withAdminApi(one.stack, one.alias, (ask) => gaps(ask, one))));
  for (const gap of found.flat()) out.warn(gap);
}

function line(realms: readonly WatchedRealm[], one: Sighting): string {
  const withRealm = realms.filter(({ realm }) => realm !== "master").length > 1;
  return printSighting(one, { withRealm });
}

function readCount(text: string): number {
  if (/^\d{1,5}$/.test(text) && Number(text) > 0) return Number(text);
  throw usage(`--tail must be a number of events, 1 to 99999, got: ${shown(text)}`);
}

const UNITS = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** Milliseconds of a duration as `docker logs --since` takes it, and days. */
function readDuration(text: string): number {
  const parts = [...text.matchAll(/(\d{1,6})([smhd])/g)];
  const isWhole = parts.length > 0 && parts.map(([part]) => part).join("") === text;
  const ms = parts.reduce((sum, [, number, unit]) => sum + Number(number) * UNITS[unit as keyof typeof UNITS], 0);
  if (isWhole && ms > 0) return ms;
  throw usage(`--since must be a duration such as 90s, 30m, 24h or 7d, got: ${shown(text)}`);
}
