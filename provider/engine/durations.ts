/** Durations as Terraform configurations write them, in the notation of Go. */
const UNITS: { [unit: string]: number } = { h: 3600, m: 60, s: 1, ms: 1e-3, us: 1e-6, µs: 1e-6, ns: 1e-9 };
const DURATION = /^([+-]?)((?:\d+\.?\d*|\.\d+)(?:ns|us|µs|ms|s|m|h))+$/;

/** The seconds of a duration such as "1h30m". Null: the text is not a duration. */
export function parseDuration(duration: string): number | null {
  if (duration === "0") return 0;
  if (!DURATION.test(duration)) return null;
  const sum = [...duration.matchAll(/([\d.]+)(ns|us|µs|ms|s|m|h)/g)].reduce(
    (total, [, amount, unit]) => total + Number(amount) * UNITS[unit!]!,
    0,
  );
  return duration.startsWith("-") ? -sum : sum;
}

/** Seconds as Go writes them: "1h0m0s", "5m0s", "0s". */
export function formatDuration(total: number): string {
  const [hours, minutes, rest] = [Math.trunc(total / 3600), Math.trunc((total % 3600) / 60), total % 60];
  if (hours) return `${hours}h${Math.abs(minutes)}m${Math.abs(rest)}s`;
  return minutes ? `${minutes}m${Math.abs(rest)}s` : `${rest}s`;
}

/** A duration in whole seconds as Go writes it. Text that is not a duration is returned unchanged. */
export function normaliseDuration(duration: string): string {
  const parsed = parseDuration(duration);
  return parsed === null ? duration : formatDuration(Math.trunc(parsed));
}
