import type { Construct } from "constructs";

/**
 * A default that the context of `cdktf.json` may set, under `m2m:NAME`; a prop wins over both. Context that comes by the
 * command line or the environment is text, so digits are taken as a number where one is meant.
 */
export function setting<T extends string | number>(scope: Construct, name: string, fallback: T): T {
  const value: unknown = scope.node.tryGetContext(`m2m:${name}`);
  if (value === undefined) return fallback;
  if (typeof fallback === "string") return String(value) as T;
  return (typeof value === "string" && /^\d+$/.test(value) ? Number(value) : value) as T;
}
