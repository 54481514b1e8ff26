import { shown } from "../keys/shown";
import type { IKeycloakServer } from "../server";
import type { SignedJwtClient } from "../signed-jwt-client";
import { check } from "./checks";

/** Clients whose silence is told have to be on the server that is watched: it counts their sign-ins. */
export function checkCallers(callers: readonly SignedJwtClient[], server: IKeycloakServer): string[] {
  return callers
    .filter(({ realm }) => realm.server.url !== server.url)
    .map(
      ({ clientId, realm }) =>
        `\`callers\` must be clients on \`server\`, which counts their sign-ins, got: ${shown(clientId)} on ${realm.server.url}, and the server ${server.url}; watch that one by a Monitoring of its own`,
    );
}

/** In a shorter time a counter is not seen twice, so nobody would ever be told. */
export function checkSilence(silenceSeconds: number, scrapeSeconds: number): string[] {
  if (!(silenceSeconds < 2 * scrapeSeconds)) return [];
  return [
    `\`silenceSeconds\` must be at least two times \`scrapeSeconds\`, got: ${shown(silenceSeconds)} and ${shown(scrapeSeconds)}`,
  ];
}

export function checkDays(prop: string, days: number, most: number): string[] {
  const isDays = (value: number) => Number.isInteger(value) && value >= 1 && value <= most;
  return check(prop, days, isDays, `must be a whole number of days between 1 and ${most}`);
}

/** Below 95 % no error could ever burn the rest fast enough for an alert (14.4 times as fast as allowed). */
export function checkPercent(prop: string, percent: number): string[] {
  const rule = "must be a number from 95 to 99.999";
  return check(prop, percent, (value) => Number.isFinite(value) && value >= 95 && value <= 99.999, rule);
}

export function checkMilliseconds(prop: string, milliseconds: number): string[] {
  const isIn = (value: number) => Number.isInteger(value) && value >= 1 && value <= 60_000;
  return check(prop, milliseconds, isIn, "must be a whole number of milliseconds between 1 and 60000");
}
