import { execFile } from "node:child_process";
import { randomUUID } from "node:crypto";
import { readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import type { Signer } from "../../../machines/signing/key-source";
import type { TestKey } from "../issuer-fixture";

const run = promisify(execFile);

const ARGUMENTS: Record<TestKey["algorithm"], string[]> = {
  RS256: ["dgst", "-sha256"],
  PS256: ["dgst", "-sha256", "-sigopt", "rsa_padding_mode:pss", "-sigopt", "rsa_pss_saltlen:32"],
  ES256: ["dgst", "-sha256"],
  EdDSA: ["pkeyutl", "-sign", "-rawin"],
};

/** A signature of openssl's, in a process of its own, as openssl writes it: for ES256 in DER. */
export async function signByOpenssl({ algorithm, file }: TestKey, data: Uint8Array): Promise<Buffer> {
  const [input, output] = ["in", "out"].map((end) => join(dirname(file), `${randomUUID()}.${end}`)) as [string, string];
  await writeFile(input, data);
  const [command = "", ...options] = ARGUMENTS[algorithm];
  const key = command === "dgst" ? ["-sign", file] : ["-inkey", file, "-in", input];
  const last = command === "dgst" ? [input] : [];
  await run("openssl", [command, ...options, ...key, "-out", output, ...last]);
  const signature = await readFile(output);
  await Promise.all([rm(input), rm(output)]);
  return signature;
}

/** A signer whose private key only openssl reads. */
export function opensslSigner(key: TestKey): Signer {
  const { kid, algorithm } = key;
  return {
    kid,
    algorithm,
    async sign(data) {
      const signature = await signByOpenssl(key, data);
      return algorithm === "ES256" ? withoutDer(signature) : signature;
    },
  };
}

/** r and s of 32 bytes each, out of a SEQUENCE of two INTEGERs. */
function withoutDer(der: Buffer): Buffer {
  const length = der[3]!;
  const [r, s] = [der.subarray(4, 4 + length), der.subarray(6 + length)];
  return Buffer.concat([r, s].map((part) => Buffer.concat([Buffer.alloc(32), part]).subarray(-32)));
}
