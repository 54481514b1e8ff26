import { hash } from "node:crypto";
import type { VerifiedToken } from "./verified-token";

interface Entry {
  readonly token: VerifiedToken;
  readonly goodUntil: number;
  readonly generation: number;
}

/** The name of a token in memory: its SHA-256, whole, so that no two tokens share one and no token is kept. */
export function nameOf(token: string): string {
  return hash("sha256", token, "base64");
}

/** Verified tokens by their names, the oldest out first. An entry is good for its generation, and never beyond `exp`. */
export class VerifiedTokens {
  private readonly entries = new Map<string, Entry>();

  /** @param size most entries, 0 for none */
  constructor(private readonly size: number) {}

  get(name: string, nowMs: number, generation = 0): VerifiedToken | undefined {
    const entry = this.entries.get(name);
    if (!entry) return undefined;
    if (entry.generation === generation && nowMs < entry.goodUntil) return entry.token;
    this.entries.delete(name);
    return undefined;
  }

  put(name: string, token: VerifiedToken, goodUntilMs: number, generation = 0): void {
    if (this.size === 0) return;
    this.entries.delete(name);
    if (this.entries.size >= this.size) this.entries.delete(this.entries.keys().next().value!);
    this.entries.set(name, { token, goodUntil: Math.min(goodUntilMs, token.expiresAt * 1000), generation });
  }
}
