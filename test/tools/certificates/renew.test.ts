import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { describe, expect, it, vi } from "vitest";
import { certificatesProject } from "./certificates-project";

const project = certificatesProject();
const ALL = ["ca", "api-tls", "due-tls"];
const key = (name: string) => readFileSync(`certs/${name}.key`, "utf8");

/** Which certificates a command has changed. */
async function changedBy(words: string) {
  const before = project.prints(...ALL);
  const result = await project.run(words);
  const after = project.prints(...ALL);
  return { ...result, changed: ALL.filter((name) => before[name] !== after[name]) };
}

describe("certificates renew", () => {
  it("issues those that are named, over the same key, and says what is next", async () => {
    const before = key("api-tls");
    const { changed, text, data } = await changedBy("renew api");
    expect(changed).toEqual(["api-tls"]);
    expect(key("api-tls")).toBe(before);
    expect(text).toMatch(/^certs\/api-tls\.crt +peer +until .*, 90 days left +private key here\ncommit them, and run/);
    expect(data).toEqual([expect.objectContaining({ name: "api", due: false, imported: false })]);
  });

  it("makes new keys by --new-key, but for a CA, and leaves no key beside", async () => {
    const [ca, api] = [key("ca"), key("api-tls")];
    expect((await changedBy("renew --all --new-key")).changed).toEqual(ALL);
    expect(key("ca")).toBe(ca);
    expect(key("api-tls")).not.toBe(api);
    expect(readdirSync("certs").filter((name) => name.endsWith(".key"))).toHaveLength(3);
  });

  it("makes no new key where CI is set", async () => {
    vi.stubEnv("CI", "true");
    const { code, message } = await project.failure("renew api --new-key");
    expect(code).toBe("synth-failed");
    expect(message).toContain("certs/api-tls.crt is not issued again, as no new key is made here: CI is set");
    expect((await changedBy("renew api")).changed).toEqual(["api-tls"]);
  });

  it("takes those that are due by --auto, and says where none is", async () => {
    expect(await changedBy("renew --auto")).toMatchObject({ changed: [], text: "nothing is due" });
    writeFileSync("due.due", "");
    expect((await changedBy("renew --auto")).changed).toEqual(["due-tls"]);
  });

  it("takes a certificate that is called due for itself, and not for those that are", async () => {
    writeFileSync("api.due", "");
    expect((await changedBy("renew due")).changed).toEqual(["due-tls"]);
  });

  it("changes nothing by --dry-run, and says what it would", async () => {
    const { changed, text } = await changedBy("renew --all --dry-run");
    expect(changed).toEqual([]);
    expect(text.split("\n")).toEqual([
      "would renew",
      expect.stringMatching(/^certs\/api-tls\.crt/),
      expect.stringMatching(/^certs\/ca\.crt/),
      expect.stringMatching(/^certs\/due-tls\.crt/),
    ]);
  });

  it.each(["renew", "renew api --all", "renew --all --auto"])("%s is told what to give", async (words) => {
    expect((await project.failure(words)).message).toContain("certificates renew takes names, --all or --auto");
  });

  it.each([
    ["renew nobody", "no certificate nobody; known: api, ca, due"],
    ["renew nobody --dry-run", "no certificate nobody; known: api, ca, due"],
    ["renew others", "given/others.crt is issued by others; renew it where it was issued"],
  ])("%s is refused, and nothing is issued", async (words, message) => {
    const before = project.prints(...ALL);
    expect(await project.failure(words)).toEqual({ code: "certificate-unknown", message });
    expect(project.prints(...ALL)).toEqual(before);
  });

  it("keeps the former certificate where the key of the CA is elsewhere, and says which key", async () => {
    rmSync("certs/ca.key");
    const before = project.prints(...ALL);
    for (const [words, message] of [
      ["renew api", "certs/ca.key, the private key of the CA, is not here"],
      ["renew ca", "certs/ca.key is needed to issue certs/ca.crt again, and is not here"],
    ] as const) {
      const failed = await project.failure(words);
      expect(failed).toMatchObject({ code: "synth-failed", message: expect.stringContaining(message) });
      expect(failed.message).not.toContain("    at "); // the error alone
    }
    expect(project.prints(...ALL)).toEqual(before);
  });

  it("needs no key of the certificate itself, and makes none", async () => {
    rmSync("certs/api-tls.key");
    const { changed, text } = await changedBy("renew api");
    expect(changed).toEqual(["api-tls"]);
    expect(text).toContain("private key not here");
  });

  it("two at once leave certificates and keys that fit", async () => {
    await Promise.all([project.run("renew api --new-key"), project.run("renew api --new-key")]);
    await project.run("renew api"); // would find a key that does not fit
    expect(readdirSync("certs").filter((name) => name.endsWith(".key"))).toHaveLength(3);
  });
});
