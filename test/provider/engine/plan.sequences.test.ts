import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { ObjectValue } from "../../../provider/protocol/values";
import { applied, changes } from "./applied";

describe("any sequence of configurations", () => {
  const text = fc.constantFrom(null, "", "a", "b");
  const flag = fc.constantFrom(null, true, false);
  const map = fc.option(
    fc.dictionary(fc.constantFrom("use.jwks.url", "jwks.string", "own"), fc.constantFrom("", "x", "y")),
  );
  const list = fc.constantFrom(null, [], ["/a"], ["/b", "/a"]);
  const config = fc
    .record({
      name: text,
      description: text,
      root_url: text,
      pkce_code_challenge_method: fc.constantFrom(null, "", "S256"),
      access_token_lifespan: fc.constantFrom(null, "", "60"),
      enabled: flag,
      full_scope_allowed: flag,
      require_dpop_bound_tokens: flag,
      backchannel_logout_revoke_offline_sessions: flag,
      exclude_issuer_from_auth_response: flag,
      client_authenticator_type: fc.constantFrom(null, "client-jwt", "client-secret"),
      service_accounts_enabled: flag,
      valid_redirect_uris: list,
      extra_config: map,
    })
    .map((values) => ({ realm_id: "r", client_id: "c", access_type: "CONFIDENTIAL", ...values }) as ObjectValue);

  it("is followed by an empty plan each time", () => {
    fc.assert(
      fc.property(fc.array(config, { minLength: 1, maxLength: 4 }), (sequence) => {
        let state: ObjectValue | null = null;
        for (const one of sequence) {
          state = applied(one, state).state;
          expect(changes(state, one)).toEqual([]);
        }
      }),
      { numRuns: 200 },
    );
  });
});
