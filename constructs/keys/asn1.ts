import { asn1 } from "node-forge";

// What certificates and trust stores are written with. node-forge encodes (X.690).

/** In words of our own: declarations of the package that named node-forge would need its types, which it does not bring. */
export interface Node {
  readonly tagClass: number;
  readonly type: number;
  readonly constructed: boolean;
  readonly composed: boolean;
  readonly value: string | Node[];
}

type UniversalType =
  | "SEQUENCE"
  | "SET"
  | "OID"
  | "INTEGER"
  | "NULL"
  | "UTF8"
  | "BITSTRING"
  | "OCTETSTRING"
  | "BOOLEAN"
  | "BMPSTRING";

export const {
  SEQUENCE,
  SET,
  OID,
  INTEGER,
  NULL,
  UTF8,
  BITSTRING,
  OCTETSTRING,
  BOOLEAN,
  BMPSTRING,
}: Readonly<Record<UniversalType, number>> = asn1.Type;

export function primitive(type: number, bytes: string): Node {
  return asn1.create(asn1.Class.UNIVERSAL, type, false, bytes);
}

export function sequence(...members: Node[]): Node {
  return asn1.create(asn1.Class.UNIVERSAL, SEQUENCE, true, members);
}

export function set(...members: Node[]): Node {
  return asn1.create(asn1.Class.UNIVERSAL, SET, true, members);
}

/** What is wrapped in a tag of its own. */
export function tagged(tag: number, ...members: Node[]): Node {
  return asn1.create(asn1.Class.CONTEXT_SPECIFIC, tag as asn1.Type, true, members);
}

/** Bytes whose tag stands in place of their type's. */
export function implicit(tag: number, bytes: string): Node {
  return asn1.create(asn1.Class.CONTEXT_SPECIFIC, tag as asn1.Type, false, bytes);
}

export function oid(dotted: string): Node {
  return primitive(OID, asn1.oidToDer(dotted).getBytes());
}

export function octets(content: Node): Node {
  return primitive(OCTETSTRING, der(content).toString("latin1"));
}

/** A BIT STRING of whole octets: none of the last one's bits is unused. */
export function bits(content: Buffer): Node {
  return primitive(BITSTRING, `\0${content.toString("latin1")}`);
}

export function integer(value: number): Node {
  return primitive(INTEGER, String.fromCharCode(value));
}

/** Two digits of the year up to 2049, four from then on: RFC 5280 section 4.1.2.5. */
export function time(date: Date): Node {
  return date.getUTCFullYear() < 2050
    ? primitive(asn1.Type.UTCTIME, asn1.dateToUtcTime(date))
    : primitive(asn1.Type.GENERALIZEDTIME, asn1.dateToGeneralizedTime(date));
}

export function der(node: Node): Buffer {
  return Buffer.from(asn1.toDer(node).getBytes(), "latin1");
}

/** Reads DER. Bit strings stay bytes. */
export function parsed(bytes: Buffer): Node {
  return asn1.fromDer(bytes.toString("latin1"), { decodeBitStrings: false } as never);
}
