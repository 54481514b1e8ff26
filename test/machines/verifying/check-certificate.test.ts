// Tokens that are bound to a client certificate, and what a thief of one tries.
import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { tokenHash } from "../../../machines/dpop";
import { createDpopKey, type DpopKey } from "../../../machines/signing/dpop-key";
import { createGuard, type GuardedRequest, type GuardOptions } from "../../../machines/verifying/guard";
import { createIntrospector } from "../../../machines/verifying/introspect-token";
import type { VerifyToken } from "../../../machines/verifying/verified-token";
import { verifyBoth } from "../../../machines/verifying/verify-both";
import { createVerifier } from "../../../machines/verifying/verify-token";
import { TestIssuer, testFolder } from "../issuer-fixture";
import { testAuthority } from "../test-certificates";

const folder = testFolder();
const ca = testAuthority(folder.path);
const owner = ca.issue("machine-a.example.org");
const thief = ca.issue("thief.example.org");
const foreign = testAuthority(folder.path, "other-ca").issue("foreign", { subject: "/CN=machine-a.example.org" });
const url = "https://api.example.org/orders";
const callerCertificates = { "machine-a": "machine-a.example.org" };
let issuer: TestIssuer;
let verify: VerifyToken;
let online: VerifyToken;
let dpop: DpopKey;
beforeAll(async () => {
  issuer = await new TestIssuer(await folder.key("realm.key", "ES256")).start();
  const signingKey = await folder.key("machine-b.key", "ES256");
  issuer.clients.set("machine-b", signingKey);
  const rules = { audience: "machine-b", algorithms: ["ES256"] };
  verify = createVerifier(issuer.open(), rules);
  online = createIntrospector(issuer.open(), { ...rules, clientId: "machine-b", signingKey });
  dpop = createDpopKey();
});
afterAll(async () => {
  await issuer.stop();
  folder.remove();
});

const make = (options: Partial<GuardOptions> = {}) => createGuard({ verify, log: () => {}, ...options });
const over = (certificate?: Buffer, proof?: string): GuardedRequest => ({
  method: "GET",
  url,
  dpop: proof,
  certificate,
});
const boundTo = ({ thumbprint }: { thumbprint: string }, claims = {}) =>
  issuer.mint({ cnf: { "x5t#S256": thumbprint }, ...claims });
/** What a thief does: a token, how it is sent, and by whom. */
interface Attempt {
  readonly token: () => Promise<string>;
  readonly request?: () => GuardedRequest | undefined;
  readonly scheme?: string;
  readonly options?: Partial<GuardOptions>;
}
const proofFor = (accessToken: string) => dpop.proof({ method: "GET", url, accessToken });
const byDpop = () => issuer.mint({ typ: "DPoP", cnf: { jkt: dpop.thumbprint } });

async function verdict({ token, request = () => over(owner.der), scheme = "Bearer", options }: Attempt) {
  const accessToken = await token();
  return await make(options)(`${scheme} ${accessToken}`, request());
}

it("the certificate and thumbprint of RFC 8705 appendix A belong together", async () => {
  const { raw } = new X509Certificate(readFileSync("test/fixtures/certs/rfc8705-appendix-a.crt"));
  const thumbprint = "A4DtL2JmUMhAsvJj5tKyn64SqzmuXbMrJa0n761y5v0";
  const passed = await verdict({ token: () => boundTo({ thumbprint }), request: () => over(raw) });
  expect(passed).toMatchObject({ token: { confirmation: { x5tS256: thumbprint } } });
});

