import { inspect } from "node:util";
import { describe, expect, it } from "vitest";
import { IssuerError, MachineError, redact, TokenError } from "../../machines/errors";
import { pemBegin, pemBlock } from "../pem";

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

describe("redact", () => {
  it("takes out tokens and PEM and leaves addresses alone", () => {
    expect(redact(`a ${token} b`)).toBe("a [jwt] b");
    expect(redact(`x ${pemBlock("PRIVATE KEY", "MIIE")} y`)).toBe("x [pem] y");
    expect(redact(`x ${pemBegin("PRIVATE KEY")}MIIE`)).toBe("x [pem]");
    const address = "http://keycloak.a-long-name.example:8080/realms/sjwt-example";
    expect(redact(address)).toBe(address);
  });
});

describe("redact on odd texts", () => {
  it("removes a token after any text, and is quick with a long text", () => {
    expect(redact("at tok_eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ4In0.c2ln and %3DeyJhbGciOiJSUzI1NiJ9.e30.x")).not.toContain(
      "eyJ",
    );
    const begun = performance.now();
    redact("a".repeat(200_000));
    expect(performance.now() - begun).toBeLessThan(1000);
  });
});
