// How it is sent, how long it is, what it turns out to be, and who may ask about it.
import { constants, createCipheriv, publicEncrypt, randomBytes } from "node:crypto";
import { deflateRawSync } from "node:zlib";
import { audience, type Case, type Input, type KeycloakTarget, SAYS, type Verdict } from "../case";
import { type Base, forge, fresh } from "../forge";

const TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
const SAML = "urn:ietf:params:oauth:client-assertion-type:saml2-bearer";
const INACTIVE = '{"active":false}';
const STRICTER = `active up to 26.4.11, then ${INACTIVE}`;
const NO_FORM = "400 invalid_request: Missing form parameter: grant_type";

const byForm = (sent: string, form: Record<string, string | undefined>, keycloak: string): Input => ({
  sent,
  ask: (target, base) => target.ask(base, forge(base), form),
  keycloak,
});

const posted = (
  sent: string,
  body: (form: URLSearchParams, base: Base) => string,
  keycloak: string,
  contentType?: string,
): Input => ({
  sent,
  ask: (target, base) => {
    const assertion = { client_assertion_type: TYPE, client_assertion: forge(base) };
    const form = new URLSearchParams({ grant_type: "client_credentials", ...assertion });
    return target.post("token", body(form, base), contentType);
  },
  keycloak,
});

const long = (sent: string, characters: number, verifier: Verdict | undefined, keycloak?: string): Input => ({
  sent,
  token: (base) => forge(base, { claims: { x: "x".repeat(characters) } }),
  verifier,
  keycloak,
});

const typed = (sent: string, header: unknown, verifier: Verdict, keycloak: string): Input => ({
  sent,
  token: (base) => forge(base, { header: { typ: header } }),
  verifier,
  keycloak,
});

const claimed = (sent: string, claims: object, verifier: Verdict, options?: Input["options"]): Input => ({
  sent,
  token: (base) => forge(base, { claims }),
  verifier,
  options,
});

/** An access token, what happens to it, and what its own client is told of it afterwards. */
const undone = (
  sent: string,
  undo: (keycloak: KeycloakTarget, client: Base, token: string) => Promise<unknown>,
): Input => ({
  sent,
  ask: async (keycloak) => {
    const api = await keycloak.client();
    const client = await keycloak.client({ protocolMappers: [audience(String(api.claims.sub))] });
    const token = await keycloak.tokenFor(forge(client));
    const before = await keycloak.introspect(api, token);
    if (before !== "active") throw new Error(`not even active before: ${before}`);
    await undo(keycloak, client, token);
    return keycloak.introspect(api, token);
  },
  keycloak: INACTIVE,
});

