import { describe, expect, it, vi } from "vitest";
import { makeSigningKeys, SigningKeyPair } from "../../../constructs";
import { NOTICES_AS_JSON, type Notice, noticeIn, sentence, tell } from "../../../constructs/contract/notices";
import { captureNotices, inTemporaryProject, newStack } from "../project";

inTemporaryProject();

const NOTICES: [Notice, string][] = [
  [
    { event: "key-made", name: "a", kind: "P-256", file: "certs/a-signing.key" },
    "made the private key certs/a-signing.key (P-256, mode 0600, keep it out of git)",
  ],
  [{ event: "key-made", name: "a", kind: "P-256" }, "made the private key of a (P-256)"],
  [
    { event: "certificate-issued", name: "a", file: "certs/a-signing.crt", days: 5 },
    "issued the certificate certs/a-signing.crt (5 days, commit it)",
  ],
  [{ event: "keys-made", made: 10, total: 12 }, "10 of 12 keys made"],
];

describe("a notice", () => {
  it.each(NOTICES)("of %o is a sentence to a person", (notice, text) => {
    const told = captureNotices();
    tell(notice);
    expect(told).toEqual([`${text}\n`]);
    expect(sentence(notice)).toBe(text);
  });

  it.each(NOTICES)("of %o is a line of JSON to m2m, which reads it back", (notice) => {
    vi.stubEnv("M2M_NOTICES", NOTICES_AS_JSON.M2M_NOTICES);
    const told = captureNotices();
    tell(notice);
    expect(told).toHaveLength(1);
    expect(noticeIn(told[0]!.trimEnd())).toEqual(notice);
  });

  it.each(["", "npm warn x", "made the private key k", '{"event":', '{"name":"a"}'])("is not: %s", (line) => {
    expect(noticeIn(line)).toBeUndefined();
  });
});

it("m2m reads what the constructs make", async () => {
  vi.stubEnv("M2M_NOTICES", "json");
  const told = captureNotices();
  await makeSigningKeys([{ name: "a", algorithm: "ES256" }]);
  new SigningKeyPair(newStack(), "B", { name: "b", algorithm: "EdDSA", validityDays: 7 });
  expect(told.map((line) => noticeIn(line.trimEnd()))).toEqual([
    { event: "key-made", name: "a", kind: "P-256" },
    { event: "keys-made", made: 1, total: 1 },
    { event: "key-made", name: "b", kind: "Ed25519", file: "certs/b-signing.key" },
    { event: "certificate-issued", name: "b", file: "certs/b-signing.crt", days: 7 },
  ]);
});
