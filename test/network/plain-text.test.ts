// Text from outside, wherever it may get into a line of a log or a message.
import { inspect } from "node:util";
import fc from "fast-check";
import type { JWTPayload } from "jose";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { createGuard, createIntrospector, createTokenClient, createVerifier, MachineError } from "../../machines";
import { quietly } from "../../machines/log";
import { isPlain, plainLine } from "../../network/plain-text";
import { statusFault } from "../../provider/admin-api/faults";
import { TestIssuer, type TestKey, testFolder } from "../machines/issuer-fixture";
import { runs } from "../provider/fuzz";

const EVIL = "x\r\nmachine: all is well\u001b[2J\u0085\u2028\u202e\u0000y";
/** As an eye or a terminal would see it. */
const unsafe = /[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069\u200e\u200f\u061c]/u;

describe("plainLine", () => {
  it("makes one line without anything that a terminal obeys, of any text, and leaves plain text alone", () => {
    const texts = fc.oneof(
      fc.string({ unit: "binary" }),
      fc
        .array(fc.oneof(fc.string(), fc.constantFrom("\n", "\r", "\u001b[31m", "\u2028", "\u202e", "\ud800")))
        .map((all) => all.join("")),
    );
    fc.assert(
      fc.property(texts, (text) => {
        const line = plainLine(text);
        expect(line).not.toMatch(unsafe);
        expect(isPlain(line)).toBe(true);
        expect(plainLine(line)).toBe(line);
        expect(line === text).toBe(isPlain(text));
      }),
      runs(1000),
    );
  });

  it("ends a text that is too long", () => {
    expect(plainLine("x".repeat(100_000))).toHaveLength(2001);
  });
});

describe("text from outside", () => {
  const folder = testFolder();
  let server: TestIssuer;
  let signingKey: TestKey;
  const lines: string[] = [];
  const log = (line: string) => lines.push(line);
  beforeAll(async () => {
    server = await new TestIssuer(await folder.key("realm.key", "ES256")).start();
    signingKey = await folder.key("machine.key", "ES256");
    server.clients.set("machine-a", signingKey);
  });
  beforeEach(() => {
    server.reset();
    lines.length = 0;
  });
  afterAll(async () => {
    await server.stop();
    folder.remove();
  });

  const issuer = () => server.open();
  const client = { clientId: "machine-a", audience: "machine-b", algorithms: ["ES256"] };
  const getToken = async () => {
    const tokens = createTokenClient(issuer(), { ...client, signingKey, patienceMs: 0, log });
    await tokens.getToken("orders");
  };
  const verify = async (claims: JWTPayload) => {
    const guard = createGuard({ verify: createVerifier(issuer(), client), log });
    const verdict = await guard(`Bearer ${await server.mint(claims)}`);
    if ("refusal" in verdict) throw new MachineError("ERR_TOKEN_CLAIM", JSON.stringify(verdict.refusal.headers));
    lines.push(verdict.token.caller);
  };
  const answered = (path: string, answer: object) => () => {
    server.answers.set(path, () => answer as { body: unknown });
    return getToken();
  };
  const places: [where: string, run: () => Promise<void>][] = [
    ["`error_description`", answered("/token", { status: 400, body: { error: "x", error_description: EVIL } })],
    ["`error`", answered("/token", { status: 400, body: { error: EVIL } })],
    ["`token_type`", answered("/token", { body: { access_token: "x", token_type: EVIL } })],
    ["the granted `scope`", answered("/token", { body: { access_token: "x", token_type: "bearer", scope: EVIL } })],
    ["the issuer of the discovery document", answered("/.well-known/openid-configuration", { body: { issuer: EVIL } })],
    ["an endpoint", answered("/.well-known/openid-configuration", { body: { issuer: "", token_endpoint: EVIL } })],
    ["`sub`", () => verify({ sub: EVIL })],
    ["`azp`", () => verify({ azp: EVIL })],
    ["`scope`", () => verify({ scope: EVIL })],
    ["`aud`", () => verify({ aud: ["machine-b", EVIL] })],
    [
      "`error_description` of introspection",
      async () => {
        server.answers.set("/token/introspect", () => ({ status: 401, body: { error: "x", error_description: EVIL } }));
        const guard = createGuard({ verify: createIntrospector(issuer(), { ...client, signingKey }), log });
        await guard(`Bearer ${await server.mint()}`);
      },
    ],
  ];
  it.each(places)("in %s gets into no message, stack or line", async (_where, run) => {
    const error: unknown = await run().then(
      () => undefined,
      (reason) => reason,
    );
    const { message = "", cause } = (error ?? {}) as Error;
    expect(error === undefined || error instanceof MachineError).toBe(true);
    for (const text of [message, (cause as Error | undefined)?.message ?? "", ...lines])
      expect(text).not.toMatch(unsafe);
    expect([message, ...lines].join("")).not.toBe("");
    const frames = inspect(error, { depth: 9, colors: false }).split("\n");
    expect(frames.filter((line) => /^machine:/.test(line))).toEqual([]);
  });

  it("in a line that a program logs itself is made plain too", () => {
    quietly(log)(EVIL);
    expect(lines[0]).not.toMatch(unsafe);
  });

  it("in an answer of the admin API is made plain for Terraform", () => {
    expect(statusFault(400, { errorMessage: EVIL }).got).not.toMatch(unsafe);
  });
});
