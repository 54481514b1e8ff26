import type { Construct } from "constructs";

/** A default that the context of `cdktf.json` may set, under `m2m:NAME`; a prop wins over both. */
export function setting<T extends string | number>(scope: Construct, name: string, fallback: T): T {
  const value: unknown = scope.node.tryGetContext(`m2m:${name}`);
  return value === undefined ? fallback : (value as T);
}

export function checkPort(prop: string, port: number): string[] {
  if (Number.isInteger(port) && port > 0 && port < 65536) return [];
  return [`\`${prop}\` must be a port between 1 and 65535, got: ${port}`];
}

export function checkUrl(prop: string, url: string): string[] {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (parsed && /^https?:$/.test(parsed.protocol) && !url.endsWith("/")) return [];
  return [`\`${prop}\` must be an http or https URL without a trailing slash, got: ${JSON.stringify(url)}`];
}
