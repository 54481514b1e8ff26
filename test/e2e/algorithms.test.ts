// Each algorithm that a machine may sign with, against a real Keycloak, by the attributes that the constructs give a client.
import { createPublicKey } from "node:crypto";
import { afterAll, describe, expect, it } from "vitest";
import { keyAttributes } from "../../constructs/contract/client-keys";
import { readCertificate } from "../../constructs/keys/certificate";
import { selfSign } from "../../constructs/keys/self-sign";
import { openMachine } from "../../machines/calling/open-machine";
import { ALL_ALGORITHMS, testFolder } from "../machines/issuer-fixture";
import { admin, clientOf, SHARED } from "./environment";

const folder = testFolder();
const made: string[] = [];
afterAll(async () => {
  folder.remove();
  for (const clientId of made) await admin(SHARED, "DELETE", `/clients/${(await clientOf(SHARED, clientId)).id}`);
});

describe.each(ALL_ALGORITHMS)("a machine that signs with %s", (algorithm) => {
  it("gets a token, and none when it signs with another algorithm of the same key", async () => {
    const key = await folder.key(`${algorithm}.key`, algorithm);
    const clientId = `algorithm-${algorithm}`;
    const facts = readCertificate(selfSign(key.privateKey, clientId, 5), "certificate", { algorithm });
    const keys = { ...facts, certificateBase64: facts.base64, acceptedKeys: [{ ...facts, state: "active" as const }] };
    await admin(SHARED, "POST", "/clients", {
      clientId,
      serviceAccountsEnabled: true,
      standardFlowEnabled: false,
      clientAuthenticatorType: "client-jwt",
      attributes: keyAttributes(keys),
    });
    made.push(clientId);
    const options = {
      clientId,
      keyFile: key.file,
      issuer: "http://keycloak:8080/realms/sjwt-example",
      connectTo: `keycloak:8080=127.0.0.1:${SHARED.keycloakPort}`,
      allowInsecureHttp: true,
      patienceMs: 0,
    };
    const machine = openMachine({ ...options, algorithm });
    expect(await machine.getToken()).toMatch(/^eyJ/);
    await machine.close();
    if (createPublicKey(key.privateKey).asymmetricKeyType !== "rsa") return; // its keys have one algorithm
    const other = openMachine({ ...options, algorithm: algorithm === "RS256" ? "PS256" : "RS256" });
    await expect(other.getToken()).rejects.toMatchObject({ code: "ERR_CLIENT_REFUSED" });
    await other.close();
  });
});
