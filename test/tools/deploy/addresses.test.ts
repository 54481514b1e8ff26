import { expect, it } from "vitest";
import { machineMarker, monitoringMarker, realmMarker } from "../../../constructs/contract/markers";
import { addressesOf, printAddresses } from "../../../tools/deploy/addresses";
import type { Stack } from "../../../tools/project/project";
import { overridden } from "../overridden";

const issuer = "http://keycloak:8080/realms/r";
const stack = (...markers: Parameters<typeof overridden>[1][]): Stack => ({
  name: "m2m",
  folder: "/",
  json: markers.reduce((json, marker) => overridden(json, marker), { terraform: {} } as Stack["json"]),
  remarks: [],
});

it("addresses are those by which this machine reaches each server, API and monitoring, once", () => {
  const addresses = addressesOf([
    stack(
      realmMarker("a", { url: "http://localhost:8080", realmName: "r", issuer }),
      realmMarker("b", { url: "http://localhost:8080", realmName: "s", issuer }),
      machineMarker("c", { issuer, url: "https://machine-b:3000", connectTo: "machine-b:3000=localhost:13000" }),
    ),
    stack(
      monitoringMarker("d", {
        server: "http://localhost:8080",
        prometheus: "http://localhost:9090",
        alertmanager: "http://localhost:9093",
      }),
    ),
  ]);
  expect(printAddresses(addresses).split("\n")).toEqual([
    "Keycloak      http://localhost:8080",
    "API           https://localhost:13000",
    "Prometheus    http://localhost:9090",
    "Alertmanager  http://localhost:9093",
    "`m2m diff` shows what a change would do, `m2m down` takes it all down",
  ]);
});

it("there are none of a stack without a realm", () => expect(addressesOf([stack()])).toEqual([]));
