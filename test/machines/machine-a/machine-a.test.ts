import { execFile } from "node:child_process";
import { chmodSync, copyFileSync, readFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { delimiter, dirname, resolve } from "node:path";
import { type ServerType, serve } from "@hono/node-server";
import { decodeJwt, decodeProtectedHeader } from "jose";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { buildApp } from "../../../machines/machine-b/app";
import { bundle } from "../bundle";
import { type Algorithm, TestIssuer, type TestKey, testFolder } from "../issuer-fixture";

/** Begins with the key id, and holds 128 random bits: in base64url, or in hexadecimal as the Bash client has them. */
const idOf = ({ kid }: TestKey) => new RegExp(`^${kid.slice(0, 8)}\\.([\\w-]{22}|[0-9a-f]{32})$`);

const folder = testFolder();
const machineA = resolve(__dirname, "../../../machines/machine-a");
let issuer: TestIssuer;
let key: TestKey;
let api: ServerType;
let connectTo: string;
beforeAll(async () => {
  issuer = await new TestIssuer(await folder.rsaKey("realm.key")).start();
  key = await folder.rsaKey("machine-a-signing.key");
  const signingKey = await folder.rsaKey("machine-b-signing.key");
  issuer.clients.set("machine-a", key).set("machine-b", signingKey);
  const app = buildApp({ issuer: issuer.open(), audience: "machine-b", clientId: "machine-b", signingKey });
  api = serve({ fetch: app.fetch, port: 0, hostname: "127.0.0.1" });
  await new Promise((done) => api.once("listening", done));
  connectTo = `${issuer.connectTo},machine-b:3000=127.0.0.1:${(api.address() as AddressInfo).port}`;
});
beforeEach(() => issuer.reset());
afterAll(async () => {
  api.close();
  await issuer.stop();
  folder.remove();
});

describe.each(["call.sh", "machine-a.ts"])("%s as a program", { timeout: 20_000 }, (name) => {
  let command: string[];
  beforeAll(async () => {
    if (name === "call.sh") command = [`${machineA}/call.sh`];
    else command = [process.execPath, await bundle("machine-a/machine-a.ts", folder.path("machine-a.js"))];
  });
  const run = (env: Record<string, string> = {}, ...more: string[]) =>
    new Promise<{ code: number; out: string; err: string }>((done) => {
      const settings = {
        PATH: process.env.PATH,
        HOME: process.env.HOME,
        KEY_FILE: key.file,
        ISSUER: issuer.url,
        CONNECT_TO: connectTo,
        ALLOW_INSECURE_HTTP: "true",
        ...env,
      };
      const [program, ...args] = [...command, ...more];
      execFile(program!, args, { env: settings }, (error, out, err) => {
        done({ code: error ? Number(error.code) : 0, out, err });
      });
    });

  it("prints HTTP 200 and the caller", async () => {
    expect(await run()).toEqual({ code: 0, out: "HTTP 200\ncaller: machine-a\nverified: offline\n", err: "" });
    const { form } = issuer.received.find(({ path }) => path.endsWith("/token"))!;
    const assertion = form.get("client_assertion")!;
    expect(decodeProtectedHeader(assertion)).toEqual({ alg: "RS256", typ: "JWT", kid: key.kid });
    const claims = decodeJwt(assertion);
    expect(claims).toMatchObject({
      iss: "machine-a",
      sub: "machine-a",
      aud: issuer.url,
      jti: expect.stringMatching(idOf(key)),
    });
    expect(claims.exp! - claims.iat!).toBe(60);
  });

  it("connects directly, whatever proxy variables and ~/.curlrc say", async () => {
    folder.write(".curlrc", 'proxy = "http://127.0.0.1:9"\nwrite-out = "curlrc"\n');
    const proxy = "http://127.0.0.1:9";
    const elsewhere = { HOME: folder.path("."), http_proxy: proxy, HTTPS_PROXY: proxy, ALL_PROXY: proxy };
    expect(await run(elsewhere)).toMatchObject({ code: 0, err: "" });
  });

  it("has the token checked online, and asks for scopes", async () => {
    const result = await run({ SCOPE: "openid profile" }, "--online");
    expect(result).toEqual({ code: 0, out: "HTTP 200\ncaller: machine-a\nverified: online\n", err: "" });
    expect(issuer.received.find(({ path }) => path.endsWith("/token"))?.form.get("scope")).toBe("openid profile");
  });

  it("ends with 1 and the reason when the API refuses", async () => {
    issuer.answers.set("/token/introspect", () => ({ body: { active: false } }));
    const { code, out, err } = await run({}, "--online");
    expect({ code, out }).toEqual({ code: 1, out: "HTTP 401\n" });
    expect(err).toMatch(
      /^machine-a: http:\/\/machine-b:3000\/api\/protected\/online refused the call: .*invalid_token/,
    );
    expect(err).not.toContain("eyJ");
  });

  it.each([
    ["the client is refused", { CLIENT_ID: "machine-x" }, "invalid_client"],
    ["the issuer is not there", { CONNECT_TO: "issuer.test:8080=127.0.0.1:9" }, "no answer from http://issuer.test"],
    ["the key file is missing", { KEY_FILE: "/missing.key" }, "key file /missing.key cannot be read"],
    ["the map is wrong", { CONNECT_TO: "issuer.test:8080" }, "must .*list.* host:port=address:port"],
    ["http is not allowed", { ALLOW_INSECURE_HTTP: "" }, "must be an https address, got: http://"],
  ])("ends with 1 and the reason when %s", async (_name, env, reason) => {
    const { code, out, err } = await run(env);
    expect({ code, out }).toEqual({ code: 1, out: "" });
    expect(err).toMatch(new RegExp(`machine-a: .*${reason}`));
  });

  it("ends with 1 on a key of another kind, too short, encrypted or no key", async () => {
    const openssl = (...words: string[]) =>
      new Promise<string>((done, fail) => {
        execFile("openssl", words, (error, out) => (error ? fail(error) : done(out)));
      });
    const cases: [string, string][] = [
      [await openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:secp256k1"), "must hold an RSA"],
      [
        await openssl("genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:1024"),
        "at least 2048 bits, got: 1024",
      ],
      [await openssl("pkey", "-in", key.file, "-aes256", "-passout", "pass:secret"), "PEM private key"],
      ["no key\n", "PEM private key"],
    ];
    for (const [content, reason] of cases) {
      const { code, err } = await run({ KEY_FILE: folder.write(`bad-${name}.key`, content) });
      expect({ code, err }).toEqual({ code: 1, err: expect.stringContaining(reason) });
    }
  });
});

describe.each(["call.sh", "machine-a.ts"])("%s with an encrypted key", { timeout: 20_000 }, (name) => {
  const passphrase = "correct horse";
  const keys = new Map<Algorithm, TestKey>();
  let command: string[];
  beforeAll(async () => {
    if (name === "call.sh") command = [`${machineA}/call.sh`];
    else command = [process.execPath, await bundle("machine-a/machine-a.ts", folder.path("encrypted.js"))];
    for (const algorithm of ["RS256", "ES256", "EdDSA"] as const) {
      const made = await folder.key(`${name}-${algorithm}-plain.key`, algorithm);
      keys.set(algorithm, made);
      issuer.clients.set(`machine-${algorithm}`, made);
    }
  });
  const run = (algorithm: Algorithm, env: Record<string, string>) => {
    const encrypted = { type: "pkcs8", format: "pem", cipher: "aes-256-cbc", passphrase } as const;
    const { privateKey } = keys.get(algorithm)!;
    const file = folder.write(`${name}-${algorithm}.key`, privateKey.export(encrypted).toString());
    const settings = { ISSUER: issuer.url, CONNECT_TO: connectTo, ALLOW_INSECURE_HTTP: "true", KEY_FILE: file };
    const [program, ...args] = command;
    return new Promise<string>((done) => {
      const options = { env: { PATH: process.env.PATH, CLIENT_ID: `machine-${algorithm}`, ...settings, ...env } };
      execFile(program!, args, options, (_error, out, err) => done(out + err));
    });
  };
  it.each(["RS256", "ES256", "EdDSA"] as const)(
    "opens a %s one by its passphrase, given or in a file",
    async (algorithm) => {
      expect(await run(algorithm, { KEY_PASSPHRASE: passphrase })).toContain("HTTP 200");
      const file = folder.write("passphrase", `${passphrase}\nanother line\n`);
      expect(await run(algorithm, { KEY_PASSPHRASE_FILE: file })).toContain("HTTP 200");
    },
  );

  it("refuses it without, and with another one, and does not show either", async () => {
    const wrong = await run("RS256", { KEY_PASSPHRASE: "wrong horse" });
    for (const text of [wrong, await run("RS256", {})]) {
      expect(text).toContain("must hold a PEM private key");
      expect(text).not.toMatch(/horse|MII/);
    }
    expect(await run("RS256", { KEY_PASSPHRASE_FILE: "/missing" })).toMatch(/PASSPHRASE|PEM private key/);
  });
});

describe("machine-a.ts", () => {
  it("runs from its source too", async () => {
    const env = { PATH: process.env.PATH, KEY_FILE: "/missing.key" };
    const tsx = (script: string) =>
      new Promise<string>((done) => {
        execFile(process.execPath, ["--import", "tsx", script], { env }, (_error, out, err) => done(out + err));
      });
    expect(await tsx(`${machineA}/machine-a.ts`)).toMatch(/^machine-a: key file \/missing.key cannot be read/);
  });
});

describe("call.sh", () => {
  it("shows no token, assertion or key on any command line", async () => {
    // Stand-ins that write down how they were called and then become the real program.
    const log = folder.path("commands.log");
    for (const tool of ["curl", "jq", "openssl", "tr", "sed"]) {
      const path = folder.write(
        tool,
        `#!/bin/sh\nprintf '%s ' ${tool} "$@" >> '${log}'\nPATH=$REAL_PATH exec ${tool} "$@"\n`,
      );
      chmodSync(path, 0o755);
    }
    const script = folder.path("call.sh");
    copyFileSync(`${machineA}/call.sh`, script);
    const env = {
      PATH: `${dirname(log)}${delimiter}${process.env.PATH}`,
      REAL_PATH: process.env.PATH,
      KEY_FILE: key.file,
      ISSUER: issuer.url,
      CONNECT_TO: connectTo,
      ALLOW_INSECURE_HTTP: "true",
    };
    const out = await new Promise((done) => {
      execFile("bash", [script], { env }, (_error, stdout) => done(stdout));
    });
    expect(out).toContain("HTTP 200");
    const commands = readFileSync(log, "utf8");
    expect(commands).toContain("curl --disable");
    expect(commands).toContain("--config -");
    expect(commands).not.toMatch(/eyJ|PRIVATE KEY|MII/);
  });
});
