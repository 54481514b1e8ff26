import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { SavedPlan } from "../../../tools/engines/saved-plan";

const recorded = JSON.parse(
  readFileSync(join(__dirname, "..", "..", "fixtures", "plans", "recorded.json"), "utf8"),
) as { readonly base: SavedPlan; readonly scenarios: Readonly<Record<string, SavedPlan>> };

/** What was recorded: see scripts/record-plans.ts. */
export const NAMES = Object.keys(recorded.scenarios);

/** The plan of a scenario. What it shares with the first one is recorded once. */
export function planOf(name: string): SavedPlan {
  const own = recorded.scenarios[name]!;
  const { base } = recorded;
  const changed = own.resource_changes ?? [];
  const former = new Set(changed.map(({ previous_address }) => previous_address));
  const isOther = ({ address }: { address: string }) =>
    !changed.some((one) => one.address === address) && !former.has(address);
  const resources = (plan: SavedPlan) => plan.configuration?.root_module?.resources ?? [];
  const data = (plan: SavedPlan) => plan.prior_state?.values?.root_module?.resources ?? [];
  const isOwn = ({ address }: { address: string }) => resources(own).some((one) => one.address === address);
  return {
    resource_changes: [...changed, ...(base.resource_changes ?? []).filter(isOther)],
    resource_drift: own.resource_drift ?? [],
    output_changes: own.output_changes ?? {},
    prior_state: { values: { root_module: { resources: [...data(own), ...data(base)] } } },
    configuration: {
      root_module: { resources: [...resources(own), ...resources(base).filter((one) => !isOwn(one))] },
    },
  };
}
