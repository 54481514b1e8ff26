import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type Issuer, loadSigningKey, openIssuer, requestToken, type SigningKey } from "../../machines";
import type { Environment } from "../tls/environments";

/** The first machine of an environment, which asks for tokens. */
export interface MachineA {
  readonly issuer: Issuer;
  readonly signingKey: SigningKey;
  grant(clientId?: string): Promise<unknown>;
  /** Seconds until a token is granted. */
  untilGranted(): Promise<number>;
}

export function machineA({ folder, connectTo, issuer: name, caFile }: Environment): MachineA {
  const tls = caFile === undefined ? { allowInsecureHttp: true } : { tls: { caFile } };
  const issuer = openIssuer({ issuer: name, connectTo, log: () => {}, ...tls });
  const signingKey = loadSigningKey(join(folder, "certs", "machine-a-signing.key"));
  const grant = (clientId = "machine-a") => requestToken(issuer, { clientId, signingKey });
  return {
    issuer,
    signingKey,
    grant,
    untilGranted: async () => {
      const begun = performance.now();
      for (;;) {
        if (
          await grant().then(
            () => true,
            () => false,
          )
        )
          return (performance.now() - begun) / 1000;
        if (performance.now() - begun > LONGEST_MS) throw new Error(`no token within ${LONGEST_MS / 1000} s`);
        await sleep(50);
      }
    },
  };
}

const LONGEST_MS = 300_000;
