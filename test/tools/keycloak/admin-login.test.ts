import { afterEach, describe, expect, it, vi } from "vitest";
import { signIn } from "../../../tools/keycloak/admin-login";
import { listen } from "../../machines/listen";
import { stackOf } from "../parts";

/** The real ones are asked in test/e2e/production.test.ts: one that has lost its database, and a wrong password elsewhere. */
describe("the sign-in as the administrator", () => {
  afterEach(() => vi.unstubAllEnvs());

  it.each([
    [401, "refused the administrator (HTTP 401); give the password in KEYCLOAK_PASSWORD"],
    [500, "answers with HTTP 500, so it cannot serve now, most often because its database does not answer"],
    [503, "answers with HTTP 503, so it cannot serve now"],
  ])("that is answered with HTTP %i says what it is, and never the password", async (status, words) => {
    vi.stubEnv("KEYCLOAK_USER", "admin");
    vi.stubEnv("KEYCLOAK_PASSWORD", "of-the-test");
    const server = await listen((_, response) => response.writeHead(status).end("{}"));
    try {
      const error: Error & { code?: string } = await signIn(stackOf({}), { url: server.url }, fetch).catch(
        (thrown) => thrown,
      );
      expect(error.code).toBe("keycloak-unreachable");
      expect(error.message).toContain(`${server.url} ${words}`);
      expect(error.message).not.toContain("of-the-test");
    } finally {
      await server.close();
    }
  });
});
