import type { X509Certificate } from "node:crypto";

export const DAY_MS = 86_400_000;

/** From when to when a certificate is good. */
export interface Validity {
  readonly notBefore: Date;
  readonly notAfter: Date;
}

/** Where a certificate is in its life. */
export interface Life extends Validity {
  readonly leftMs: number;
  readonly hasEnded: boolean;
  /** Whether it is in the last third of its life: time for the next one. */
  readonly isDue: boolean;
}

export function lifeOf(validity: Validity, now = Date.now()): Life {
  const leftMs = validity.notAfter.getTime() - now;
  return { ...validity, leftMs, hasEnded: leftMs <= 0, isDue: now >= dueAt(validity).getTime() };
}

/** When two thirds of its life are over. */
export function dueAt({ notBefore, notAfter }: Validity): Date {
  const from = notBefore.getTime();
  return new Date(from + ((notAfter.getTime() - from) * 2) / 3);
}

export function validityOf({ validFrom, validTo }: X509Certificate): Validity {
  return { notBefore: new Date(validFrom), notAfter: new Date(validTo) };
}
