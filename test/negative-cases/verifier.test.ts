// The negative cases against this project's own verifier: by itself, and behind machine-b over a real socket.
import { type KeyObject, randomBytes } from "node:crypto";
import type { Server } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { inspect } from "node:util";
import { serve } from "@hono/node-server";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { type Issuer, openIssuer } from "../../machines/calling/open-issuer";
import { TokenError } from "../../machines/errors";
import { buildApp } from "../../machines/machine-b/app";
import type { VerifiedToken, VerifyToken } from "../../machines/verifying/verified-token";
import { createVerifier } from "../../machines/verifying/verify-token";
import { ALGORITHMS, type Algorithm, TestIssuer, type TestKey, testFolder } from "../machines/issuer-fixture";
import { type Input, jwk, type VerifierTarget } from "./case";
import { type Base, forge, shows } from "./forge";
import { inputsFor } from "./table";

/** Bytes of headers that Node's server reads. */
const mostHeaderBytes = 16_384;

const folder = testFolder();
let encryptTo: KeyObject;
beforeAll(async () => {
  encryptTo = (await folder.rsaKey("encryption.key")).publicKey;
});
afterAll(() => folder.remove());
afterEach(() => {
  vi.useRealTimers();
});

describe.each(ALGORITHMS)("%s", (algorithm) => {
  let server: TestIssuer;
  let issuer: Issuer;
  let keys: { key: TestKey; other: TestKey; foreign: TestKey };
  beforeAll(async () => {
    const [key, other, foreign] = await Promise.all(["realm", "second", "foreign"].map(keyOf(algorithm)));
    keys = { key: key!, other: other!, foreign: foreign! };
    server = await new TestIssuer(keys.key).start();
  });
  beforeEach(() => {
    server.reset();
    publish([jwk(keys.key), jwk(keys.other)]);
    lines.length = 0;
    issuer = openIssuer({ issuer: server.url, connectTo: server.connectTo, allowInsecureHttp: true, log });
  });
  afterEach(() => issuer.close());
  afterAll(() => server.stop());

  const lines: string[] = [];
  const log = (line: string) => void lines.push(line);
  const publish = (list: readonly object[]) => server.answers.set("/certs", () => ({ body: { keys: list } }));
  const base = (): Base => ({
    algorithm,
    ...keys,
    encryptTo,
    issuer: server.url,
    watched: `http://127.0.0.1:${server.port}/watched`,
    claims: { ...server.claims(), jti: randomBytes(16).toString("base64url") },
  });
  const options = (input: Partial<Input>) => ({
    issuer,
    audience: "machine-b",
    algorithms: [algorithm],
    clientId: "machine-b",
    signingKey: keys.key,
    ...input.options,
  });
  /** Makes the token, and lets happen what has to happen before it is judged. */
  const prepare = async (input: Input, accepts: VerifierTarget["accepts"]): Promise<string> => {
    const sender = base();
    const token = (input.token ?? forge)(sender);
    await input.before?.({ accepts, publish, wait }, sender, token);
    return token;
  };

  it("accepts a good token", async () => {
    expect(await createVerifier(issuer, options({}))(forge(base()))).toMatchObject({ caller: "machine-a" });
    expect(server.received.map(({ path }) => path)).toHaveLength(2);
  });

  it.each(inputsFor("verifier", algorithm))("%s", async (_, input) => {
    const verify = createVerifier(issuer, options(input));
    const token = await prepare(input, async (good) => void (await verify(good)));
    const outcome = await judge(verify, token);
    expect(verdictOf(outcome)).toBe(input.verifier);
    expect(shows(inspect([outcome, lines], { depth: 10, showHidden: true }), token)).toBe(false);
    // Whatever a token says about keys and addresses, only the issuer's own documents were asked for.
    const asked = server.received.map(({ path }) => path);
    expect(
      asked.filter((path) => !/^\/(\.well-known\/openid-configuration|protocol\/openid-connect\/certs)$/.test(path)),
    ).toEqual([]);
  });

  it.each(inputsFor("verifier", algorithm))("%s, over HTTP", async (_, input) => {
    const app = buildApp({ ...options(input), log });
    const http = serve({ fetch: app.fetch, port: 0, hostname: "127.0.0.1" }) as Server;
    try {
      await new Promise((resolve) => (http.listening ? resolve(undefined) : http.once("listening", resolve)));
      const token = await prepare(input, async (good) => expect((await call(http, good)).status).toBe(200));
      const answer = await call(http, token);
      expect(answer).toMatchObject(expectedAnswer(token, input));
      expect(shows(JSON.stringify([answer, lines]), token)).toBe(false);
    } finally {
      http.closeAllConnections();
      await new Promise((resolve) => http.close(resolve));
    }
  });
});

function keyOf(algorithm: Algorithm) {
  return (name: string) => folder.key(`${algorithm}-${name}.key`, algorithm);
}

/** Moves the clock that everything here reads, and no timer. */
function wait(minutes: number): void {
  vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + minutes * 60_000 });
}

async function judge(verify: VerifyToken, token: string): Promise<VerifiedToken | Error> {
  return verify(token).catch((error: Error) => error);
}

function verdictOf(outcome: VerifiedToken | Error): string {
  if (!(outcome instanceof Error)) return "accepted";
  expect(outcome).toBeInstanceOf(TokenError);
  const { code, claim } = outcome as TokenError;
  return code === "ERR_TOKEN_CLAIM" ? `${code} ${claim}` : code;
}

/** What HTTP makes of a verdict. */
function expectedAnswer(token: string, { verifier }: Input): object {
  if (verifier === "accepted") return { status: 200 };
  if (token.length > mostHeaderBytes) return { status: 431 };
  if (/[\r\n]/.test(token)) return { status: 400 }; // it ends the header: the server below the API refuses the request
  const challenge = (error: string) => expect.stringContaining(`Bearer realm="machine-b", error="${error}"`);
  if (token.includes(",")) return { status: 400, challenge: challenge("invalid_request") }; // as two headers arrive
  const lacksRight = verifier === "ERR_TOKEN_ROLE";
  return {
    status: lacksRight ? 403 : 401,
    challenge: challenge(lacksRight ? "insufficient_scope" : "invalid_token"),
    body: expect.stringContaining(verifier!.split(" ")[0]!),
  };
}

/** One call, written to the socket as it is: clients would refuse to send some of these tokens. */
async function call(http: Server, token: string): Promise<{ status: number; challenge?: string; body: string }> {
  const socket = connect((http.address() as AddressInfo).port, "127.0.0.1");
  socket.on("error", () => {}); // the server hangs up on headers that are too long, in the middle of them
  socket.write(
    `GET /api/protected HTTP/1.1\r\nhost: machine-b\r\nconnection: close\r\nauthorization: Bearer ${token}\r\n\r\n`,
  );
  const chunks: Buffer[] = [];
  socket.on("data", (chunk) => chunks.push(chunk));
  await new Promise((resolve) => socket.once("close", resolve));
  const [head = "", body = ""] = Buffer.concat(chunks).toString().split("\r\n\r\n", 2);
  const challenge = /^www-authenticate: (.*)$/im.exec(head)?.[1];
  return { status: Number(head.split(" ")[1]), challenge, body };
}