export const requestCases: Case[] = [
  {
    number: 52,
    title: "a request without a proper client assertion",
    notFor: { verifier: "an API is sent no form" },
    inputs: [
      byForm(
        "the `client_assertion_type` of SAML",
        { client_assertion_type: SAML },
        `400 invalid_client: Parameter client_assertion_type has value '${SAML}' but expected is '${TYPE}'`,
      ),
      byForm(
        "no `client_assertion_type`",
        { client_assertion_type: undefined },
        "400 invalid_client: Parameter client_assertion_type is missing",
      ),
      byForm(
        "no `client_assertion`",
        { client_assertion: undefined },
        "400 invalid_client: client_assertion parameter missing",
      ),
      byForm("an empty `client_assertion`", { client_assertion: "" }, SAYS.unreadable),
      byForm("a word as `client_assertion`", { client_assertion: "word" }, SAYS.unreadable),
      {
        sent: "an assertion for elsewhere and a `client_secret`",
        ask: (target, base) =>
          target.ask(base, forge(base, { claims: { aud: "elsewhere" } }), { client_secret: "secret" }),
        keycloak: SAYS.audience,
      },
      byForm("a good assertion and a `client_secret`", { client_secret: "secret" }, "accepted"),
      posted(
        "the assertion twice",
        (form, base) => `${form}&client_assertion=${forge(fresh(base))}`,
        "400 invalid_request: duplicated parameter",
      ),
      posted("JSON", (form) => JSON.stringify(Object.fromEntries(form)), NO_FORM, "application/json"),
      posted("a form said to be text", (form) => form.toString(), NO_FORM, "text/plain"),
    ],
  },
  {
    number: 53,
    title: "too long",
    inputs: [
      long("a claim of 10,000 characters", 10_000, "accepted"),
      long("a claim of 13,000 characters, in a header of more than 16 KiB", 13_000, "ERR_TOKEN_MALFORMED"),
      long("a claim of 20,000 characters", 20_000, "ERR_TOKEN_MALFORMED"),
      long("a claim of 200,000 characters", 200_000, "ERR_TOKEN_MALFORMED", SAYS.tooLarge),
      long("a claim of 3,000,000 characters", 3_000_000, "ERR_TOKEN_MALFORMED", SAYS.tooLarge),
    ],
  },
  {
    number: 54,
    title: "encrypted or compressed",
    inputs: [
      {
        sent: "five parts, encrypted to a key of the target's: 2 MB once inflated",
        token: bomb,
        verifier: "ERR_TOKEN_MALFORMED",
        keycloak: SAYS.unreadable,
      },
      {
        sent: "three parts with the algorithm PBES2-HS256+A128KW and 2,000,000,000 rounds",
        token: (base) => forge(base, { header: { alg: "PBES2-HS256+A128KW", p2c: 2_000_000_000, p2s: "AAAA" } }),
        verifier: "ERR_TOKEN_ALGORITHM",
        keycloak: SAYS.unreadable,
      },
      {
        sent: "`zip`, and a payload deflated",
        token: (base) =>
          forge(base, { header: { zip: "DEF" }, payloadText: (json) => deflateRawSync(Buffer.from(json)) }),
        verifier: "ERR_TOKEN_MALFORMED",
        keycloak: SAYS.unreadable,
      },
    ],
  },
  {
    number: 55,
    title: "a token of another kind, or a revoked one",
    inputs: [
      typed("no header `typ`", undefined, "ERR_TOKEN_TYPE", "accepted"),
      typed("the header `typ` logout+jwt", "logout+jwt", "ERR_TOKEN_TYPE", "accepted"),
      typed("the header `typ` at+jwt", "at+jwt", "accepted", "accepted"),
      typed("a number as header `typ`", 1, "ERR_TOKEN_TYPE", "accepted"),
      claimed("an ID token", { typ: "ID" }, "ERR_TOKEN_TYPE"),
      claimed("a logout token", { typ: "Logout" }, "ERR_TOKEN_TYPE"),
      claimed("a refresh token", { typ: "Refresh" }, "ERR_TOKEN_TYPE"),
      claimed("no claim `typ`", { typ: undefined }, "ERR_TOKEN_TYPE"),
      claimed("no `azp`", { azp: undefined }, "ERR_TOKEN_CLAIM client_id"),
      claimed("an `azp` with a line end", { azp: "machine-a\nmachine-b" }, "ERR_TOKEN_CLAIM azp"),
      claimed("a `scope` with an escape", { scope: "profile \u001b[2J" }, "ERR_TOKEN_CLAIM scope"),
      claimed("an `azp` that is not on the list", { azp: "machine-x" }, "ERR_TOKEN_CLAIM azp", {
        authorizedParties: ["machine-a"],
      } as Input["options"]),
      claimed("without a role that is needed", {}, "ERR_TOKEN_ROLE", { roles: ["reader"] } as Input["options"]),
      claimed(
        "a role of another client and of the realm, where the API's own is needed",
        { resource_access: { other: { roles: ["reader"] } }, realm_access: { roles: ["reader"] } },
        "ERR_TOKEN_ROLE",
        { roles: ["reader"] } as Input["options"],
      ),
      claimed(
        "roles that are no list",
        { resource_access: { "machine-b": { roles: "reader" } } },
        "ERR_TOKEN_CLAIM resource_access",
      ),
      claimed("an `azp` that is on the list", {}, "accepted", { authorizedParties: ["machine-a"] } as Input["options"]),
      {
        sent: "an access token of the client's as assertion",
        ask: async (keycloak, base) => keycloak.ask(base, await keycloak.tokenFor(forge(base))),
        keycloak: SAYS.otherClient,
      },
      undone("introspection of a revoked token", async (keycloak, client, token) => {
        const answer = await keycloak.post(
          "revoke",
          new URLSearchParams({ token, client_assertion_type: TYPE, client_assertion: forge(fresh(client)) }),
        );
        if (answer !== "accepted") throw new Error(`not revoked: ${answer}`);
      }),
      undone("introspection after the client's not-before", (keycloak, client) =>
        keycloak.change(client, { notBefore: Math.floor(Date.now() / 1000) + 60 }),
      ),
      undone("introspection after the client was disabled", (keycloak, client) =>
        keycloak.change(client, { enabled: false }),
      ),
    ],
  },
  {
    number: 56,
    title: "introspection by a client without permission, or of text that is not a token",
    notFor: {
      verifier:
        "it asks nobody; what it makes of an inactive token online, test/machines/verifying/introspect-token.test.ts says",
    },
    inputs: [
      {
        sent: "asked by a public client",
        ask: async (keycloak, base) => {
          const token = await keycloak.tokenFor(forge(base));
          const asking = await keycloak.client({ publicClient: true });
          return keycloak.post(
            "token/introspect",
            new URLSearchParams({ token, client_id: String(asking.claims.sub) }),
          );
        },
        keycloak: "403 invalid_request: Client not allowed.",
      },
      {
        sent: "asked by nobody",
        ask: async (keycloak, base) =>
          keycloak.post("token/introspect", new URLSearchParams({ token: await keycloak.tokenFor(forge(base)) })),
        keycloak: "401 invalid_request: Authentication failed.",
      },
      {
        sent: "asked by a client the token is not for",
        ask: async (keycloak, base) => {
          const token = await keycloak.tokenFor(forge(base));
          const answer = await keycloak.introspect(await keycloak.client(), token);
          return answer === (keycloak.isFrom("26.4.12") ? INACTIVE : "active") ? STRICTER : answer;
        },
        keycloak: STRICTER,
      },
      {
        sent: "a word for a token",
        ask: async (keycloak) => keycloak.introspect(await keycloak.client(), "word"),
        keycloak: INACTIVE,
      },
      {
        sent: "the asking client's own assertion for a token",
        ask: async (keycloak) => {
          const asking = await keycloak.client();
          return keycloak.introspect(asking, forge(fresh(asking)));
        },
        keycloak: INACTIVE,
      },
    ],
  },
];

/** RFC 7516: RSA-OAEP and A256GCM, over 2 MB of zeros deflated to 2 KB. */
function bomb(base: Base): string {
  const key = randomBytes(32);
  const iv = randomBytes(12);
  const header = Buffer.from(JSON.stringify({ alg: "RSA-OAEP", enc: "A256GCM", zip: "DEF" })).toString("base64url");
  const cipher = createCipheriv("aes-256-gcm", key, iv).setAAD(Buffer.from(header));
  const text = Buffer.concat([cipher.update(deflateRawSync(Buffer.alloc(2_000_000))), cipher.final()]);
  const wrapped = publicEncrypt({ key: base.encryptTo, padding: constants.RSA_PKCS1_OAEP_PADDING }, key);
  return [header, ...[wrapped, iv, text, cipher.getAuthTag()].map((part) => part.toString("base64url"))].join(".");
}
