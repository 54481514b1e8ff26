// machine-a, the caller. It gets an access token by a signed assertion and calls machine-b's protected API.
// Run: npx tsx machines/machine-a/machine-a.ts [--online]   (settings: the environment, see docs/machines.md)

import { plainLine } from "../../network/plain-text";
import { openMachine } from "../calling/open-machine";
import { MachineError } from "../errors";
import { readMachine, readText } from "../settings";

const localAddresses = "keycloak:8080=127.0.0.1:8080,machine-b:3000=127.0.0.1:3000";

async function main(args: readonly string[], env = process.env): Promise<number> {
  const api =
    readText(env, "API", "http://machine-b:3000/api/protected") + (args.includes("--online") ? "/online" : "");
  const settings = readMachine({ ...env, CONNECT_TO: env.CONNECT_TO ?? localAddresses }, "machine-a", "API");
  const machine = openMachine({ ...settings, patienceMs: 0, callTimeoutMs: 5000 }); // one attempt, so the user sees the reason at once
  try {
    const response = await machine.fetch(api);
    console.log(`HTTP ${response.status}`);
    const text = await response.text();
    if (response.status !== 200) {
      console.error(
        plainLine(`machine-a: ${api} refused the call: ${response.headers.get("www-authenticate") ?? text}`),
      );
      return 1;
    }
    const { caller, verified } = JSON.parse(text) as { caller: string; verified: string };
    console.log(plainLine(`caller: ${caller}`));
    console.log(plainLine(`verified: ${verified}`));
    return 0;
  } finally {
    await machine.close();
  }
}

main(process.argv.slice(2)).then(
  (code) => {
    process.exitCode = code;
  },
  (error: unknown) => {
    console.error(error instanceof MachineError ? `machine-a: ${error.message} [${error.code}]` : error);
    process.exitCode = 1;
  },
);
