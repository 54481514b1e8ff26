import type { KeyObject } from "node:crypto";
import type { KeyShape } from "../keys/generate";

/** Kinds of key for TLS. RSA is for partners that know nothing else. */
const SHAPES = {
  "P-256": { type: "ec", namedCurve: "prime256v1" },
  "P-384": { type: "ec", namedCurve: "secp384r1" },
  "RSA-2048": { type: "rsa", modulusLength: 2048 },
  "RSA-3072": { type: "rsa", modulusLength: 3072 },
  "RSA-4096": { type: "rsa", modulusLength: 4096 },
} as const satisfies Record<string, KeyShape>;

/** What kind of key a certificate is over. */
export type TlsKeyAlgorithm = keyof typeof SHAPES;

export const TLS_KEY_ALGORITHMS = Object.keys(SHAPES) as readonly TlsKeyAlgorithm[];

export function shapeFor(algorithm: TlsKeyAlgorithm): KeyShape {
  return SHAPES[algorithm];
}

/** Whether a key is of a kind that was asked for. */
export function isOfKind(key: KeyObject, algorithm: TlsKeyAlgorithm): boolean {
  const shape: KeyShape = SHAPES[algorithm];
  const { modulusLength, namedCurve } = key.asymmetricKeyDetails ?? {};
  if (key.asymmetricKeyType !== shape.type) return false;
  return shape.type === "rsa"
    ? modulusLength === shape.modulusLength
    : namedCurve === (shape as { namedCurve?: string }).namedCurve;
}
