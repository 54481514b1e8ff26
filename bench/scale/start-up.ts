import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { createServerCertificate } from "../../provider/protocol/certificate";
import { median } from "../figures";

/** What Terraform sets for a plugin, so that one started by hand can say what it is. */
const COOKIE = "d602bf8f470bc67ca7faa0386276bbdd4330efaf76d1a219cb4d6991ca9872b2";

/** Milliseconds from the start of a provider to its handshake line, with mutual TLS as Terraform asks for it. */
export async function startUp(program: string): Promise<number> {
  const env = {
    ...process.env,
    TF_PLUGIN_MAGIC_COOKIE: COOKIE,
    PLUGIN_PROTOCOL_VERSIONS: "5",
    PLUGIN_CLIENT_CERT: createServerCertificate().certificatePem,
  };
  const begun = performance.now();
  const child = spawn(program, { env, stdio: ["ignore", "pipe", "ignore"] });
  await once(createInterface({ input: child.stdout }), "line");
  const taken = performance.now() - begun;
  child.kill("SIGKILL");
  await once(child, "exit");
  return taken;
}

export async function medianStartUp(program: string, runs = 5): Promise<number> {
  const times: number[] = [];
  for (let run = 0; run < runs; run++) times.push(await startUp(program));
  return median(times);
}
