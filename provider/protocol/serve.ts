import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Server, ServerCredentials, type ServiceDefinition, type UntypedHandleCall } from "@grpc/grpc-js";
import { createServerCertificate } from "./certificate";
import { encodeMessage } from "./messages";
import { type Provider, service } from "./service";

/** Terraform sets this variable to this value. Without it the plugin was started by hand. */
const MAGIC_COOKIE = "TF_PLUGIN_MAGIC_COOKIE";
const MAGIC_COOKIE_VALUE = "d602bf8f470bc67ca7faa0386276bbdd4330efaf76d1a219cb4d6991ca9872b2";
const CORE_PROTOCOL = 1;
const PLUGIN_PROTOCOL = 5;
const LARGEST_MESSAGE = 256 * 1024 * 1024;

type Environment = { [name: string]: string | undefined };

/** Whether Terraform started this process. */
export function startedByTerraform(environment: Environment = process.env): boolean {
  return environment[MAGIC_COOKIE] === MAGIC_COOKIE_VALUE;
}

/** Serves the provider on a private socket, and prints the line that tells Terraform where. */
export async function serve(provider: Provider, environment: Environment = process.env): Promise<void> {
  const directory = mkdtempSync(join(environment.PLUGIN_UNIX_SOCKET_DIR || tmpdir(), "m2m-"));
  const socket = join(directory, "provider");
  const server = new Server({ "grpc.max_receive_message_length": LARGEST_MESSAGE, "grpc.enable_channelz": 0 });
  const end = () => {
    server.forceShutdown();
    rmSync(directory, { recursive: true, force: true });
    process.exit(0);
  };

  addServices(server, provider, () => setTimeout(end, 50));
  const { credentials, certificate } = transport(environment.PLUGIN_CLIENT_CERT);
  await new Promise<void>((resolve, reject) => {
    server.bindAsync(`unix:${socket}`, credentials, (error) => (error ? reject(error) : resolve()));
  });
  surviveInterrupts(end);
  process.stdout.write(`${CORE_PROTOCOL}|${PLUGIN_PROTOCOL}|unix|${socket}|grpc|${certificate}\n`);
}

/** Mutual TLS if Terraform asks for it: it sends its certificate, and gets ours in the handshake line. */
function transport(clientCertificate: string | undefined) {
  if (!clientCertificate) return { credentials: ServerCredentials.createInsecure(), certificate: "" };
  const { der, certificatePem, privateKeyPem } = createServerCertificate();
  const pair = { private_key: Buffer.from(privateKeyPem), cert_chain: Buffer.from(certificatePem) };
  const credentials = ServerCredentials.createSsl(Buffer.from(clientCertificate), [pair], true);
  return { credentials, certificate: der.toString("base64").replace(/=+$/, "") };
}

/** Ctrl-C reaches the whole process group. Terraform decides when its plugins end, and tells them by RPC. */
function surviveInterrupts(end: () => void): void {
  process.on("SIGINT", () => {});
  process.on("SIGTERM", end);
  const parent = process.ppid;
  setInterval(() => process.ppid !== parent && end(), 5000).unref();
}

function addServices(server: Server, provider: Provider, shutdown: () => void): void {
  const handlers = Object.entries(service(provider));
  addService(server, "tfplugin5.Provider", Object.fromEntries(handlers.map(([name, answer]) => [name, unary(answer)])));
  addService(server, "grpc.health.v1.Health", {
    Check: unary(async () => encodeMessage("HealthCheckResponse", { status: 1 })),
  });
  addService(server, "plugin.GRPCController", {
    Shutdown: unary(async () => {
      shutdown();
      return encodeMessage("Empty", {});
    }),
  });
  // The provider prints nothing while it serves: the stream only has to stay open.
  addService(server, "plugin.GRPCStdio", { StreamStdio: () => {} }, true);
}

function unary(answer: (request: Buffer) => Promise<Buffer>): UntypedHandleCall {
  return (call: { request: Buffer }, callback: (error: Error | null, response?: Buffer) => void) => {
    answer(call.request).then(
      (response) => callback(null, response),
      (error: Error) => callback(error),
    );
  };
}

function addService(server: Server, name: string, handlers: { [rpc: string]: UntypedHandleCall }, stream = false) {
  const asIs = (bytes: Buffer) => bytes;
  const method = (rpc: string) => ({
    path: `/${name}/${rpc}`,
    requestStream: false,
    responseStream: stream,
    requestSerialize: asIs,
    requestDeserialize: asIs,
    responseSerialize: asIs,
    responseDeserialize: asIs,
  });
  const definition: ServiceDefinition = Object.fromEntries(Object.keys(handlers).map((rpc) => [rpc, method(rpc)]));
  server.addService(definition, handlers);
}
