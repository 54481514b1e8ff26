import { existsSync, statSync } from "node:fs";
import { quoted } from "../keys/shown";
import type { IKeycloakInDocker } from "../server";
import type { SignedJwtClient } from "../signed-jwt-client";
import type { IPublicKeys, ISigningKey } from "../signing-key";
import { check, isHostName } from "./checks";
import { type MachineLimits, USUAL_MEGABYTES } from "./hardened-machine";
import { checkCpus, checkMegabytes } from "./limit-checks";

/** Node.js alone takes some 40. */
const LEAST_MEGABYTES = 64;

export function checkMachineLimits({ memoryMegabytes, cpus }: MachineLimits, isProduction: boolean): string[] {
  if (!isProduction) {
    const given = Object.entries({ memoryMegabytes, cpus }).filter(([, value]) => value !== undefined);
    return given.map(
      ([name]) => `\`${name}\` needs \`mode: "production"\`, here or of the server; add it, or leave \`${name}\` out`,
    );
  }
  return [...checkMegabytes(memoryMegabytes ?? USUAL_MEGABYTES, LEAST_MEGABYTES, USUAL_MEGABYTES), ...checkCpus(cpus)];
}

/** The container gets a copy of the key's file. */
export function checkKeyFile(key: IPublicKeys): string[] {
  if (isPair(key)) return [];
  return [
    "`client` must sign with a key whose file is here, as a SigningKeyPair has it, got: one with public keys alone; run the machine where its key is",
  ];
}

function isPair(key: IPublicKeys): key is ISigningKey {
  return "kid" in key;
}

/** Compared by address, since several objects may stand for one server. */
export function checkServer({ realm }: SignedJwtClient, server: IKeycloakInDocker): string[] {
  if (realm.server.url === server.url) return [];
  return [
    `\`client\` must be in a realm on \`server\`, whose network this joins, got: a realm on ${realm.server.url} and the server ${server.url}; pass the realm's own server`,
  ];
}

export function checkHostName(given: string | undefined, clientId: string): string[] {
  const rule = "must be a host name: letters, digits, dashes and dots, and no IP address";
  if (given !== undefined) return check("hostName", given, isHostName, rule);
  if (isHostName(clientId)) return [];
  return [`\`hostName\` ${rule}, got: none, and the client id ${quoted(clientId)} cannot be one; give one`];
}

/** @param path where the program is, by what was given */
export function checkProgram(given: string, path: string): string[] {
  const rule = "must be a file, relative to cdktf.json; bundle it before the synthesis, or leave it out";
  return check("program", given, () => isFile(path), rule);
}

function isFile(path: string): boolean {
  return existsSync(path) && statSync(path).isFile();
}
