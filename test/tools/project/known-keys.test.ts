import { describe, expect, it } from "vitest";
import { declaredAlgorithms, declaredKeys, knownKeys } from "../../../tools/project/known-keys";
import { inState, signedJwtClient, stackOf, stateOf } from "../parts";

const KID_A = "EPpphzqVwJCUEBrvl0e_XwjUchREOb5-UofFWoy7A04";
const KID_B = "qt4_hnLcfVgG_yyFx5tE9PDrY1JLvwy6v5dUQefp598";
const CLIENT_A = inState("keycloak_openid_client", "MachineA_E2C1362E", signedJwtClient("machine-a"));

describe("knownKeys", () => {
  it("are the certificates of clients, by stack and address, with the certificate's CN", () => {
    const b = inState("keycloak_openid_client", "MachineB", signedJwtClient("machine-b"));
    const states = [
      { stack: "dev", ...stateOf(CLIENT_A) },
      { stack: "stage", ...stateOf(b) },
    ];
    expect(knownKeys(states)).toEqual([
      {
        stack: "dev",
        address: "keycloak_openid_client.MachineA_E2C1362E",
        client: "/machine-a",
        name: "machine-a",
        kid: KID_A,
        accepted: [KID_A],
      },
      {
        stack: "stage",
        address: "keycloak_openid_client.MachineB",
        client: "/machine-b",
        name: "machine-b",
        kid: KID_B,
        accepted: [KID_B],
      },
    ]);
  });

  it("ignore other clients, other resources, data sources and invalid certificates", () => {
    const pem = (value: string) => ({ extra_config: { "jwt.credential.certificate": value } });
    expect(
      knownKeys([
        {
          stack: "m2m",
          ...stateOf(
            inState("keycloak_openid_client", "secret", { extra_config: {} }),
            inState("keycloak_openid_client", "none", { extra_config: null }),
            inState("keycloak_openid_client", "corrupt", pem("bm8gY2VydGlmaWNhdGU=")),
            inState("keycloak_saml_client", "saml", signedJwtClient("machine-a")),
            { ...CLIENT_A, mode: "data" },
            { ...CLIENT_A, instances: [] },
          ),
        },
      ]),
    ).toEqual([]);
  });
});

describe("declaredKeys", () => {
  it("are those of the synthesized clients of all stacks", () => {
    const stacks = [
      stackOf({ keycloak_openid_client: { MachineA_E2C1362E: signedJwtClient("machine-a") } }, "/", "dev"),
      stackOf({ docker_network: { n: { name: "n" } } }),
      stackOf(undefined),
    ];
    expect(declaredKeys(stacks)).toEqual([
      {
        stack: "dev",
        address: "keycloak_openid_client.MachineA_E2C1362E",
        client: "/machine-a",
        name: "machine-a",
        kid: KID_A,
        accepted: [KID_A],
      },
    ]);
  });
});

describe("what a client signs with", () => {
  const client = (more: Record<string, string>) => {
    const { extra_config, ...rest } = signedJwtClient("machine-a");
    return stateOf(inState("keycloak_openid_client", "A", { ...rest, extra_config: { ...extra_config, ...more } }));
  };

  it("is what Keycloak is told, and what the JWKS says of each key", () => {
    const accepted = [{ kid: KID_B, algorithm: "ES256" } as const, { kid: KID_A, algorithm: "PS256" } as const];
    const ofKey = { [KID_B]: "ES256", [KID_A]: "PS256" };
    const twoKinds = stateOf(inState("keycloak_openid_client", "A", signedJwtClient("machine-a", accepted)));
    expect(declaredAlgorithms([twoKinds])).toEqual([["machine-a", { pinned: undefined, ofKey }]]);
    expect(declaredAlgorithms([client({})])).toEqual([["machine-a", { pinned: "RS256", ofKey: {} }]]);
  });

  it.each(["", "{", "{}", "null"])("is unknown if the JWKS is invalid: %j", (text) => {
    const jwks = { "use.jwks.string": "true", "jwks.string": text };
    expect(declaredAlgorithms([client(jwks)])).toEqual([["machine-a", { pinned: "RS256", ofKey: {} }]]);
    expect(knownKeys([{ stack: "m2m", ...client(jwks) }])).toMatchObject([{ kid: KID_A, accepted: [] }]);
  });
});
