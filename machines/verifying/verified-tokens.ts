import { hash } from "node:crypto";
import type { VerifiedToken } from "./verified-token";

interface Entry {
  readonly token: VerifiedToken;
  readonly goodFrom: number;
  readonly goodUntil: number;
  readonly generation: number;
}

/** The name of a token in memory: its whole SHA-256. No two tokens share a name, and the token itself is not kept. */
export function nameOf(token: string): string {
  return hash("sha256", token, "base64");
}

/**
 * Verified tokens by their names. The oldest goes first. An entry is valid for its generation of keys, and not after
 * `exp`. It is not valid before it was made either, since the clock may have been set back.
 */
export class VerifiedTokens {
  private readonly entries = new Map<string, Entry>();

  /** @param size the most entries; 0 for none */
  constructor(private readonly size: number) {}

  get(name: string, nowMs: number, generation = 0): VerifiedToken | undefined {
    const entry = this.entries.get(name);
    if (!entry) return undefined;
    const isNow = nowMs >= entry.goodFrom && nowMs < entry.goodUntil;
    if (entry.generation === generation && isNow) return entry.token;
    this.entries.delete(name);
    return undefined;
  }

  put(name: string, token: VerifiedToken, nowMs: number, goodUntilMs: number, generation = 0): void {
    if (this.size === 0) return;
    this.entries.delete(name);
    if (this.entries.size >= this.size) this.entries.delete(this.entries.keys().next().value!);
    const goodUntil = Math.min(goodUntilMs, token.expiresAt * 1000);
    this.entries.set(name, { token, goodFrom: nowMs, goodUntil, generation });
  }
}
