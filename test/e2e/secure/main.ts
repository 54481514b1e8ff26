import { readFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "../project";

/** Two more callers: one with a certificate too, and one whose tokens are bound by DPoP. */
const MORE = `
const keyC = new SigningKeyPair(stack, "MachineCKey", { name: "machine-c" });
const tlsC = new TlsCertificate(stack, "MachineCTls", { authority, name: "machine-c", usage: "client" });
const c = new SignedJwtClient(stack, "MachineC", { realm, clientId: "machine-c", signingKey: keyC, boundTo: tlsC });
const keyD = new SigningKeyPair(stack, "MachineDKey", { name: "machine-d", algorithm: "ES256" });
const d = new SignedJwtClient(stack, "MachineD", { realm, clientId: "machine-d", signingKey: keyD, boundTo: "dpop" });
for (const caller of [c, d]) b.grantCall(caller);

`;

/** The text of examples/secure for a project folder, with the callers above. */
export function secureMain(): string {
  const main = readFileSync(join(ROOT, "examples", "secure", "main.ts"), "utf8");
  return main.replace('"../../constructs"', '"./constructs"').replace("const outputs = {", `${MORE}$&`);
}
