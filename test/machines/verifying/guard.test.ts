import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type ErrorCode, MachineError, TokenError } from "../../../machines/errors";
import { createGuard, type GuardOptions, type Verdict } from "../../../machines/verifying/guard";
import type { Refusal } from "../../../machines/verifying/refusal";
import type { VerifyToken } from "../../../machines/verifying/verified-token";
import { createVerifier } from "../../../machines/verifying/verify-token";
import { TestIssuer, testFolder } from "../issuer-fixture";

const folder = testFolder();
const lines: string[] = [];
let server: TestIssuer;
let verify: VerifyToken;
beforeAll(async () => {
  server = await new TestIssuer(await folder.rsaKey("realm.key")).start();
  verify = createVerifier(server.open(), { audience: "machine-b" });
});
beforeEach(() => {
  lines.length = 0;
});
afterAll(async () => {
  await server.stop();
  folder.remove();
});

const make = (options: Partial<GuardOptions> = {}) =>
  createGuard({ verify, log: (line) => lines.push(line), ...options });
const failing = (error: unknown) => make({ verify: () => Promise.reject(error), realm: "orders" });
function refusalOf(verdict: Verdict): Refusal {
  if (!("refusal" in verdict)) throw new Error("the request was let through");
  return verdict.refusal;
}
const challengeOf = (verdict: Verdict) => refusalOf(verdict).headers["www-authenticate"];
/** RFC 9110 section 11.6.1: a scheme, and parameters whose values are quoted strings of printable ASCII. */
const wellFormed = /^Bearer( \w+="([\x20\x21\x23-\x5b\x5d-\x7e]|\\["\\])*"(,(?= )|$))*$/;

