/** Durations as Terraform configurations write them, in the notation of Go. */
const UNITS: { [unit: string]: number } = { h: 3600, m: 60, s: 1, ms: 1e-3, us: 1e-6, µs: 1e-6, ns: 1e-9 };
const DURATION = /^([+-]?)((?:\d+\.?\d*|\.\d+)(?:ns|us|µs|ms|s|m|h))+$/;

/** Seconds of a duration like "1h30m", as Go writes durations; null where it is none. */
export function parseDuration(duration: string): number | null {
  if (duration === "0") return 0;
  if (!DURATION.test(duration)) return null;
  const sum = [...duration.matchAll(/([\d.]+)(ns|us|µs|ms|s|m|h)/g)].reduce(
    (total, [, amount, unit]) => total + Number(amount) * UNITS[unit!]!,
    0,
  );
  return duration.startsWith("-") ? -sum : sum;
}

/** The way Go writes that many seconds: "1h0m0s", "5m0s", "0s". */
export function formatDuration(total: number): string {
  const [hours, minutes, rest] = [Math.trunc(total / 3600), Math.trunc((total % 3600) / 60), total % 60];
  if (hours) return `${hours}h${Math.abs(minutes)}m${Math.abs(rest)}s`;
  return minutes ? `${minutes}m${Math.abs(rest)}s` : `${rest}s`;
}

/** A duration in Go's own spelling, whole seconds; anything else is given back as it is. */
export function normaliseDuration(duration: string): string {
  const parsed = parseDuration(duration);
  return parsed === null ? duration : formatDuration(Math.trunc(parsed));
}
