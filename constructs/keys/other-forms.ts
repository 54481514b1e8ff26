import { createPrivateKey, createPublicKey, X509Certificate } from "node:crypto";
import { INTEGER, members, SEQUENCE } from "./der";

/** Text in PEM that came through a variable or JSON has its line ends as two characters. */
export function withLineEnds(pem: string): string {
  return pem
    .replaceAll(/\\r?\\n|\\n/g, "\n")
    .trim()
    .replace(/^(["'])([\s\S]*)\1$/, "$2");
}

/**
 * What a file holds that is no private key in PEM, in words, and the command that makes one of it, for errors. `undefined`
 * for what is not known. Nothing of the content is in the words.
 */
export function otherForm(bytes: Buffer): string | undefined {
  const text = bytes
    .toString("utf8")
    .replace(/^\ufeff/, "")
    .trim();
  if (text === "") return "an empty file";
  if (/^(\xff\xfe|\xfe\xff)/.test(bytes.toString("latin1", 0, 2))) {
    return "text in UTF-16; write it in UTF-8: iconv -f UTF-16 -t UTF-8 FILE";
  }
  return ofPem(text) ?? ofJson(text) ?? ofBytes(bytes) ?? ofBase64(text);
}

const PEM: readonly [label: RegExp, words: string][] = [
  [/^OPENSSH PRIVATE KEY$/, "a private key of OpenSSH; convert it: ssh-keygen -p -m PKCS8 -f FILE"],
  [/^PGP /, "a key of PGP, which does not sign tokens"],
  [/^CERTIFICATE REQUEST$/, "a certificate request, which holds a public key alone"],
  [/^PKCS7$/, "a PKCS#7 bundle; take the certificates out of it: openssl pkcs7 -print_certs -in FILE"],
];

function ofPem(text: string): string | undefined {
  const label = /-----BEGIN ([A-Z0-9 ]{1,30})-----/.exec(text)?.[1];
  if (label === undefined) {
    return text.startsWith("PuTTY-User-Key-File")
      ? "a key of PuTTY; export it: puttygen FILE -O private-openssh"
      : undefined;
  }
  return PEM.find(([pattern]) => pattern.test(label))?.[1];
}

const JWK_TO_PEM =
  'node -p \'crypto.createPrivateKey({ key: JSON.parse(fs.readFileSync("FILE")), format: "jwk" }).export({ type: "pkcs8", format: "pem" })\'';

function ofJson(text: string): string | undefined {
  if (!text.startsWith("{")) return undefined;
  try {
    const { kty, d, k, keys } = JSON.parse(text);
    if (Array.isArray(keys)) return "a JWK set; take the one key that is meant out of it";
    if (k !== undefined) return "a shared secret as a JWK, and no private key";
    if (kty === undefined) return "JSON that is no JWK";
    return d === undefined ? "a public key as a JWK" : `a private key as a JWK; convert it: ${JWK_TO_PEM}`;
  } catch {
    return "JSON that cannot be parsed";
  }
}

function ofBytes(bytes: Buffer): string | undefined {
  if (bytes.toString("hex", 0, 4) === "feedfeed") {
    return "a Java keystore (JKS); convert it: keytool -importkeystore -srckeystore FILE -destkeystore FILE.p12 -deststoretype PKCS12";
  }
  const [outer] = members(bytes);
  if (outer?.tag !== SEQUENCE) return undefined;
  const [first, second] = members(outer.content);
  if (first?.tag === INTEGER && first.content.equals(Buffer.of(3)) && second?.tag === SEQUENCE) {
    return "a PKCS#12 store; take the key out of it: openssl pkcs12 -in FILE -nocerts -nodes -out FILE.pem";
  }
  const forms: readonly [() => unknown, string][] = [
    ...(["pkcs8", "pkcs1", "sec1"] as const).map(
      (type) =>
        [
          () => createPrivateKey({ key: bytes, format: "der", type }),
          "a private key in DER; convert it: openssl pkey -inform DER -in FILE -out FILE.pem",
        ] as [() => unknown, string],
    ),
    [
      () => new X509Certificate(bytes),
      "a certificate in DER; convert it: openssl x509 -inform DER -in FILE -out FILE.pem",
    ],
    [() => createPublicKey({ key: bytes, format: "der", type: "spki" }), "a public key in DER"],
  ];
  const found = forms.find(([parse]) => works(parse))?.[1];
  const isEncrypted = first?.tag === SEQUENCE && second?.tag === OCTET_STRING;
  return (
    found ??
    (isEncrypted
      ? "an encrypted private key in DER; convert it: openssl pkcs8 -inform DER -topk8 -in FILE -out FILE.pem"
      : undefined)
  );
}

const OCTET_STRING = 0x04;

function ofBase64(text: string): string | undefined {
  const body = text.replaceAll(/\s/g, "");
  if (body.length < 40 || !/^[\w+/-]+={0,2}$/.test(body)) return undefined;
  const decoded = Buffer.from(body, "base64");
  if (decoded.toString("latin1").includes("-----BEGIN ")) return "PEM in base64; decode it: base64 -d FILE";
  const inner = ofBytes(decoded);
  return inner && `${inner.split(";")[0]}, in base64 without the lines of PEM; decode it first: base64 -d FILE`;
}

/** Whether DER is whole: then a key that is not understood is of an unknown kind, and not damaged. */
export function isWholeKey(pem: string): boolean {
  const body = /-----BEGIN [A-Z ]{0,18}PRIVATE KEY-----([^-]*)-----END/.exec(pem)?.[1]?.replaceAll(/\s/g, "");
  if (!body || !/^[A-Za-z0-9+/]+={0,2}$/.test(body)) return false;
  const der = Buffer.from(body, "base64");
  const [outer, ...others] = members(der);
  const [version, algorithm, key] = members(outer?.content ?? Buffer.alloc(0));
  return others.length === 0 && version?.tag === INTEGER && algorithm?.tag === SEQUENCE && key?.tag === OCTET_STRING;
}

function works(parse: () => unknown): boolean {
  try {
    parse();
    return true;
  } catch {
    return false;
  }
}
