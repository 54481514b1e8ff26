import type { KeyNotice } from "../keys/key-pair-request";

/** What the synthesis tells while it runs, to a person or to `m2m`: of a pair, or how many of many keys are made. */
export type Notice = KeyNotice | { readonly event: "keys-made"; readonly made: number; readonly total: number };

/** Set by `m2m`, which reads lines of JSON; without it a person reads sentences. */
const SWITCH = "M2M_NOTICES";

/** The environment that asks for lines of JSON. */
export const NOTICES_AS_JSON = { [SWITCH]: "json" } as const;

/** Tells a notice on stderr. */
export function tell(notice: Notice): void {
  const line = process.env[SWITCH] === "json" ? JSON.stringify(notice) : sentence(notice);
  process.stderr.write(`${line}\n`);
}

/** The notice that a line of the app's stderr is; `undefined` for what anybody else wrote there. */
export function noticeIn(line: string): Notice | undefined {
  if (!line.startsWith('{"event":')) return undefined;
  try {
    return JSON.parse(line) as Notice;
  } catch {
    return undefined;
  }
}

/** A notice as a person reads it. */
export function sentence(notice: Notice): string {
  switch (notice.event) {
    case "key-made":
      return notice.file === undefined
        ? `made the private key of ${notice.name} (${notice.kind})`
        : `made the private key ${notice.file} (${notice.kind}, mode 0600, keep it out of git)`;
    case "certificate-issued":
      return `issued the certificate ${notice.file} (${notice.days} days, commit it)`;
    case "keys-made":
      return `${notice.made} of ${notice.total} keys made`;
  }
}
