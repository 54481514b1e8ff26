import { decodeJwt } from "jose";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { createIntrospector } from "../../../machines";
import type { Issuer } from "../../../machines/calling/open-issuer";
import { requestToken } from "../../../machines/calling/request-token";
import { TestIssuer, type TestKey, testFolder } from "../issuer-fixture";

const folder = testFolder();
let server: TestIssuer;
let issuer: Issuer;
let signingKey: TestKey;
beforeAll(async () => {
  server = await new TestIssuer(await folder.rsaKey("realm.key")).start();
  signingKey = await folder.rsaKey("machine-a.key");
  server.clients.set("machine-a", signingKey);
  issuer = server.open();
});
beforeEach(() => server.reset());
afterAll(async () => {
  await issuer.close();
  await server.stop();
  folder.remove();
});

const REPLAY = { status: 400, body: { error: "invalid_client", error_description: "Token reuse detected" } };

/** Takes the first assertions for replays, as servers of a cluster may do while one of them joins or leaves. */
function takeForReplays(path: string, times: number): void {
  const answer = server.answers.get(path)!;
  let left = times;
  server.answers.set(path, (received) => (left-- > 0 ? REPLAY : answer(received)));
}

const assertionIds = (path: string) =>
  server.received
    .filter((one) => one.path.endsWith(path))
    .map(({ form }) => decodeJwt(form.get("client_assertion")!).jti);

describe("an assertion that is taken for a replay", () => {
  it("is signed anew, once, for a token", async () => {
    takeForReplays("/token", 1);
    await expect(requestToken(issuer, { clientId: "machine-a", signingKey })).resolves.toHaveProperty("accessToken");
    expect(new Set(assertionIds("/token")).size).toBe(2);
  });

  it("is signed anew, once, for a verdict on a token", async () => {
    const verify = createIntrospector(issuer, { audience: "machine-a", clientId: "machine-a", signingKey });
    takeForReplays("/token/introspect", 1);
    await verify(await server.mint({ aud: "machine-a" }));
    expect(new Set(assertionIds("/introspect")).size).toBe(2);
  });

  it("is told if it happens again", async () => {
    takeForReplays("/token", 2);
    await expect(requestToken(issuer, { clientId: "machine-a", signingKey })).rejects.toMatchObject({
      code: "ERR_CLIENT_REFUSED",
      message: expect.stringContaining("Token reuse detected"),
    });
    expect(assertionIds("/token")).toHaveLength(2);
  });

  it("is not confused with another refusal, which lasts", async () => {
    const body = { error: "invalid_client", error_description: "Token is not active" };
    server.answers.set("/token", () => ({ status: 400, body }));
    await expect(requestToken(issuer, { clientId: "machine-a", signingKey })).rejects.toThrow("Token is not active");
    expect(server.received).toHaveLength(1);
  });
});
