import { createHash } from "node:crypto";
import { createDpopKey, createGuard, createVerifier } from "../../machines";
import { median, row, table } from "../figures";
import { localIssuer } from "../machine/local-issuer";
import { aimAt, inWords, type Section } from "../machine/part";
import { alternate, microseconds } from "../machine/rounds";

const ROUNDS = 7;
const CALLS = 1000;
const REQUEST = { method: "GET", url: "https://machine-b:3000/api/protected" };

/** One call at a guard, on one core: a bearer token, one bound to a certificate, and one bound by DPoP with a new proof. */
export async function verifyingBound(signal: AbortSignal): Promise<Section> {
  const { server, open, stop } = await localIssuer("ES256");
  const issuer = open();
  const key = createDpopKey();
  const certificate = Buffer.from("any bytes: the guard compares their hash");
  try {
    const thumbprint = createHash("sha256").update(certificate).digest("base64url");
    const bearer = await server.mint();
    const byCertificate = await server.mint({ cnf: { "x5t#S256": thumbprint } });
    const byProof = await server.mint({ cnf: { jkt: key.thumbprint } });
    const verify = createVerifier(issuer, { audience: "machine-b", algorithms: ["ES256"] });
    const guard = createGuard({ verify, origin: "https://machine-b:3000" });
    const proofs = () => Array.from({ length: CALLS }, () => key.proof({ ...REQUEST, accessToken: byProof }));
    const taken = (scheme: string, token: string, dpopOf: (index: number) => string | undefined) =>
      microseconds(CALLS, async (index) => {
        const verdict = await guard(`${scheme} ${token}`, { ...REQUEST, dpop: dpopOf(index), certificate });
        if (!("token" in verdict)) throw new Error(JSON.stringify(verdict.refusal.body));
      });
    const times = await alternate(
      {
        bearer: () => taken("Bearer", bearer, () => undefined),
        certificate: () => taken("Bearer", byCertificate, () => undefined),
        dpop: () => {
          const made = proofs(); // the caller's work
          return taken("DPoP", byProof, (index) => made[index]);
        },
      },
      ROUNDS,
      signal,
    );
    const perSecond = 1_000_000 / median(times.dpop);
    const line = (name: string, values: readonly number[]) =>
      row([name, inWords(median(values)), Math.round(1_000_000 / median(values))]);
    return {
      title: "A call at the guard, on one core",
      text: [
        table(
          ["token", "one, µs", "a second"],
          [
            line("bearer, remembered", times.bearer),
            line("bound to a certificate, remembered", times.certificate),
            line("DPoP, remembered, a new ES256 proof each", times.dpop),
          ],
        ),
      ],
      aims: [
        aimAt("a DPoP-verified call 5,000 times a second and core on ES256", perSecond, { least: 5000 }, " a second"),
      ],
    };
  } finally {
    await issuer.close();
    await stop();
  }
}
