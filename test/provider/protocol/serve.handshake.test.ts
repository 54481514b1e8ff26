import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { connect as connectSocket, type Socket } from "node:net";
import { join } from "node:path";
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

describe("the handshake", () => {
  const mine = createServerCertificate();
  let child: ChildProcess;
  let socket: string;
  let theirs: string;

  beforeAll(async () => {
    child = spawn(join(ROOT, "node_modules", ".bin", "tsx"), [join(ROOT, "provider", "main.ts")], {
      env: { ...process.env, TF_PLUGIN_MAGIC_COOKIE: COOKIE, PLUGIN_CLIENT_CERT: mine.certificatePem },
      stdio: ["ignore", "pipe", "inherit"],
    });
    const [line] = (await once(createInterface({ input: child.stdout! }), "line")) as [string];
    const [, , , address, , certificate] = line.split("|");
    socket = address!;
    theirs = `-----BEGIN CERTIFICATE-----\n${Buffer.from(certificate!, "base64").toString("base64")}\n-----END CERTIFICATE-----\n`;
  });
  afterAll(async () => {
    const ended = once(child, "exit");
    await call(mine, "/plugin.GRPCController/Shutdown");
    await ended;
  });

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
    expect(decodeMessage("HealthCheckResponse", await call(mine, "/grpc.health.v1.Health/Check"))).toEqual({
      status: 1,
    });
    expect(child.exitCode).toBeNull();
  }

  /** Says this on a connection and waits until the provider hangs up, or for a moment. */
  async function say(connection: Socket, ...words: Buffer[]): Promise<void> {
    connection.on("error", () => {});
    for (const word of words) connection.write(word);
    await Promise.race([new Promise((resolve) => connection.once("close", resolve)), sleep(50)]);
    connection.destroy();
  }

  it("goes on after whatever bytes come instead of a greeting", { timeout: LONG }, async () => {
    const greeting = Buffer.from("160301020001000100", "hex");
    const words = fc.array(fc.oneof(bytes, fc.constant(greeting)), { minLength: 1, maxLength: 3 });
    await fc.assert(
      fc.asyncProperty(words, (sent) => say(connectSocket(socket), ...sent)),
      runs(20),
    );
    await stillServes();
  });

  it("goes on after whatever bytes come under the right certificate", { timeout: LONG }, async () => {
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

  it("refuses another certificate, none, and no TLS at all, and goes on", { timeout: 30_000 }, async () => {
    for (const stranger of [createServerCertificate(), undefined]) {
      await expect(call(stranger, "/grpc.health.v1.Health/Check")).rejects.toMatchObject({ code: 14 });
    }
    const plain = new Client(`unix:${socket}`, credentials.createInsecure());
    await expect(promisify(plain.waitForReady.bind(plain))(Date.now() + 500)).rejects.toThrow();
    plain.close();
    await stillServes();
  });
});
