import { expect, it } from "vitest";
import { refusalsIn } from "../../../tools/events/server-log";
import { sightings } from "../../../tools/events/sightings";

// As Keycloak 26.4.7 logged what a client had sent. Marks of the log in them are the client's own.
const AT = "2026-11-30T02:53:33.162Z";
const JTI = 'a", realmName="other\\';
const LOG = [
  `${AT} 2026-11-30 02:53:32,943 WARN  [org.keycloak.authentication.authenticators.client.AbstractJWTClientValidator] (executor-thread-1) Token '${JTI}' already used when authenticating client 'm'.`,
  `${AT} 2026-11-30 02:53:33,083 WARN  [org.keycloak.events] (executor-thread-1) type="CLIENT_LOGIN_ERROR", realmId="04b0fe36", realmName="r", clientId="m", userId="null", ipAddress="172.17.0.1", error="invalid_client_credentials", client_assertion_id="a\\", realmName=\\"other\\", grant_type="client_credentials", client_assertion_issuer="m", client_assertion_sub="m"`,
].join("\n");

it("takes no value of a client for a field of Keycloak's", () => {
  const [refusal] = refusalsIn(LOG);
  expect(refusal).toMatchObject({ realm: "r", clientId: "m", error: "invalid_client_credentials" });
  expect(refusal?.details).toMatchObject({ client_assertion_id: JTI, grant_type: "client_credentials" });
});

it("knows the reason of an assertion whatever its id holds", () => {
  const details = { client_assertion_id: JTI };
  const error = "invalid_client_credentials";
  const event = { time: Date.parse(AT), type: "CLIENT_LOGIN_ERROR", clientId: "m", error, details };
  const told = { realm: "r", events: [event], kept: ["CLIENT_LOGIN_ERROR"], log: refusalsIn(LOG) };
  expect(sightings(told)).toMatchObject([{ cause: "replay", knownBy: "log" }]);
});

it("reads a long value in a moment", () => {
  const long = "a".repeat(200_000);
  const start = performance.now();
  refusalsIn(`${AT} x y WARN  [org.keycloak.events] (t) type="CLIENT_LOGIN_ERROR", clientId="${long}", error="${long}`);
  expect(performance.now() - start).toBeLessThan(2000);
});

it("takes no reason of one server of a cluster for a refusal by another", () => {
  const line = (hostName: string, loggerName: string, message: string) =>
    `${AT} ${JSON.stringify({ hostName, loggerName, threadName: "executor-thread-1", message })}`;
  const event = 'type="CLIENT_LOGIN_ERROR", realmName="r", clientId="m", error="invalid_client_credentials"';
  const reason = "Signature on JWT token failed validation";
  const log = (host: string) =>
    [line("a", "org.keycloak.services", reason), line(host, "org.keycloak.events", event)].join("\n");
  expect(refusalsIn(log("a"))).toMatchObject([{ said: reason }]);
  expect(refusalsIn(log("b"))[0]).not.toHaveProperty("said");
});
