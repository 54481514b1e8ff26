import { X509Certificate } from "node:crypto";
import { TEST_ISSUER, TEST_SEAL, testPublicKey, testValidity } from "../keys/for-tests";
import { commonName, keyIdentifier, signCertificate } from "../keys/sign-certificate";
import { type Chain, isSelfIssued } from "./chain";
import type { Authority, CertificateRequest } from "./issued";
import { shapeFor } from "./key-algorithms";

/** What is asked for in a unit test. */
interface TestCertificate extends Pick<CertificateRequest, "name" | "keyAlgorithm" | "validityDays" | "extensions"> {
  /** Tells apart two of one name. */
  readonly directory: string;
  /** Who issues; a root has none. */
  readonly issuer?: Authority;
  /** Those that are not sent along. Nobody signed them, so it cannot be seen which they are. */
  readonly roots: readonly X509Certificate[];
}

/** A certificate that nobody signed over a key that nobody has: of the same text in every run. */
export function chainForTests(request: TestCertificate): Chain {
  const { name, directory, keyAlgorithm, validityDays, extensions, issuer, roots } = request;
  const publicKey = testPublicKey(shapeFor(keyAlgorithm), `certificate ${directory}/${name}`);
  const content = { subject: commonName(name), publicKey, ...testValidity(validityDays), extensions };
  const nobody = { key: publicKey, name: commonName(TEST_ISSUER), keyIdentifier: keyIdentifier(publicKey) };
  const leaf = new X509Certificate(signCertificate(content, issuer ?? nobody, TEST_SEAL));
  const over = issuer ? [issuer.chain.leaf, ...issuer.chain.above] : [];
  const isRoot = (one: X509Certificate) =>
    isSelfIssued(one) || roots.some(({ fingerprint256 }) => fingerprint256 === one.fingerprint256);
  return { leaf, above: over.filter((one) => !isRoot(one)) };
}
