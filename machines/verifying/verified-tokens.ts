import { hash } from "node:crypto";
import type { VerifiedToken } from "./verified-token";

interface Entry {
  readonly token: VerifiedToken;
  readonly goodFrom: number;
  readonly goodUntil: number;
  readonly generation: number;
}

/** The name of a token in memory: its SHA-256, whole, so that no two tokens share one and no token is kept. */
export function nameOf(token: string): string {
  return hash("sha256", token, "base64");
}

/**
 * Verified tokens by their names, the oldest out first. An entry is good for its generation, never beyond `exp`, and not
 * before the time it was made at, as a clock that was set back would have it.
 */
export class VerifiedTokens {
  private readonly entries = new Map<string, Entry>();

  /** @param size most entries, 0 for none */
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
