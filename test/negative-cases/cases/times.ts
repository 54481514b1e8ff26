// When it holds.
import { type Case, type Input, SAYS, type Verdict } from "../case";
import { forge, seconds } from "../forge";
import { claims } from "./claims";

/** Puts what JSON.stringify would not write where the expiry is. */
const expiry = (sent: string, text: string, verifier: Verdict, keycloak: string): Input => ({
  sent,
  token: (base) => forge(base, { payloadText: (json) => json.replace(/"exp":\d+/, `"exp":${text}`) }),
  verifier,
  keycloak,
});

/** A verifier set to put up with clocks that differ. */
const tolerant = { options: { clockToleranceSeconds: 15 } };

export const timeCases: Case[] = [
  {
    number: 32,
    title: "no expiry",
    inputs: [
      claims(
        "no `exp`",
        () => ({ exp: undefined }),
        "ERR_TOKEN_CLAIM exp",
        "400 invalid_client: Token exp claim is required",
      ),
      claims(
        "neither `exp` nor `iat`",
        () => ({ exp: undefined, iat: undefined }),
        "ERR_TOKEN_CLAIM iat",
        "400 invalid_client: Token exp claim is required",
      ),
      claims(
        "`exp` null",
        () => ({ exp: null }),
        "ERR_TOKEN_CLAIM exp",
        "400 invalid_client: Token exp claim is required",
      ),
    ],
  },
  {
    number: 33,
    title: "expired five minutes ago",
    inputs: [
      claims(
        "`iat` a minute before `exp`",
        () => ({ iat: seconds(-360), exp: seconds(-300) }),
        "ERR_TOKEN_EXPIRED",
        SAYS.inactive,
      ),
      claims("`iat` now", () => ({ exp: seconds(-300) }), "ERR_TOKEN_EXPIRED", SAYS.inactive),
      claims("no `iat`", () => ({ iat: undefined, exp: seconds(-300) }), undefined, SAYS.inactive),
    ],
  },
  {
    number: 34,
    title: "expired five seconds ago",
    inputs: [
      claims("with `iat`", () => ({ iat: seconds(-50), exp: seconds(-5) }), "ERR_TOKEN_EXPIRED", SAYS.inactive),
      claims("no `iat`", () => ({ iat: undefined, exp: seconds(-5) }), undefined, SAYS.inactive),
      claims("to a verifier that tolerates 15 s", () => ({ exp: seconds(-5) }), "accepted", undefined, tolerant),
      claims("20 s ago, to the same", () => ({ exp: seconds(-20) }), "ERR_TOKEN_EXPIRED", undefined, tolerant),
    ],
  },
  {
    number: 35,
    title: "an expiry in the far future",
    inputs: [
      claims(
        "in a year, no `iat`",
        () => ({ iat: undefined, exp: seconds(31_536_000) }),
        "ERR_TOKEN_CLAIM iat",
        "400 invalid_client: Token expiration is too far in the future and iat claim not present in token",
      ),
      claims("in a year, `iat` now", () => ({ exp: seconds(31_536_000) }), "accepted", "accepted"),
    ],
  },
  {
    number: 36,
    title: "issued two minutes ago, not yet expired",
    inputs: [
      claims(
        "`exp` in 30 s",
        () => ({ iat: seconds(-120), exp: seconds(30) }),
        "accepted",
        "400 invalid_client: Token was issued too far in the past to be used now",
      ),
    ],
  },
  {
    number: 37,
    title: "issued in the future",
    inputs: [
      claims("in 8 s", () => ({ iat: seconds(8) }), undefined, "accepted"),
      claims(
        "in a minute",
        () => ({ iat: seconds(60), exp: seconds(120) }),
        "accepted",
        "400 invalid_client: Token was issued in the future",
      ),
      claims("`iat` a text", () => ({ iat: "now" }), "ERR_TOKEN_CLAIM iat", SAYS.unreadable),
    ],
  },
  {
    number: 38,
    title: "not valid before",
    inputs: [
      claims("in 8 s", () => ({ nbf: seconds(8) }), "ERR_TOKEN_CLAIM nbf", "accepted"),
      claims("in 8 s, to a verifier that tolerates 15 s", () => ({ nbf: seconds(8) }), "accepted", undefined, tolerant),
      claims("in a minute", () => ({ nbf: seconds(60) }), "ERR_TOKEN_CLAIM nbf", SAYS.inactive),
      claims(
        "in a minute, to a verifier that tolerates 15 s",
        () => ({ nbf: seconds(60) }),
        "ERR_TOKEN_CLAIM nbf",
        undefined,
        tolerant,
      ),
      claims("`nbf` a text", () => ({ nbf: "now" }), "ERR_TOKEN_CLAIM nbf", SAYS.unreadable),
    ],
  },
  {
    number: 39,
    title: "an expiry that is not a whole number of seconds",
    inputs: [
      claims("a text", () => ({ exp: String(seconds(60)) }), "ERR_TOKEN_CLAIM exp", "accepted"),
      claims("a fraction", () => ({ exp: seconds(50) + 0.5 }), "accepted", "accepted"),
      claims("true", () => ({ exp: true }), "ERR_TOKEN_CLAIM exp", SAYS.unreadable),
      claims("a list", () => ({ exp: [seconds(60)] }), "ERR_TOKEN_CLAIM exp", SAYS.unreadable),
      expiry("negative", "-1", "ERR_TOKEN_EXPIRED", SAYS.inactive),
      expiry("1e99", "1e99", "ERR_TOKEN_CLAIM exp", SAYS.unreadable),
      expiry("1e999", "1e999", "ERR_TOKEN_CLAIM exp", SAYS.unreadable),
      expiry("NaN", "NaN", "ERR_TOKEN_MALFORMED", SAYS.unreadable),
      expiry("2⁶³", "9223372036854775808", "ERR_TOKEN_CLAIM exp", SAYS.unreadable),
    ],
  },
];
