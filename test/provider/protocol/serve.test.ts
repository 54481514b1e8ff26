import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { Client, credentials } from "@grpc/grpc-js";
import { describe, expect, it } from "vitest";
import { createServerCertificate } from "../../../provider/protocol/certificate";
import { decodeMessage } from "../../../provider/protocol/messages";

const ROOT = join(__dirname, "..", "..", "..");
const COOKIE = "d602bf8f470bc67ca7faa0386276bbdd4330efaf76d1a219cb4d6991ca9872b2";

function start(environment: { [name: string]: string }) {
  const command = join(ROOT, "node_modules", ".bin", "tsx");
  return spawn(command, [join(ROOT, "provider", "main.ts")], { env: { ...process.env, ...environment } });
}

describe("the provider process", () => {
  it("says what it is when it is started by hand", async () => {
    const child = start({ TF_PLUGIN_MAGIC_COOKIE: "" });
    let text = "";
    child.stderr.on("data", (chunk) => {
      text += chunk;
    });
    const [code] = await once(child, "close");
    expect(code).toBe(1);
    expect(text).toContain("This is a Terraform provider, terraform.local/cdktf-keycloak-m2m/keycloak");
  });

  it("shakes hands with mutual TLS, answers, and ends when told", { timeout: 20_000 }, async () => {
    const mine = createServerCertificate();
    const child = start({ TF_PLUGIN_MAGIC_COOKIE: COOKIE, PLUGIN_CLIENT_CERT: mine.certificatePem });
    const [line] = (await once(createInterface({ input: child.stdout }), "line")) as [string];
    const [core, protocol, network, socket, transport, certificate] = line.split("|");
    expect([core, protocol, network, transport]).toEqual(["1", "5", "unix", "grpc"]);

    // The handshake line has base64 without padding, PEM needs it.
    const padded = Buffer.from(certificate!, "base64").toString("base64");
    const theirs = `-----BEGIN CERTIFICATE-----\n${padded}\n-----END CERTIFICATE-----\n`;
    const pem = (text: string) => Buffer.from(text);
    const secure = credentials.createSsl(pem(theirs), pem(mine.privateKeyPem), pem(mine.certificatePem));
    const client = new Client(`unix:${socket}`, secure, { "grpc.ssl_target_name_override": "localhost" });
    const call = (path: string) =>
      new Promise<Buffer>((resolve, reject) => {
        const asIs = (bytes: Buffer) => bytes;
        client.makeUnaryRequest(path, asIs, asIs, Buffer.alloc(0), (error, answer) =>
          error ? reject(error) : resolve(answer!),
        );
      });
    const schema = decodeMessage("GetSchema.Response", await call("/tfplugin5.Provider/GetSchema"));
    expect(Object.keys(schema.resourceSchemas as object)).toContain("keycloak_openid_client");
    expect(decodeMessage("HealthCheckResponse", await call("/grpc.health.v1.Health/Check"))).toEqual({ status: 1 });
    await expect(call("/tfplugin5.Provider/GetFunctions")).rejects.toMatchObject({ code: 12 });

    await call("/plugin.GRPCController/Shutdown");
    const [code] = await once(child, "exit");
    client.close();
    expect(code).toBe(0);
    expect(existsSync(dirname(socket!))).toBe(false);
  });
});
