/** A part of DER: its tag and what is in it. */
export interface Part {
  readonly tag: number;
  readonly content: Buffer;
}

export const SEQUENCE = 0x30;
export const INTEGER = 0x02;
export const OID = 0x06;

/** What stands one after another in DER (X.690 section 8.1); nothing from the first part on that is none. */
export function members(der: Buffer): Part[] {
  const parts: Part[] = [];
  for (let at = 0; at + 2 <= der.length; ) {
    const tag = der[at]!;
    const first = der[at + 1]!;
    const more = first < 0x80 ? 0 : first - 0x80;
    if (more > 4 || first === 0x80) break; // an indefinite length is BER
    const start = at + 2 + more;
    const length = more === 0 ? first : der.subarray(at + 2, start).reduce((sum, byte) => sum * 256 + byte, 0);
    if (start + length > der.length) break;
    parts.push({ tag, content: der.subarray(start, start + length) });
    at = start + length;
  }
  return parts;
}
