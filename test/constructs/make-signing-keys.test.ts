import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { describe, expect, it, vi } from "vitest";
import { makeSigningKeys, SigningKeyPair } from "../../constructs";
import { inTemporaryProject, newStack } from "./project";

inTemporaryProject();

/** What is written to stderr. */
function captured(): string[] {
  const lines: string[] = [];
  vi.spyOn(process.stderr, "write").mockImplementation((text) => Boolean(lines.push(String(text))));
  return lines;
}

describe("makeSigningKeys", () => {
  it("makes the private halves of those that do not exist, as the constructs then take them", async () => {
    const lines = captured();
    const pairs = Array.from({ length: 23 }, (_, index) => ({ name: `m${index}`, algorithm: "EdDSA" as const }));
    await makeSigningKeys([...pairs, { name: "kept", algorithm: "ES256", privateKeyDirectory: "private" }]);
    expect(readdirSync("certs")).toHaveLength(23);
    expect(statSync("private/kept-signing.key").mode & 0o777).toBe(0o600);
    expect(lines.filter((line) => line.endsWith("keys made\n"))).toEqual([
      "10 of 24 keys made\n",
      "20 of 24 keys made\n",
      "24 of 24 keys made\n",
    ]);
    const key = readFileSync("certs/m7-signing.key", "utf8");
    const stack = newStack();
    for (const pair of pairs) new SigningKeyPair(stack, pair.name, pair);
    expect(readFileSync("certs/m7-signing.key", "utf8")).toBe(key);
    expect(readdirSync("certs")).toHaveLength(46);
    lines.length = 0;
    await makeSigningKeys(pairs.map((pair) => ({ directory: undefined, ...pair })));
    expect(lines).toEqual([]);
  });

  it("makes none where there is a certificate, where CI is set, or where a state knows the name", async () => {
    captured();
    new SigningKeyPair(newStack(), "Pair", { name: "a", algorithm: "EdDSA", privateKeyDirectory: "elsewhere" });
    await makeSigningKeys([{ name: "a", algorithm: "EdDSA" }]);
    vi.stubEnv("M2M_KNOWN_KEYS", "dev/b/abc");
    await makeSigningKeys([{ name: "b", algorithm: "EdDSA" }]);
    vi.stubEnv("CI", "true");
    await makeSigningKeys([{ name: "c", algorithm: "EdDSA" }]);
    expect(readdirSync("certs")).toEqual(["a-signing.crt"]);
  });

  it("leaves props that are wrong to the constructs", async () => {
    await makeSigningKeys([
      { name: "../x" },
      { name: "y", rsaBits: 512 },
      { name: "z", algorithm: "HS256" as "RS256" },
    ]);
    expect(existsSync("certs")).toBe(false);
  });

  it("fails where a file cannot be made", async () => {
    writeFileSync("certs", "");
    await expect(makeSigningKeys([{ name: "a", algorithm: "EdDSA" }])).rejects.toMatchObject({
      code: "FILE_NOT_WRITTEN",
    });
  });
});
