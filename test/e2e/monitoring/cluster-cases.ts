// When the alerts about the servers of a cluster fire, as input of `promtool test rules`.
import type { Watched } from "../../../constructs/monitoring/facts";
import { type AlertCase, ASKS, pool, up, WATCHED } from "./alert-cases";

export const CLUSTER: Watched = { ...WATCHED, keycloak: { host: "tasks.sso-servers", port: 9000, replicas: 3 } };

/** What three servers were. One that is not ready is not looked at any more. */
const servers = (...each: string[]) =>
  Object.fromEntries(
    each.map((values, index) => [Object.keys(up("keycloak", ""))[0]!.replace('"x"', `"10.0.0.${index}"`), values]),
  );
const NOT_FETCHED = { 'm2m_jwks_fetches_total{machine="machine-b", issuer="i", code="ERR_UNREACHABLE"}': "0x30 1x40" };

export const CLUSTER_CASES: readonly AlertCase[] = [
  { title: "all servers are ready", series: { ...ASKS, ...servers("1x60", "1x60", "1x60") }, at: 300, fires: {} },
  {
    title: "one server is killed, and its address goes",
    series: { ...ASKS, ...servers("1x60", "1x60", "1x3 0 stale") },
    at: 80,
    fires: { ReplicaDown: {} },
    value: "2",
  },
  {
    title: "one server does not answer",
    series: { ...ASKS, ...servers("1x60", "1x60", "1x3 0x20") },
    at: 80,
    fires: { ReplicaDown: {} },
    value: "2",
  },
  {
    title: "another server has taken its place, with an address of its own",
    series: { ...ASKS, ...servers("1x60", "1x60", "1x3 stale", "_x4 1x60") },
    at: 120,
    fires: {},
  },
  {
    title: "a rolling update has one more for a while",
    series: { ...ASKS, ...servers("1x60", "1x60", "1x9 stale", "_x6 1x60") },
    at: 120,
    fires: {},
  },
  {
    title: "two of the servers have no connection to the database",
    series: {
      ...ASKS,
      ...servers("1x60", "1x60", "1x60"),
      ...pool("0x3 0x60", "2x3 0x60", "40x60", "10.0.0.0"),
      ...pool("1x3 1x60", "1x60", "40x60", "10.0.0.1"),
      ...pool("0x60", "2x60", "40+5x60", "10.0.0.2"),
    },
    at: 80,
    fires: { DatabaseDown: {} },
  },
  {
    title: "no server answers",
    series: { ...ASKS, ...servers("1x3 0x20", "1x3 stale", "1x3 stale") },
    at: 80,
    fires: { KeycloakDown: {} },
  },
  {
    title: "no server has an address",
    series: { ...ASKS, ...servers("1x3 stale", "1x3 stale", "1x3 stale") },
    at: 80,
    fires: { KeycloakDown: {} },
  },
  {
    title: "the keys could not be fetched while no server answered",
    series: {
      ...ASKS,
      ...NOT_FETCHED,
      ...servers("1x28 stale", "1x28 stale", "1x28 stale", "_x36 1x40", "_x36 1x40", "_x36 1x40"),
    },
    at: 390,
    fires: {},
  },
  {
    title: "the keys cannot be fetched while one server is missing",
    series: { ...ASKS, ...NOT_FETCHED, ...servers("1x80", "1x80", "1x28 stale", "_x34 1x80") },
    at: 390,
    fires: { KeysNotFetched: { machine: "machine-b", code: "ERR_UNREACHABLE" } },
  },
  {
    title: "a machine that asks all the time stops",
    series: { [Object.keys(ASKS)[0]!]: "0+1x60 60x200", ...servers("1x300", "1x300", "1x300") },
    at: 2000,
    fires: { MachineSilent: { realm: "sjwt", client_id: "machine-a" } },
  },
];
