// Holds the page about monitoring against what is generated: each alert has its paragraph, and each figure exists.
import promClient from "prom-client";
import { expect, it } from "vitest";
import { dashboard } from "../../constructs/monitoring/dashboard";
import { rules } from "../../constructs/monitoring/rules";
import { createMetrics } from "../../machines";
import { WATCHED } from "../e2e/monitoring/alert-cases";
import { CLUSTER } from "../e2e/monitoring/cluster-cases";
import { below, matches, read } from "./pages";

interface Rule {
  readonly alert?: string;
  readonly record?: string;
  readonly annotations?: { readonly runbook_url: string };
}

const all = [WATCHED, CLUSTER].flatMap((watched) => {
  const { groups } = rules(watched) as { groups: { rules: Rule[] }[] };
  return groups.flatMap((group) => group.rules);
});
const page = read("docs/monitoring.md");

it("has a paragraph for each alert, and none for others", () => {
  const [, section = ""] = page.split(/^## Alerts$/m);
  const alerts = new Set(all.flatMap(({ alert }) => alert ?? []));
  expect(matches(section, /^### (\w+)$/gm).sort()).toEqual([...alerts].sort());
});

it("is where each alert links to", () => {
  const headings = matches(page, /^### (\w+)$/gm).map((name) => `docs/monitoring.md#${name.toLowerCase()}`);
  const links = all.flatMap(({ annotations }) => annotations?.runbook_url ?? []);
  expect(links.filter((link) => !headings.includes(link))).toEqual([]);
});

it("and all that is asked of machines names figures that the library has", async () => {
  const registry = new promClient.Registry();
  promClient.collectDefaultMetrics({ register: registry });
  createMetrics(promClient, { registry });
  const served = (await registry.getMetricsAsJSON()).map(({ name }) => name);
  const recorded = all.flatMap(({ record }) => record ?? []);
  const asked = [JSON.stringify([all, dashboard("keycloak")]), page, ...below("tools/status", ".ts").map(read)].flatMap(
    (text) => matches(text, /\b((?:m2m|nodejs|process)_\w+_(?:total|seconds))\b/g),
  );
  expect(new Set(asked).size).toBeGreaterThan(8);
  expect(asked.filter((name) => ![...served, ...recorded].includes(name))).toEqual([]);
});
