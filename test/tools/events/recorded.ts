// What real Keycloaks told of the same refusals, in test/fixtures/events: their events, their logs and their answers.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { LoginEvent } from "../../../tools/events/login-events";

/** The recordings: by version, and one with the log in JSON. */
export const RECORDINGS = ["26.4.7", "26.7.2", "26.4.7-json"] as const;

export interface Recording {
  readonly realm: string;
  /** What was asked, by its name in the tests, in the order of time, with the answer. */
  readonly asked: readonly {
    readonly name: string;
    readonly at: number;
    readonly status: number;
    readonly error_description: string | null;
  }[];
  readonly events: readonly LoginEvent[];
  /** As `docker logs --timestamps` prints it. */
  readonly log: string;
}

export function recording(name: (typeof RECORDINGS)[number]): Recording {
  const file = join(__dirname, "..", "..", "fixtures", "events", name);
  return { ...JSON.parse(readFileSync(`${file}.json`, "utf8")), log: readFileSync(`${file}.log`, "utf8") };
}

/** What was asked at a time. */
export function askedAt({ asked }: Recording, time: string): string {
  return asked.filter(({ at }) => at <= Date.parse(time)).at(-1)?.name ?? "nothing";
}
