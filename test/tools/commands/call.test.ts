import { copyFileSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { TerraformStack } from "cdktf";
import { describe, expect, it } from "vitest";
import { KeycloakServer, Realm, SignedJwtClient, SigningKeyPair } from "../../../constructs";
import { runCommand } from "../../../tools/cli/run";
import { callCommand, tokenCommand } from "../../../tools/commands/call";
import { envCommand } from "../../../tools/commands/env";
import { inTemporaryProject } from "../../constructs/project";
import { synthesized } from "../grants/shop";
import { recordOutput } from "../parts";

inTemporaryProject();

/** Declares clients, of which "given" has a key that was made elsewhere; the app says again what was synthesized. */
function declare(...clientIds: string[]): void {
  synthesized((app) => {
    const stack = new TerraformStack(app, "one");
    const server = KeycloakServer.fromUrl(stack, "Server", { url: "http://127.0.0.1:1" });
    const realm = Realm.fromRealmName(stack, "Realm", { server, realmName: "r" });
    for (const clientId of clientIds) {
      const signingKey =
        clientId === "given"
          ? SigningKeyPair.fromCertificateFile(stack, "GivenKey", "given.crt")
          : new SigningKeyPair(stack, `${clientId}Key`, { name: clientId });
      new SignedJwtClient(stack, clientId, { realm, clientId, signingKey });
    }
  });
  const again = 'const now = new Date(); require("node:fs").utimesSync("cdktf.out/manifest.json", now, now);';
  writeFileSync("app.cjs", again);
}

async function run(...argv: string[]) {
  const recorded = recordOutput();
  const results: { text: string; data: unknown }[] = [];
  const out = { ...recorded, result: (text: string, data: unknown) => void results.push({ text, data }) };
  await runCommand(argv, [callCommand, tokenCommand, envCommand], out, new AbortController().signal);
  return { ...results[0]!, warned: recorded.warned };
}

describe("env --client", () => {
  it("prints exports, and the same as JSON", async () => {
    declare("billing");
    const { text, data, warned } = await run("env", "--client", "billing");
    expect(data).toMatchObject({ CLIENT_ID: "billing", KEY_FILE: join(process.cwd(), "certs/billing-signing.key") });
    expect(text.split("\n")).toEqual(
      Object.entries(data as Record<string, string>).map(([name, value]) => `export ${name}='${value}'`),
    );
    expect(warned).toEqual([]);
  });

  it("has --stack and --realm, which bare env has not", async () => {
    declare("billing");
    expect((await run("env", "--client", "billing", "--stack", "one", "--realm", "r")).text).toContain("KEY_ID=");
    await expect(run("env", "--realm", "r")).rejects.toMatchObject({
      code: "usage",
      message: expect.stringContaining("--stack and --realm are for env --client"),
    });
  });
});

describe("token and call without outputs", () => {
  it("sign in as any declared client", async () => {
    declare("billing", "stock");
    // Nobody listens: that it is asked is what the project says.
    await expect(run("token", "billing")).rejects.toMatchObject({ code: "ERR_UNREACHABLE" });
    await expect(run("call", "stock", "--url", "http://127.0.0.1:1/")).rejects.toMatchObject({
      code: "ERR_UNREACHABLE",
    });
  });

  it("name what is declared where nobody is meant", async () => {
    declare("billing", "stock");
    await expect(run("call")).rejects.toMatchObject({
      code: "client-unknown",
      message: "no client machine-a is declared; name one of these: billing, stock",
    });
    await expect(run("token", "bill")).rejects.toMatchObject({ code: "client-unknown" });
  });

  it("take machine-a, or the only client, where nobody is named", async () => {
    declare("a-first", "machine-a");
    await expect(run("call")).rejects.toMatchObject({
      message: expect.stringMatching(/^which API machine-a is to call/),
    });
  });

  it("need an API to call", async () => {
    declare("billing");
    await expect(run("call")).rejects.toMatchObject({
      code: "api-unknown",
      message: expect.stringMatching(/^which API billing is to call is not known: .* give its address by --url$/),
    });
    for (const url of ["machine-b:3000/api", "ftp://machine-b/"])
      await expect(run("call", "--url", url)).rejects.toMatchObject({ code: "usage" });
    await expect(run("call", "--url", "http://machine-b:3000/", "--online")).rejects.toMatchObject({ code: "usage" });
  });

  it("need a key that is not here to be given", async () => {
    copyFileSync(join(__dirname, "..", "..", "fixtures", "certs", "machine-a.crt"), "given.crt");
    mkdirSync("certs", { recursive: true });
    declare("billing", "given");
    await expect(run("token", "given")).rejects.toMatchObject({
      code: "key-unknown",
      message: expect.stringContaining("give its file by --key-file"),
    });
    const file = "certs/billing-signing.key";
    await expect(run("token", "given", "--key-file", file)).rejects.toMatchObject({ code: "ERR_UNREACHABLE" });
    await expect(run("token", "given", "--key-file", "no.key")).rejects.toMatchObject({ code: "ERR_KEY_UNREADABLE" });
  });
});
