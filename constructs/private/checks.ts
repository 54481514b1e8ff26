import { isIP } from "node:net";
import { Token } from "cdktf";
import { quoted, shown } from "../keys/shown";

/**
 * Checks one rule of one prop. Returns the problem in words, or nothing.
 *
 * A token of cdktf is refused: only Terraform will know its value, so it cannot be checked, nor go into names, addresses
 * and files that the synthesis makes.
 *
 * @param mustBe the rule and, after `; `, what to do if the rule does not say it
 */
export function check<T>(prop: string, value: T, holds: (value: T) => boolean, mustBe: string): string[] {
  if (Token.isUnresolved(value)) {
    return [
      `\`${prop}\` must be known at synthesis, got: a value that only Terraform will know (a token of cdktf); pass the text or number itself`,
    ];
  }
  if (holds(value)) return [];
  const [rule, ...remedy] = mustBe.split("; ");
  return [[`\`${prop}\` ${rule}, got: ${quoted(value)}`, ...remedy].join("; ")];
}

/** The same for what only ends up in an argument, where Terraform resolves a token. */
export function checkOrToken<T>(prop: string, value: T, holds: (value: T) => boolean, mustBe: string): string[] {
  return Token.isUnresolved(value) ? [] : check(prop, value, holds, mustBe);
}

export function checkPort(prop: string, port: number): string[] {
  return check(prop, port, (p) => isBetween(p, 1, 65_535), "must be a port between 1 and 65535");
}

/** Whole seconds, from 1 on. */
export function checkSeconds(prop: string, seconds: number, most: number, usual: number): string[] {
  const rule = `must be a whole number between 1 and ${most}; use ${usual}, or leave it out`;
  return check(prop, seconds, (s) => isBetween(s, 1, most), rule);
}

/** For a realm's tokens, or those of one client. */
export function checkTokenLifespan(seconds: number): string[] {
  return checkSeconds("accessTokenLifespanSeconds", seconds, 86_400, 300);
}

/** Every option of a construct; the compiler tells where one is missing. */
export type Known<Props> = { readonly [name in keyof Required<Props>]: true };

/** Refuses options that there are not: without the types of TypeScript a typo would go unnoticed. */
export function checkKnown<Props extends object>(props: Props, known: Known<Props>): string[] {
  const names = Object.keys(known);
  const strange = Object.keys(props).filter((name) => !names.includes(name));
  return strange.map((name) => `\`${shown(name)}\` is not an option; the options are ${names.join(", ")}`);
}

/** Docker's own rule, for containers; networks and volumes take the same. */
export function checkContainerName(prop: string, name: string): string[] {
  const rule =
    "must be 2 or more letters, digits, dots, dashes or underscores, the first a letter or digit (Docker's rule)";
  return check(prop, name, (n) => /^[a-z0-9][a-z0-9_.-]+$/i.test(n), rule);
}

/** A name that Docker's network resolves and that a URL can hold. What reads as an IP address is none. */
export function isHostName(name: string): boolean {
  const labels = /^[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)*$/i;
  const address = `http://${name}`;
  return (
    labels.test(name) && isIP(name) === 0 && URL.canParse(address) && new URL(address).hostname === name.toLowerCase()
  );
}

/** A reference to an image, with or without registry, tag and digest. It goes into a Dockerfile. */
export function checkImage(prop: string, image: string): string[] {
  const rule = "must name an image, without white space; for example quay.io/keycloak/keycloak:26.4";
  return check(prop, image, (i) => /^[\w[][\w.:/@+[\]-]*$/.test(i), rule);
}

export function checkUrl(prop: string, url: string): string[] {
  const user = Token.isUnresolved(url) ? undefined : /^[a-z]*:?\/*[^/?#]*@/i.exec(url)?.[0];
  if (user !== undefined) {
    return [
      `\`${prop}\` must hold no user and no password, as it is part of the JSON, got: some before ${quoted(url.slice(user.length - 1))}; give them in KEYCLOAK_USER and KEYCLOAK_PASSWORD, or by a \`provider\` of your own`,
    ];
  }
  return check(prop, url, isPlainUrl, "must be an http or https URL without query, fragment and trailing slash");
}

function isPlainUrl(url: string): boolean {
  return /^https?:\/\/[^\s?#{}]*[^\s?#{}/]$/i.test(url) && URL.canParse(url);
}

function isBetween(value: number, least: number, most: number): boolean {
  return Number.isInteger(value) && value >= least && value <= most;
}