describe("createGuard", () => {
  it("lets a request with a good token through, in any spelling RFC 9110 allows", async () => {
    const token = await server.mint();
    for (const header of [`Bearer ${token}`, `bearer ${token}`, `BEARER   ${token}`, ` Bearer ${token} `]) {
      expect(await make({ scopes: ["profile"] })(header)).toMatchObject({ token: { caller: "machine-a" } });
    }
    expect(lines).toEqual([]);
  });

  it.each([
    undefined,
    null,
    "",
    " ",
    "Basic eDp5",
    "Bearerx",
    "Token abc",
    "DPoP abc",
    "Bearer\tabc",
    "\u0130Bearer x",
  ])("answers %j, which is no bearer token, by 401 without an error", async (header) => {
    expect(await make({ realm: "orders" })(header)).toEqual({
      refusal: {
        status: 401,
        headers: { "www-authenticate": 'Bearer realm="orders"' },
        body: { error: "unauthorized", error_description: "send an access token as bearer token" },
      },
    });
    expect(challengeOf(await make()(header))).toBe("Bearer");
  });

  it.each(["Bearer", "bearer ", "Bearer a, Bearer b", "Bearer a,b", "Bearer ,", "Bearer a.b.c, Basic eDp5"])(
    "answers %j by 400 invalid_request",
    async (header) => {
      expect(refusalOf(await make()(header))).toEqual({
        status: 400,
        headers: { "www-authenticate": 'Bearer error="invalid_request", error_description="send one bearer token"' },
        body: { error: "invalid_request", error_description: "send one bearer token" },
      });
    },
  );

  it.each([
    "a b",
    "\ta",
    "\u00a0a",
    "\na",
    "caf\u00e9",
    'a"b',
    "a\\b",
    "=",
    "a=b",
    "a\u0000b",
    "a\r\nx: y",
    "\u{1F511}",
    "a;b",
  ])("answers the token %j by 401 invalid_token, without asking anybody", async (token) => {
    const asked: string[] = [];
    const guard = make({ verify: async (one) => Promise.reject(asked.push(one)) });
    expect(refusalOf(await guard(`Bearer ${token}`))).toMatchObject({
      status: 401,
      headers: { "www-authenticate": expect.stringContaining('error="invalid_token"') },
      body: { error: "invalid_token", code: "ERR_TOKEN_MALFORMED" },
    });
    expect(asked).toEqual([]);
  });

  it("answers a token that is not to be accepted by 401 invalid_token with the reason", async () => {
    const refusal = refusalOf(await make({ realm: "orders" })(`Bearer ${await server.mint({ exp: 1 })}`));
    expect(refusal).toEqual({
      status: 401,
      headers: {
        "www-authenticate": 'Bearer realm="orders", error="invalid_token", error_description="the token has expired"',
      },
      body: { error: "invalid_token", error_description: "the token has expired", code: "ERR_TOKEN_EXPIRED" },
    });
  });

  it("answers a token without a scope by 403 insufficient_scope, naming all that are needed", async () => {
    const header = `Bearer ${await server.mint()}`;
    const scopes = ["profile", "orders:write", "a/b"];
    const byGuard = await make({ scopes })(header);
    const byVerifier = await make({ verify: createVerifier(server.open(), { audience: "machine-b", scopes }) })(header);
    for (const verdict of [byGuard, byVerifier]) {
      expect(refusalOf(verdict)).toEqual({
        status: 403,
        headers: {
          "www-authenticate":
            'Bearer error="insufficient_scope", error_description="the token lacks the scope orders:write a/b", scope="profile orders:write a/b"',
        },
        body: {
          error: "insufficient_scope",
          error_description: "the token lacks the scope orders:write a/b",
          code: "ERR_TOKEN_SCOPE",
        },
      });
    }
  });

  it("does not take part of a scope, or of its name, for the scope", async () => {
    const header = `Bearer ${await server.mint({ scope: "orders:read-all xorders:read Orders:read" })}`;
    expect(refusalOf(await make({ scopes: ["orders:read"] })(header)).status).toBe(403);
  });

  it.each<ErrorCode>(["ERR_UNREACHABLE", "ERR_ISSUER_RESPONSE", "ERR_CLIENT_REFUSED", "ERR_OPTION"])(
    "answers %s, which is not the caller's fault, by 503, and says why in the log only",
    async (code) => {
      expect(refusalOf(await failing(new MachineError(code, "inner detail"))("Bearer abc"))).toEqual({
        status: 503,
        headers: { "retry-after": "2" },
        body: { error: "temporarily_unavailable", code },
      });
      expect(lines).toEqual([`machine: a request is answered with 503: inner detail [${code}]`]);
    },
  );

  it.each([
    'quotes " and \\ and \\" end',
    "caf\u00e9 \u65e5\u672c \u{1F511}",
    "a\r\nset-cookie: x=y",
    'x", error="other',
    "\u0000\u007f\u0085\ufeff",
  ])("makes a challenge that fits into a header of the words %j", async (words) => {
    const error = new TokenError("ERR_TOKEN_INACTIVE", words);
    const scope = new TokenError("ERR_TOKEN_SCOPE", words, { scopes: [words] });
    for (const one of [error, scope]) {
      const verdict = await failing(one)("Bearer abc");
      const challenge = challengeOf(verdict)!;
      expect(challenge).toMatch(wellFormed);
      expect(challenge.match(/error="/g)).toHaveLength(1);
      const [, description] = /error_description="([^"]*)"/.exec(challenge)!;
      expect(description).toMatch(/^[\x20\x21\x23-\x5b\x5d-\x7e]*$/); // RFC 6750 section 3
      expect(() => new Headers(refusalOf(verdict).headers)).not.toThrow();
    }
  });

  it("quotes its realm", async () => {
    const challenge = challengeOf(await make({ realm: 'a "b", error="x" \\' })(undefined));
    expect(challenge).toBe('Bearer realm="a \\"b\\", error=\\"x\\" \\\\"');
    expect(challenge).toMatch(wellFormed);
  });

  it.each<[object, string]>([
    [{ realm: "" }, "`realm` must be printable ASCII"],
    [{ realm: "caf\u00e9" }, "`realm` must be printable ASCII"],
    [{ realm: "a\r\nb" }, "`realm` must be printable ASCII"],
    [{ scopes: [""] }, "`scopes` must list single scopes (RFC 6749 section 3.3), got: "],
    [{ scopes: ["a", "b c"] }, "`scopes` must list single scopes (RFC 6749 section 3.3), got: b c"],
    [{ scopes: ['"'] }, "`scopes` must list single scopes"],
    [{ scopes: ["\u00e9"] }, "`scopes` must list single scopes"],
    [{ verify: undefined }, "`verify` must be a function, such as createVerifier returns"],
  ])("does not start with %o", (options, message) => {
    expect(() => make(options as GuardOptions)).toThrow(
      expect.objectContaining({ code: "ERR_OPTION", message: expect.stringContaining(message) }),
    );
  });

  it("throws what the verifier throws against its contract, and nothing else", async () => {
    await expect(failing(new RangeError("x"))("Bearer abc")).rejects.toThrow(RangeError);
    const throwing = make({
      verify: () => {
        throw new RangeError("at once");
      },
    });
    await expect(throwing("Bearer abc")).rejects.toThrow("at once");
  });

  it("names no token in an answer or a line", async () => {
    const token = await server.mint({ aud: "machine-c" });
    const said = JSON.stringify(await make()(`Bearer ${token}`)) + lines.join();
    for (const part of token.split(".")) expect(said).not.toContain(part);
  });
});
