import { execFile } from "node:child_process";
import { randomUUID } from "node:crypto";
import { readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import type { Signer } from "../../../machines/signing/key-source";
import type { AnyAlgorithm, TestKey } from "../issuer-fixture";

const run = promisify(execFile);

function argumentsFor(algorithm: AnyAlgorithm): string[] {
  if (algorithm === "EdDSA") return ["pkeyutl", "-sign", "-rawin"];
  const bits = Number(algorithm.slice(2));
  const pss = ["-sigopt", "rsa_padding_mode:pss", "-sigopt", `rsa_pss_saltlen:${bits / 8}`];
  return ["dgst", `-sha${bits}`, ...(algorithm.startsWith("PS") ? pss : [])];
}

/** A signature of openssl's, in a process of its own, as openssl writes it: for ES256 in DER. */
export async function signByOpenssl({ algorithm, file }: TestKey<AnyAlgorithm>, data: Uint8Array): Promise<Buffer> {
  const [input, output] = ["in", "out"].map((end) => join(dirname(file), `${randomUUID()}.${end}`)) as [string, string];
  await writeFile(input, data);
  const [command = "", ...options] = argumentsFor(algorithm);
  const key = command === "dgst" ? ["-sign", file] : ["-inkey", file, "-in", input];
  const last = command === "dgst" ? [input] : [];
  await run("openssl", [command, ...options, ...key, "-out", output, ...last]);
  const signature = await readFile(output);
  await Promise.all([rm(input), rm(output)]);
  return signature;
}

/** A signer whose private key only openssl reads. */
export function opensslSigner(key: TestKey<AnyAlgorithm>): Signer {
  const { kid, algorithm } = key;
  return {
    kid,
    algorithm,
    async sign(data) {
      const signature = await signByOpenssl(key, data);
      return algorithm.startsWith("ES")
        ? withoutDer(signature, { ES256: 32, ES384: 48 }[algorithm as string] ?? 66)
        : signature;
    },
  };
}

/** r and s side by side, out of a SEQUENCE of two INTEGERs, whose length takes one byte or, for P-521, two. */
function withoutDer(der: Buffer, bytes: number): Buffer {
  const at = der[1]! > 0x80 ? 3 : 2;
  const length = der[at + 1]!;
  const [r, s] = [der.subarray(at + 2, at + 2 + length), der.subarray(at + 4 + length)];
  return Buffer.concat([r, s].map((part) => Buffer.concat([Buffer.alloc(bytes), part]).subarray(-bytes)));
}
