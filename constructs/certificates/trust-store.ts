import type { X509Certificate } from "node:crypto";
import { BMPSTRING, der, integer, OCTETSTRING, octets, oid, primitive, sequence, set, tagged } from "../keys/asn1";

const DATA = "1.2.840.113549.1.7.1";
const CERTIFICATE_BAG = "1.2.840.113549.1.12.10.1.3";
const X509_CERTIFICATE = "1.2.840.113549.1.9.22.1";
const FRIENDLY_NAME = "1.2.840.113549.1.9.20";
/** Java takes a certificate for a trusted one only if it says so by this attribute. */
const TRUSTED_KEY_USAGE = "2.16.840.1.113894.746875.1.1";
const ANY_PURPOSE = "2.5.29.37.0";

/**
 * CAs as a PKCS#12 trust store, which Keycloak reads again at run time; one in PEM would stop all its reloading. It holds no
 * secret, so nothing is encrypted and no password checked. The same CAs give the same bytes. Each is in there byte by byte:
 * a signature counts for no other encoding.
 *
 * @see RFC 7292 sections 4 and 5
 */
export function trustStore(authorities: readonly X509Certificate[]): Buffer {
  const bags = authorities.map((one, at) =>
    sequence(
      oid(CERTIFICATE_BAG),
      tagged(0, sequence(oid(X509_CERTIFICATE), tagged(0, primitive(OCTETSTRING, one.raw.toString("latin1"))))),
      set(
        sequence(oid(FRIENDLY_NAME), set(primitive(BMPSTRING, `ca${at + 1}`))),
        sequence(oid(TRUSTED_KEY_USAGE), set(oid(ANY_PURPOSE))),
      ),
    ),
  );
  const safe = sequence(sequence(oid(DATA), tagged(0, octets(sequence(...bags)))));
  return der(sequence(integer(3), sequence(oid(DATA), tagged(0, octets(safe)))));
}
