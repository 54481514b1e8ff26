/** Proofs that were used, so that none is accepted twice. The memory is bounded. */
export class UsedProofs {
  /** Times after which an entry may go, by its name; the oldest entry first. */
  private readonly entries = new Map<string, number>();
  /** Proofs up to this `iat` may have been forgotten: before their time, or before the clock was set back. */
  private horizon = Number.NEGATIVE_INFINITY;

  /** @param most the most entries @param seconds how long a proof is good, from its `iat` on */
  constructor(
    private readonly most: number,
    private readonly seconds: number,
  ) {}

  /**
   * Takes a proof, once.
   *
   * @returns false if it was used before; and if it may have been, after more proofs in a minute than the memory holds, or
   *   after the clock was set back
   */
  take(name: string, iat: number, now: number): boolean {
    if (iat <= this.horizon || this.entries.has(name)) return false;
    for (const [old, until] of this.entries) {
      if (until > now && this.entries.size < this.most) break;
      this.horizon = Math.max(this.horizon, until - this.seconds);
      this.entries.delete(old);
    }
    this.entries.set(name, iat + this.seconds);
    return true;
  }
}
