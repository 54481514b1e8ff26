import { describe, expect, it } from "vitest";
import { TYPES } from "../../../tools/events/login-events";
import { refusalsIn } from "../../../tools/events/server-log";
import { sightings } from "../../../tools/events/sightings";
import { askedAt, RECORDINGS, type Recording, recording } from "./recorded";

/** What each refusal is, where the realm's events and the server's log are both there. */
const WITH_LOG: Readonly<Record<string, string>> = {
  replay: "replay",
  "wrong-key": "wrong-key",
  "unknown-kid": "key-unknown",
  expired: "assertion-refused",
  "not-yet-valid": "assertion-refused",
  "iat-future": "assertion-refused",
  "wrong-audience": "assertion-refused",
  "two-audiences": "assertion-refused",
  "no-jti": "assertion-missing",
  "no-exp": "assertion-refused",
  "alg-not-allowed": "assertion-refused",
  "alg-none": "assertion-refused",
  "unknown-client": "client-unknown",
  "unknown-client-no-id": "client-unknown",
  "iss-sub-differ": "sign-in-incomplete",
  "client-id-differs": "client-unknown",
  malformed: "assertion-malformed",
  malformed2: "assertion-malformed",
  "no-assertion": "assertion-missing",
  "no-assertion-type": "assertion-refused",
  "wrong-assertion-type": "assertion-refused",
  "secret-for-jwt-client": "assertion-missing",
  "wrong-secret": "assertion-missing",
  "jwt-for-secret-client": "assertion-missing",
  disabled: "client-disabled",
  "service-account-disabled": "service-account-off",
  "service-account-user-disabled": "service-account-lost",
  "no-key": "key-unknown",
  "jwks-unreachable": "keys-unreachable",
  "invalid-scope": "scope-refused",
  "certificate-missing": "certificate-missing",
  "dpop-missing": "proof-refused",
  "dpop-replayed": "proof-refused",
  "dpop-url": "proof-refused",
  "dpop-old": "proof-refused",
  "dpop-malformed": "proof-refused",
  "x509-missing": "sign-in-incomplete",
  "public-client": "client-kind-wrong",
  "introspect-bad-token": "token-invalid",
  "introspect-wrong-key": "wrong-key",
  "introspect-no-token": "request-wrong",
  "introspect-no-client": "client-unknown",
  "policy-refused": "certificate-missing",
};

/** What only the log tells. Without it, the events have no reason, and nothing is guessed. */
const FROM_LOG_ALONE = ["wrong-key", "iss-sub-differ", "jwks-unreachable", "introspect-wrong-key"];

/** What is seen without the log: an event without an assertion, whatever was sent instead. */
const NOT_READ = ["malformed", "malformed2", "x509-missing"];

function causes(told: Recording, options: { log?: string; kept?: readonly string[] } = {}) {
  const { realm, events } = told;
  const { log = told.log, kept = TYPES } = options;
  const found = sightings({
    realm,
    events: events.filter(({ type }) => kept.includes(type)),
    kept,
    log: log === "" ? undefined : refusalsIn(log),
  });
  const refused = found.filter(({ outcome }) => outcome === "refused");
  return Object.fromEntries(refused.map((one) => [askedAt(told, one.time), one.cause]));
}

