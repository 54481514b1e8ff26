import { constants, type KeyObject, sign } from "node:crypto";
import { SignJWT } from "jose";
import { type SigningKey, signAssertion } from "../../machines";
import { testFolder } from "../../test/machines/issuer-fixture";
import { median, row, table } from "../figures";
import { ALGORITHMS, type Algorithm } from "./local-issuer";
import { type Aim, aimAt, inWords, type Part } from "./part";
import { alternate, microseconds, ratio } from "./rounds";

const ROUNDS = 15;
const TIMES = 300;
const ISSUER = "https://keycloak.example/realms/sjwt-example";

/** An assertion, beside the bare signature of the same bytes and beside jose's way to the same assertion. */
export const signing: Part = async ({ signal }) => {
  const folder = testFolder();
  const rows: string[] = [];
  const aims: Aim[] = [];
  for (const algorithm of ALGORITHMS) {
    const signingKey = await folder.key(`${algorithm}.key`, algorithm);
    const options = { clientId: "machine-a", issuer: ISSUER, signingKey };
    const bytes = Buffer.from((await signAssertion(options)).split(".").slice(0, 2).join("."));
    const times = await alternate(
      {
        library: () => microseconds(TIMES, () => signAssertion(options)),
        bare: () => microseconds(TIMES, () => bareSignature(algorithm, signingKey.privateKey, bytes)),
        jose: () => microseconds(TIMES, () => byJose(signingKey)),
      },
      ROUNDS,
      signal,
    );
    const [toBare, toJose] = [ratio(times.library, times.bare), ratio(times.jose, times.library)];
    const taken = [times.library, times.bare, times.jose].map((values) => inWords(median(values)));
    rows.push(row([algorithm, ...taken, `${inWords(toBare)} ×`, `${inWords(toJose)} ×`]));
    aims.push(aimAt(`an assertion by ${algorithm} in at most 1.5 × its bare signature`, toBare, { most: 1.5 }));
  }
  folder.remove();
  const heads = ["algorithm", "`signAssertion`, µs", "`crypto.sign`, µs", "jose's `SignJWT`, µs"];
  return {
    title: "Signing an assertion",
    text: [table([...heads, "beside `crypto.sign`", "jose beside the library"], rows)],
    aims,
  };
};

function bareSignature(algorithm: Algorithm, key: KeyObject, bytes: Buffer): Buffer {
  if (algorithm === "EdDSA") return sign(null, bytes, key);
  if (algorithm === "ES256") return sign("sha256", bytes, { key, dsaEncoding: "ieee-p1363" });
  if (algorithm === "RS256") return sign("sha256", bytes, key);
  return sign("sha256", bytes, { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 });
}

function byJose({ algorithm, kid, privateKey }: SigningKey): Promise<string> {
  return new SignJWT({ jti: crypto.randomUUID() })
    .setProtectedHeader({ alg: algorithm, typ: "JWT", kid })
    .setIssuer("machine-a")
    .setSubject("machine-a")
    .setAudience(ISSUER)
    .setIssuedAt()
    .setExpirationTime("60s")
    .sign(privateKey);
}
