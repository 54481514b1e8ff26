// An assertion is for one request.
import { setTimeout } from "node:timers/promises";
import { type Case, SAYS } from "../case";
import { forge, seconds } from "../forge";

const manyTimes = "an access token is for many calls";

export const replayCases: Case[] = [
  {
    number: 40,
    title: "no `jti`",
    notFor: { verifier: `${manyTimes}: it is not looked at` },
    inputs: [
      {
        sent: "no `jti`",
        token: (base) => forge(base, { claims: { jti: undefined } }),
        keycloak: "400 invalid_client: Token jti claim is required",
      },
      {
        sent: "an empty one, for the second time",
        ask: async (keycloak, base) => {
          await keycloak.ask(base, forge(base, { claims: { jti: "" } })); // accepted, unless it has just been used
          return keycloak.ask(base, forge(base, { claims: { jti: "" } }));
        },
        keycloak: SAYS.reused,
      },
    ],
  },
  {
    number: 41,
    title: "the same assertion again",
    notFor: { verifier: manyTimes },
    inputs: [
      {
        sent: "the same assertion",
        ask: async (keycloak, base) => {
          const assertion = forge(base);
          await keycloak.tokenFor(assertion);
          return keycloak.ask(base, assertion);
        },
        keycloak: SAYS.reused,
      },
      {
        sent: "another assertion with its `jti`",
        ask: async (keycloak, base) => {
          await keycloak.tokenFor(forge(base));
          return keycloak.ask(base, forge(base, { claims: { exp: seconds(30) } }));
        },
        keycloak: SAYS.reused,
      },
      {
        sent: "twenty times at once: the answers after the first",
        ask: async (keycloak, base) => {
          const assertion = forge(base);
          const answers = await Promise.all(Array.from({ length: 20 }, () => keycloak.ask(base, assertion)));
          const refused = answers.filter((answer) => answer !== "accepted");
          if (refused.length !== 19) throw new Error(`accepted ${20 - refused.length} times: ${answers.join(", ")}`);
          return [...new Set(refused)].join(" or ");
        },
        keycloak: SAYS.reused,
      },
      {
        sent: "a `jti` that came with a forged signature first",
        ask: async (keycloak, base) => {
          await keycloak.ask(base, forge({ ...base, key: { ...base.foreign, kid: base.key.kid } }));
          return keycloak.ask(base, forge(base));
        },
        keycloak: "accepted",
      },
    ],
  },
  {
    number: 42,
    title: "the same assertion again, at another node or after a restart",
    notFor: { verifier: manyTimes },
    leftOut: "at another node: not run, the environment has one",
    inputs: [
      {
        sent: "the same assertion, after a restart",
        algorithms: ["RS256"], // what is remembered of a `jti` does not depend on it
        restarts: true,
        ask: async (keycloak, base) => {
          const assertion = forge(base);
          await keycloak.tokenFor(assertion);
          await keycloak.restart();
          return keycloak.ask(base, assertion);
        },
        keycloak: "accepted",
      },
    ],
  },
  {
    number: 43,
    title: "the same assertion again after its `exp`, within the clock tolerance",
    notFor: { verifier: manyTimes },
    inputs: [true, false].map((withIat) => ({
      algorithms: ["RS256", "ES256"] as const, // it takes its time
      sent: withIat ? "with `iat`" : "no `iat`",
      ask: async (keycloak, base) => {
        const assertion = forge(base, { claims: { exp: seconds(2), ...(!withIat && { iat: undefined }) } });
        await keycloak.tokenFor(assertion);
        await setTimeout(3000);
        return keycloak.ask(base, assertion);
      },
      keycloak: SAYS.inactive,
    })),
  },
  {
    number: 44,
    title: "a `jti` that another client has used",
    notFor: { verifier: manyTimes },
    inputs: [
      {
        sent: "a good assertion with it",
        ask: async (keycloak, base) => {
          const other = await keycloak.client();
          await keycloak.tokenFor(forge(other));
          return keycloak.ask(base, forge(base, { claims: { jti: other.claims.jti } }));
        },
        keycloak: SAYS.reused,
      },
    ],
  },
];