describe("a token that is bound to a certificate", () => {
  it.each([
    ["offline", () => verify],
    ["online", () => online],
    ["both", () => verifyBoth({ offline: verify, online })],
  ])("passes over a connection with that certificate, verified %s", async (_how, used) => {
    for (const options of [{}, { requireBinding: true }, { callerCertificates }]) {
      const passed = await verdict({ token: () => boundTo(owner), options: { ...options, verify: used() } });
      expect(passed).toMatchObject({ token: { caller: "machine-a", confirmation: { x5tS256: owner.thumbprint } } });
    }
  });

  it.each(["Bearer", "bearer", "BEARER"])("passes with the scheme %s", async (scheme) => {
    expect(await verdict({ token: () => boundTo(owner), scheme })).toHaveProperty("token");
  });

  const another = "the token is bound to another client certificate than that of the request";
  const none = "the token is bound to a client certificate, and the request came without a trusted one";
  const otherName = "the token is bound to a certificate of another name than its caller's";
  const stolen: [what: string, attempt: Attempt, text: string, code?: string][] = [
    ["without a certificate", { token: () => boundTo(owner), request: () => over() }, none],
    ["without a request", { token: () => boundTo(owner), request: () => undefined }, none],
    [
      "over the connection of another machine",
      { token: () => boundTo(owner), request: () => over(thief.der) },
      another,
    ],
    [
      "over a connection with the same name of another CA",
      { token: () => boundTo(owner), request: () => over(foreign.der) },
      another,
    ],
    ["with an empty certificate", { token: () => boundTo(owner), request: () => over(Buffer.alloc(0)) }, another],
    [
      "with the certificate in PEM, which is another text",
      { token: () => boundTo(owner), request: () => over(Buffer.from(owner.cert)) },
      another,
    ],
    [
      "with more bytes behind the certificate",
      { token: () => boundTo(owner), request: () => over(Buffer.concat([owner.der, Buffer.alloc(1)])) },
      another,
    ],
    [
      "with the scheme DPoP",
      { token: () => boundTo(owner), scheme: "DPoP" },
      "the token's 'cnf' claim does not bind it to a key; send it as bearer token",
      "ERR_TOKEN_CLAIM",
    ],
    [
      "that is bound to a DPoP key, as bearer token over a connection with a certificate",
      { token: byDpop },
      "the token's 'cnf' claim binds it to a key or certificate, so it is no bearer token: send it with a proof (DPoP)",
      "ERR_TOKEN_CLAIM",
    ],
    [
      "that is bound to both",
      { token: () => issuer.mint({ cnf: { jkt: dpop.thumbprint, "x5t#S256": owner.thumbprint } }) },
      "the token's 'cnf' claim binds it in a way that is not known here",
      "ERR_TOKEN_CLAIM",
    ],
    [
      "of half a thumbprint",
      { token: () => boundTo({ thumbprint: owner.thumbprint.slice(0, 20) }) },
      "the token's 'cnf' claim binds it in a way that is not known here",
      "ERR_TOKEN_CLAIM",
    ],
    [
      "that a thief of the signing key got with a certificate of his own",
      { token: () => boundTo(thief), request: () => over(thief.der), options: { callerCertificates } },
      otherName,
    ],
    [
      "of a caller that is not in the list",
      { token: () => boundTo(owner, { azp: "machine-x" }), options: { callerCertificates } },
      "the token is of a caller that is not declared with a certificate here",
    ],
    [
      "of a caller that is called as a part of every object",
      { token: () => boundTo(owner, { azp: "constructor" }), options: { callerCertificates } },
      "the token is of a caller that is not declared with a certificate here",
    ],
    [
      "whose caller has the name in other letters",
      { token: () => boundTo(owner), options: { callerCertificates: { "machine-a": "Machine-A.example.org" } } },
      otherName,
    ],
    [
      "that is none, of a caller in the list",
      { token: () => issuer.mint(), options: { callerCertificates } },
      "the token is not bound to a certificate, and those of this caller must be",
    ],
    [
      "that is none, where a binding is required",
      { token: () => issuer.mint(), options: { requireBinding: true } },
      "a bearer token is not accepted here; send a bound one, with a DPoP proof or over a connection with its client certificate",
    ],
  ];
  it.each(stolen)("is refused %s", async (_what, attempt, text, code = "ERR_TOKEN_PROOF") => {
    const { refusal } = (await verdict(attempt)) as Extract<Awaited<ReturnType<typeof verdict>>, { refusal: unknown }>;
    expect(refusal).toMatchObject({ status: 401, body: { error: "invalid_token", code, error_description: text } });
    expect(refusal.headers["www-authenticate"]).toContain('error="invalid_token"');
  });

  it("of another kind is refused of a caller in the list, with its proof too, and accepted of others", async () => {
    const accessToken = await byDpop();
    const send = (guard: ReturnType<typeof make>) =>
      guard(`DPoP ${accessToken}`, over(owner.der, proofFor(accessToken)));
    expect(await send(make())).toHaveProperty("token");
    expect(await send(make({ callerCertificates: { "machine-x": "x" } }))).toHaveProperty("token");
    expect(await send(make({ callerCertificates }))).toMatchObject({
      refusal: { status: 401, body: { error: "invalid_token", code: "ERR_TOKEN_PROOF" } },
    });
    expect(tokenHash(accessToken)).toHaveLength(43);
  });
});

describe("`callerCertificates`", () => {
  it.each([
    ["nothing", {}, "must name at least one client"],
    ["a list", ["machine-a"], "must be an object of clients and common names, got: an object (Array)"],
    ["null", null, "must be an object of clients and common names"],
    ["a text", "machine-a", "must be an object of clients and common names, got: machine-a"],
    ["an empty name", { "machine-a": "" }, "got for machine-a: an empty text"],
    ["an empty client", { "": "x" }, "got for an empty client id: x"],
    ["a number", { "machine-a": 1 }, "got for machine-a: 1"],
  ])("fail at once on %s", (_what, given, message) => {
    expect(() => make({ callerCertificates: given as never })).toThrow(
      expect.objectContaining({ code: "ERR_OPTION", message: expect.stringContaining(message) }),
    );
  });
});
