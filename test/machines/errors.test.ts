import { inspect } from "node:util";
import { describe, expect, it } from "vitest";
import { IssuerError, MachineError, TokenError } from "../../machines/errors";

const token = "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJtYWNoaW5lLWEifQ.c2lnbmF0dXJl";

describe("MachineError", () => {
  it("has a code, the name of its class and its cause", () => {
    const error = new TokenError("ERR_TOKEN_CLAIM", "wrong", { claim: "aud", cause: new Error("why") });
    expect(error).toBeInstanceOf(MachineError);
    expect(error).toMatchObject({ code: "ERR_TOKEN_CLAIM", name: "TokenError", claim: "aud", message: "wrong" });
    expect((error.cause as Error).message).toBe("why");
  });

  it("keeps no token, neither in the message nor in anything printed of the causes", () => {
    const cause = Object.assign(new Error(`bad ${token}`), {
      response: { body: token },
      cause: Object.assign(new TypeError(token), { code: "ECONNRESET", body: token }),
    });
    const error = new IssuerError("ERR_ISSUER_RESPONSE", `answered ${token}`, cause);
    expect(error.message).toBe("answered [jwt]");
    const printed = inspect(error, { depth: 10, showHidden: true });
    expect(printed).toContain("ECONNRESET");
    expect(printed).not.toContain("eyJ");
  });
});
