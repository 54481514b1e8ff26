// Who it is from, and whom it is for.
import { type Case, type Input, SAYS } from "../case";
import { type Base, forge } from "../forge";
import { claims } from "./claims";

const otherClient = "an assertion is about its client; an access token is about anybody the issuer gave it to";

const endpoint = (name: string, keycloak: string) =>
  claims(
    `\`${name}\``,
    (base) => ({ aud: `${base.issuer}/protocol/openid-connect/${name}` }),
    "ERR_TOKEN_CLAIM aud",
    keycloak,
  );

const authenticatedBy = (clientAuthenticatorType: string, keycloak: string): Input => ({
  sent: `\`${clientAuthenticatorType}\``,
  ask: async (target) => {
    const client = await target.client({ clientAuthenticatorType });
    return target.ask(client, forge(client));
  },
  keycloak,
});

/** The same, in the name of somebody else. */
function as(base: Base, clientId: string): [Base, string] {
  const other = { ...base, claims: { ...base.claims, iss: clientId, sub: clientId } };
  return [other, forge(other)];
}

export const partyCases: Case[] = [
  {
    number: 19,
    title: "no subject",
    inputs: [
      claims(
        "no `sub`",
        () => ({ sub: undefined }),
        "ERR_TOKEN_CLAIM sub",
        "400 invalid_client: Token sub claim is required",
      ),
      claims(
        "`sub` null",
        () => ({ sub: null }),
        "ERR_TOKEN_CLAIM sub",
        "400 invalid_client: Token sub claim is required",
      ),
      {
        sent: "no `sub`, and no `client_id` in the form",
        ask: (keycloak, base) =>
          keycloak.ask(base, forge(base, { claims: { sub: undefined } }), { client_id: undefined }),
        keycloak: SAYS.unknown,
      },
    ],
  },
  {
    number: 20,
    title: "a wrong subject",
    inputs: [
      claims("empty", () => ({ sub: "" }), "ERR_TOKEN_CLAIM sub", SAYS.otherClient),
      claims("a number", () => ({ sub: 1 }), "ERR_TOKEN_CLAIM sub", SAYS.otherClient),
      claims(
        "a text with a line end",
        () => ({ sub: "machine-a\nmachine-b" }),
        "ERR_TOKEN_CLAIM sub",
        SAYS.otherClient,
      ),
      claims("a list", () => ({ sub: ["a"] }), "ERR_TOKEN_CLAIM sub", SAYS.unreadable),
      {
        sent: "another client, signed with one's own key",
        ask: async (keycloak, base) => {
          const victim = await keycloak.client();
          return keycloak.ask(victim, forge({ ...victim, key: { ...base.key, kid: victim.key.kid } }));
        },
        keycloak: SAYS.signature,
      },
    ],
  },
  {
    number: 21,
    title: "no issuer",
    inputs: [claims("no `iss`", () => ({ iss: undefined }), "ERR_TOKEN_CLAIM iss", SAYS.declined)],
  },
  {
    number: 22,
    title: "a wrong issuer",
    inputs: [
      claims("somebody else", () => ({ iss: "somebody-else" }), "ERR_TOKEN_CLAIM iss", SAYS.declined),
      claims("another realm", (base) => ({ iss: `${base.issuer}-other` }), "ERR_TOKEN_CLAIM iss", SAYS.declined),
      claims(
        "with a slash at the end",
        (base) => ({ iss: `${base.claims.iss}/` }),
        "ERR_TOKEN_CLAIM iss",
        SAYS.declined,
      ),
      claims("a list", (base) => ({ iss: [base.claims.iss] }), "ERR_TOKEN_CLAIM iss", SAYS.unreadable),
    ],
  },
  {
    number: 23,
    title: "a `client_id` in the form that differs from the assertion",
    notFor: { verifier: "an API is sent no form" },
    inputs: [
      {
        sent: "an unknown client",
        ask: (keycloak, base) => keycloak.ask(base, forge(base), { client_id: "neg-nobody" }),
        keycloak: SAYS.unknown,
      },
      {
        sent: "another client of the realm",
        ask: async (keycloak, base) => {
          const other = await keycloak.client();
          return keycloak.ask(base, forge(base), { client_id: String(other.claims.sub) });
        },
        keycloak: SAYS.otherClient,
      },
    ],
  },
  {
    number: 24,
    title: "an unknown client",
    notFor: { verifier: otherClient },
    inputs: [
      {
        sent: "`iss` and `sub` of nobody",
        ask: (keycloak, base) => keycloak.ask(...as(base, "neg-nobody")),
        keycloak: SAYS.unknown,
      },
    ],
  },
  {
    number: 25,
    title: "a disabled client",
    notFor: {
      verifier: "seen online only: offline, a token is good until its `exp`, as docs/machine-library.md says",
    },
    inputs: [
      {
        sent: "a good assertion",
        ask: async (keycloak) => {
          const disabled = await keycloak.client({ enabled: false });
          return keycloak.ask(disabled, forge(disabled));
        },
        keycloak: SAYS.unknown,
      },
    ],
  },
  {
    number: 26,
    title: "a client that must authenticate in another way",
    notFor: { verifier: otherClient },
    inputs: [
      authenticatedBy("client-secret", "401 unauthorized_client: Invalid client or Invalid client credentials"),
      authenticatedBy("client-x509", SAYS.unknown),
      authenticatedBy(
        "client-secret-jwt",
        "400 unauthorized_client: Client authentication with client secret signed JWT failed: Signature on JWT token by client secret failed validation",
      ),
    ],
  },
  {
    number: 27,
    title: "no audience",
    inputs: [
      claims("no `aud`", () => ({ aud: undefined }), "ERR_TOKEN_CLAIM aud", SAYS.audience),
      claims("an empty list", () => ({ aud: [] }), "ERR_TOKEN_CLAIM aud", SAYS.audience),
      claims("an empty text", () => ({ aud: "" }), "ERR_TOKEN_CLAIM aud", SAYS.audience),
    ],
  },
  {
    number: 28,
    title: "a wrong audience",
    inputs: [
      claims("somebody else", () => ({ aud: "elsewhere" }), "ERR_TOKEN_CLAIM aud", SAYS.audience),
      claims(
        "the good one and a slash",
        (base) => ({ aud: `${base.claims.aud}/` }),
        "ERR_TOKEN_CLAIM aud",
        SAYS.audience,
      ),
      claims(
        "the good one in capitals",
        (base) => ({ aud: String(base.claims.aud).toUpperCase() }),
        "ERR_TOKEN_CLAIM aud",
        SAYS.audience,
      ),
      claims("an object", () => ({ aud: { "machine-b": true } }), "ERR_TOKEN_CLAIM aud", SAYS.audience),
    ],
  },
  {
    number: 29,
    title: "the audience of another server that knows the same client",
    inputs: [
      claims("another realm", (base) => ({ aud: `${base.issuer}-other` }), "ERR_TOKEN_CLAIM aud", SAYS.audience),
      claims("another host", () => ({ aud: "https://other.example/token" }), "ERR_TOKEN_CLAIM aud", SAYS.audience),
    ],
  },
  {
    number: 30,
    title: "two audiences",
    inputs: [
      claims(
        "the good one and another",
        (base) => ({ aud: [base.claims.aud, "elsewhere"] }),
        "accepted",
        "400 invalid_client: Multiple audiences not allowed",
      ),
      claims(
        "the good one twice",
        (base) => ({ aud: [base.claims.aud, base.claims.aud] }),
        "accepted",
        "400 invalid_client: Multiple audiences not allowed",
      ),
      claims("two others", () => ({ aud: ["elsewhere", "somewhere"] }), "ERR_TOKEN_CLAIM aud", SAYS.audience),
      claims("the good one, in a list", (base) => ({ aud: [base.claims.aud] }), "accepted", "accepted"),
    ],
  },
  {
    number: 31,
    title: "an endpoint of the issuer as audience",
    inputs: [
      ...["token", "token/introspect", "ext/par/request", "ext/ciba/auth"].map((name) => endpoint(name, "accepted")),
      ...["revoke", "certs"].map((name) => endpoint(name, SAYS.audience)),
    ],
  },
];
