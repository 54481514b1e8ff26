import type { Show } from "../progress";

export interface PlannedChange {
  readonly action: string;
  readonly address: string;
}

/** One line of Terraform's machine-readable output. */
export interface UiEvent {
  readonly type: string;
  readonly "@message": string;
  readonly diagnostic?: { severity: string; summary: string; detail?: string; address?: string };
  readonly change?: { action: string; resource: { addr: string } };
  readonly outputs?: { [name: string]: { action?: string } };
  readonly hook?: { resource: { addr: string } };
}

/** Shows how many resources are done and which is at work for the longest. Without a number it is learnt from the plan. */
export function changesShown(show: Show, resources = 0): (event: UiEvent) => void {
  let [done, all] = [0, resources];
  const atWork = new Set<string>();
  return ({ type, change, hook }) => {
    if (type === "planned_change" && change) all += 1;
    if (!hook) return;
    const { addr } = hook.resource;
    if (type === "apply_start") atWork.add(addr);
    if (type === "apply_complete" || type === "apply_errored") done += atWork.delete(addr) ? 1 : 0;
    const [longest = ""] = atWork;
    show(`${done} of ${Math.max(all, done + atWork.size)}  ${longest}`.trimEnd());
  };
}

export function plannedChanges({ type, change, outputs = {} }: UiEvent): PlannedChange[] {
  if (type === "planned_change" && change) return [{ action: change.action, address: change.resource.addr }];
  if (type !== "outputs") return [];
  return Object.entries(outputs)
    .filter(([, { action = "noop" }]) => action !== "noop")
    .map(([name, { action }]) => ({ action: action!, address: `output.${name}` }));
}

export function parseEvent(line: string): UiEvent[] {
  try {
    return [JSON.parse(line) as UiEvent];
  } catch {
    return [];
  }
}

export function errorsOf(events: readonly UiEvent[]): string {
  return events
    .filter(({ diagnostic }) => diagnostic?.severity === "error")
    .map(describe)
    .join("\n\n");
}

export function describe({ diagnostic }: UiEvent): string {
  const where = diagnostic?.address ? ` (${diagnostic.address})` : "";
  return [`${diagnostic?.summary}${where}`, diagnostic?.detail].filter(Boolean).join("\n");
}
