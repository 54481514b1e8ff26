/** The name of the client scope that does nothing but put an audience into tokens. */
export function audienceScopeName(audience: string): string {
  return `audience-${audience}`;
}

/** The audience of such a scope, by its name alone: what referred to it may be gone. */
export function audienceIn(scopeName: string): string | undefined {
  return /^audience-(.+)$/.exec(scopeName)?.[1];
}
