// biome-ignore-all lint/suspicious/noTemplateCurlyInString: it is Terraform that reads them
import { Fn, TerraformVariable } from "cdktf";
import { expect, it } from "vitest";
import { ProtectedApi, SignedJwtClient, SigningKeyPair } from "../../constructs";
import { fixedKey, inTemporaryProject, messageOf, newRealm, newStack, only, synth } from "./project";

inTemporaryProject();

function variables() {
  const stack = newStack();
  const text = new TerraformVariable(stack, "text", { type: "string" }).stringValue;
  const number = new TerraformVariable(stack, "number", { type: "number" }).numberValue;
  return { stack, realm: newRealm(stack), text, number };
}

it("claims, the life of tokens and the address of keys may be known to Terraform alone", () => {
  const { stack, realm, text, number } = variables();
  new SignedJwtClient(stack, "Client", {
    realm,
    clientId: "a",
    signingKey: SigningKeyPair.fromJwksUri(stack, "Keys", text, { algorithm: "ES256" }),
    accessTokenLifespanSeconds: number,
    claims: { tenant: Fn.join("-", [text, "x"]), plain: "${var.text}" },
  });
  const json = synth(stack);
  const client = only(json, "keycloak_openid_client");
  expect(client.access_token_lifespan).toBe("${var.number}");
  expect(client.extra_config["jwks.url"]).toBe("${var.text}");
  const claims = Object.values(json.resource.keycloak_openid_hardcoded_claim_protocol_mapper!);
  expect(claims.map(({ claim_value }) => claim_value).sort()).toEqual([
    "$${var.text}",
    '${join("-", [var.text, "x"])}',
  ]);
});

it("so may the audience of an API", () => {
  const { stack, realm, text } = variables();
  const client = new SignedJwtClient(stack, "Client", {
    realm,
    clientId: "a",
    signingKey: fixedKey(stack, "machine-a"),
  });
  new ProtectedApi(stack, "Api", { realm, audience: text }).grant(client);
  const json = synth(stack);
  expect(only(json, "keycloak_openid_client_scope").name).toBe("audience-${var.text}");
  expect(only(json, "keycloak_openid_audience_protocol_mapper").included_custom_audience).toBe("${var.text}");
});

it("what names, addresses and files are made of has to be known at synthesis, and the error says so", () => {
  const { stack, realm, text } = variables();
  const signingKey = fixedKey(stack, "machine-a");
  expect(messageOf(() => new SignedJwtClient(stack, "Client", { realm, clientId: text, signingKey }))).toBe(
    "[test/Client] `clientId` must be known at synthesis, got: a value that only Terraform will know (a token of cdktf); pass the text or number itself",
  );
});
