import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { connect as connectSocket, type Socket } from "node:net";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { connect as connectTls } from "node:tls";
import { promisify } from "node:util";
import { Client, credentials } from "@grpc/grpc-js";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createServerCertificate } from "../../../provider/protocol/certificate";
import { decodeMessage } from "../../../provider/protocol/messages";
import { bytes, LONG, runs } from "../fuzz";

const ROOT = join(__dirname, "..", "..", "..");
const COOKIE = "d602bf8f470bc67ca7faa0386276bbdd4330efaf76d1a219cb4d6991ca9872b2";

function start(environment: { [name: string]: string }): ChildProcess {
  const program = ["--import", "tsx", join(ROOT, "provider", "main.ts")];
  return spawn(process.execPath, program, { cwd: ROOT, env: { ...process.env, ...environment } });
}

/** One process for all tests: each start costs seconds. The last test ends it. */
describe("the provider process", () => {
  const mine = createServerCertificate();
  let child: ChildProcess;
  let byHand: Promise<{ code: number; text: string }>;
  let line: string[];
  let socket: string;
  let theirs: string;

  beforeAll(async () => {
    byHand = startedByHand();
    child = start({ TF_PLUGIN_MAGIC_COOKIE: COOKIE, PLUGIN_CLIENT_CERT: mine.certificatePem });
    const [text] = (await once(createInterface({ input: child.stdout! }), "line")) as [string];
    line = text.split("|");
    socket = line[3]!;
    // The handshake line has base64 without padding, PEM needs it.
    const padded = Buffer.from(line[5]!, "base64").toString("base64");
    theirs = `-----BEGIN CERTIFICATE-----\n${padded}\n-----END CERTIFICATE-----\n`;
  }, 60_000);
  afterAll(() => void child.kill());

  async function startedByHand() {
    const other = start({ TF_PLUGIN_MAGIC_COOKIE: "" });
    let text = "";
    other.stderr!.on("data", (chunk) => {
      text += chunk;
    });
    const [code] = await once(other, "close");
    return { code: code as number, text };
  }

  /** Calls as Terraform does, with this certificate. */
  async function call(me: typeof mine | undefined, path: string): Promise<Buffer> {
    const pem = (text?: string) => (text === undefined ? null : Buffer.from(text));
    const secure = credentials.createSsl(pem(theirs), pem(me?.privateKeyPem), pem(me?.certificatePem));
    const client = new Client(`unix:${socket}`, secure, { "grpc.ssl_target_name_override": "localhost" });
    const asIs = (bytes: Buffer) => bytes;
    const options = { deadline: Date.now() + 10_000 };
    return new Promise<Buffer>((resolve, reject) => {
      client.makeUnaryRequest(path, asIs, asIs, Buffer.alloc(0), options, (error, answer) =>
        error ? reject(error) : resolve(answer!),
      );
    }).finally(() => client.close());
  }

  async function stillServes(): Promise<void> {
    const health = decodeMessage("HealthCheckResponse", await call(mine, "/grpc.health.v1.Health/Check"));
    expect(health).toEqual({ status: 1 });
    expect(child.exitCode).toBeNull();
  }

  /** Says this on a connection and waits until the provider hangs up, or for a moment. */
  async function say(connection: Socket, ...words: Buffer[]): Promise<void> {
    connection.on("error", () => {});
    for (const word of words) connection.write(word);
    await Promise.race([new Promise((resolve) => connection.once("close", resolve)), sleep(50)]);
    connection.destroy();
  }

  it("says what it is when it is started by hand", { timeout: 60_000 }, async () => {
    const { code, text } = await byHand;
    expect(code).toBe(1);
    expect(text).toContain("This is a Terraform provider, terraform.local/cdktf-keycloak-m2m/keycloak");
  });

  it("shakes hands with mutual TLS and answers", { timeout: 20_000 }, async () => {
    expect([line[0], line[1], line[2], line[4]]).toEqual(["1", "5", "unix", "grpc"]);
    const schema = decodeMessage("GetSchema.Response", await call(mine, "/tfplugin5.Provider/GetSchema"));
    expect(Object.keys(schema.resourceSchemas as object)).toContain("keycloak_openid_client");
    await stillServes();
    await expect(call(mine, "/tfplugin5.Provider/GetFunctions")).rejects.toMatchObject({ code: 12 });
  });

  it("keeps serving after arbitrary bytes instead of a greeting", { timeout: LONG }, async () => {
    const greeting = Buffer.from("160301020001000100", "hex");
    const words = fc.array(fc.oneof(bytes, fc.constant(greeting)), { minLength: 1, maxLength: 3 });
    await fc.assert(
      fc.asyncProperty(words, (sent) => say(connectSocket(socket), ...sent)),
      runs(20),
    );
    await stillServes();
  });

  it("keeps serving after arbitrary bytes over a connection with the right certificate", {
    timeout: LONG,
  }, async () => {
    const options = { path: socket, ca: theirs, cert: mine.certificatePem, key: mine.privateKeyPem };
    const preface = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
    const words = fc.array(fc.oneof(bytes, fc.constant(preface)), { minLength: 1, maxLength: 4 });
    const property = fc.asyncProperty(words, async (sent) => {
      const connection = connectTls({ ...options, servername: "localhost", ALPNProtocols: ["h2"] });
      await once(connection, "secureConnect");
      await say(connection, ...sent);
    });
    await fc.assert(property, runs(20));
    await stillServes();
  });

  it("refuses another certificate, no certificate and no TLS, and keeps serving", { timeout: 30_000 }, async () => {
    for (const stranger of [createServerCertificate(), undefined]) {
      await expect(call(stranger, "/grpc.health.v1.Health/Check")).rejects.toMatchObject({ code: 14 });
    }
    const plain = new Client(`unix:${socket}`, credentials.createInsecure());
    await expect(promisify(plain.waitForReady.bind(plain))(Date.now() + 500)).rejects.toThrow();
    plain.close();
    await stillServes();
  });

  it("ends when told, and removes its socket", { timeout: 20_000 }, async () => {
    const ended = once(child, "exit");
    await call(mine, "/plugin.GRPCController/Shutdown");
    expect(await ended).toEqual([0, null]);
    expect(existsSync(dirname(socket))).toBe(false);
  });
});