describe.each(RECORDINGS)("what Keycloak %s recorded", (name) => {
  const told = recording(name);
  // From 26.4.12 on, an introspection by a client that is not in the token's audience is refused too.
  const more = name === "26.7.2" ? { introspect: "audience-missing" } : {};

  it("names the cause of each refusal, by its events and its log", () => {
    expect(causes(told)).toEqual({ ...WITH_LOG, ...more });
  });

  it("shows each refusal and each sign-in once, the oldest first", () => {
    const { realm, events } = told;
    const found = sightings({ realm, events, kept: TYPES, log: refusalsIn(told.log) });
    const times = found.map(({ time }) => time);
    expect(times).toEqual([...times].sort());
    expect(new Set(found.map(({ id }) => id)).size).toBe(found.length);
    const named = found.map((one) => askedAt(told, one.time));
    expect(new Set(named).size).toBe(named.length);
    expect(found.filter(({ outcome }) => outcome === "granted").map((one) => askedAt(told, one.time))).toEqual(
      expect.arrayContaining(["granted", "too-long", "dpop-granted", "granted2"]),
    );
  });

  it("names the same causes by the log alone, but for the time of a sign-in", () => {
    const byLog = causes(told, { kept: [] });
    // The log's times are somewhat later: a name may be the next one's, so the causes are counted.
    expect(Object.values(byLog).sort()).toEqual(Object.values({ ...WITH_LOG, ...more }).sort());
  });

  it("says less without the log, and guesses nothing", () => {
    const without = causes(told, { log: "" });
    for (const [asked, cause] of Object.entries({ ...WITH_LOG, ...more })) {
      const isSilent = cause === "assertion-refused" || FROM_LOG_ALONE.includes(asked);
      const expected = isSilent ? "credentials-wrong" : NOT_READ.includes(asked) ? "assertion-missing" : cause;
      expect(without[asked], asked).toBe(expected);
    }
  });

  it("says where each is known from", () => {
    const { realm, events } = told;
    const at = (log?: string) => {
      const all = sightings({ realm, events, kept: TYPES, log: log === undefined ? undefined : refusalsIn(log) });
      return Object.fromEntries(all.map((one) => [askedAt(told, one.time), one.knownBy]));
    };
    expect(at(told.log)).toMatchObject({ replay: "log", "wrong-key": "log", expired: "log", "invalid-scope": "event" });
    expect(at()).toMatchObject({ replay: "earlier sign-in", "wrong-key": undefined, disabled: "event" });
  });
});

describe("a reason in the log", () => {
  const line = (at: string, rest: string) => `2026-11-30T01:00:0${at}Z 2026-11-30 01:00:00,000 ${rest}`;
  const reason = (at: string, thread: string, text: string) =>
    line(at, `ERROR [org.keycloak.services] (executor-thread-${thread}) KC-SERVICES0025: ${text}`);
  const event = (at: string, thread: string, jti: string) =>
    line(
      at,
      `WARN  [org.keycloak.events] (executor-thread-${thread}) type="CLIENT_LOGIN_ERROR", realmId="x", realmName="r", clientId="m", userId="null", ipAddress="10.0.0.1", error="invalid_client_credentials", client_assertion_id="${jti}"`,
    );
  const SIGNATURE = "Signature on JWT token failed validation";

  it("is of the request on the same thread, whatever is between them", () => {
    const log = [reason("1", "1", SIGNATURE), event("1", "2", "other"), event("2", "1", "mine")].join("\n");
    expect(refusalsIn(log).map(({ details, said }) => [details?.client_assertion_id, said])).toEqual([
      ["other", undefined],
      ["mine", `KC-SERVICES0025: ${SIGNATURE}`],
    ]);
  });

  it("is of one request only, and not of one long after", () => {
    const twice = [reason("1", "1", SIGNATURE), event("1", "1", "a"), event("2", "1", "b")].join("\n");
    expect(refusalsIn(twice).map(({ said }) => said === undefined)).toEqual([false, true]);
    const late = [reason("1", "1", SIGNATURE), event("1", "1", "a").replace("01:00:01Z", "01:00:30Z")].join("\n");
    expect(refusalsIn(late)[0]).not.toHaveProperty("said");
  });

  it("of a replay is of the assertion that it names", () => {
    const warning = "WARN  [org.keycloak.authentication.authenticators.client.AbstractJWTClientValidator]";
    const used = line("1", `${warning} (executor-thread-1) Token 'mine' already used when authenticating client 'm'.`);
    expect(refusalsIn([used, event("2", "1", "other")].join("\n"))[0]).not.toHaveProperty("said");
    expect(refusalsIn([used, event("2", "1", "mine")].join("\n"))[0]).toHaveProperty("said");
  });

  it("is not taken from lines that are no log of Keycloak's", () => {
    expect(refusalsIn("no time here\n2026-11-30T01:00:01Z {broken json}\n2026-11-30T01:00:01Z hello\n")).toEqual([]);
  });
});
