// biome-ignore-all lint/suspicious/noTemplateCurlyInString: Terraform's references look like that
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { type TerraformStack, TerraformVariable } from "cdktf";
import { describe, expect, it } from "vitest";
import {
  KeycloakServer,
  MachineContainer,
  type MachineContainerProps,
  Realm,
  SignedJwtClient,
  SigningKeyPair,
} from "../../constructs";
import { readCertificate } from "../../constructs/keys/certificate";
import { entryOf, type KeyRecord, printRecord } from "../../constructs/keys/key-record";
import { selfSign } from "../../constructs/keys/self-sign";
import { createGuard } from "../../machines";
import { ed25519Pair } from "../generated-key";
import {
  CHECKOUT,
  FIXED,
  fixedKey,
  fixture,
  inTemporaryProject,
  messageOf,
  newStack,
  synth,
  writeProjectFile,
} from "./project";

inTemporaryProject();

const PROGRAM = "console.log('machine');\n";

type Props = Partial<MachineContainerProps> & { clientId?: string };

function machineJson({ clientId = "orders", ...props }: Props = {}, context = {}, stack = newStack("test", context)) {
  writeProjectFile("programs/own.cjs", PROGRAM);
  const server = new KeycloakServer(stack, "Keycloak");
  const realm = new Realm(stack, "Realm", { server, realmName: "r" });
  const signingKey = fixedKey(stack, "machine-b");
  const client = new SignedJwtClient(stack, "Machine", { realm, clientId, signingKey });
  const machine = new MachineContainer(stack, "Api", { client, server, program: "programs/own.cjs", ...props });
  const json = synth(stack);
  const [container] = Object.entries(json.resource.docker_container ?? {})
    .filter(([name]) => name.startsWith("Api_"))
    .map(([, config]) => config);
  return { machine, json, container };
}

describe("defaults", () => {
  it("runs beside Keycloak, as its client id, without rights, on 127.0.0.1", () => {
    const { container } = machineJson();
    expect(container).toMatchObject({
      name: "orders",
      image: "node:26-bookworm-slim",
      user: "1000:0",
      entrypoint: ["node"],
      command: ["/run/machine/program.cjs"],
      restart: "unless-stopped",
      security_opts: ["no-new-privileges"],
      capabilities: { drop: ["ALL"] },
      networks_advanced: [{ name: "${docker_network.Keycloak_Network_910C6F2A.name}", aliases: ["orders"] }],
      ports: [{ internal: 3000, external: 3000, ip: "127.0.0.1" }],
    });
    expect(container.depends_on).toBeUndefined(); // it starts at once and waits for its realm itself
  });

  it("tells the program who it is", () => {
    expect(machineJson().container.env).toEqual([
      "ISSUER=http://keycloak:8080/realms/r",
      "AUDIENCE=orders",
      "CLIENT_ID=orders",
      "KEY_FILE=/run/machine/signing.key",
      "ALGORITHM=RS256",
      "PORT=3000",
      "ORIGIN=http://orders:3000",
      "ALLOW_INSECURE_HTTP=true",
    ]);
  });

  it.each([
    ["RS256", "RS256"],
    ["ES256", "ES256,RS256"],
  ] as const)(
    "tells it to accept tokens of a realm that signs with %s, and those of before",
    (signatureAlgorithm, told) => {
      const stack = newStack();
      const server = new KeycloakServer(stack, "Keycloak");
      const realm = new Realm(stack, "Realm", { server, realmName: "r", signatureAlgorithm });
      const client = new SignedJwtClient(stack, "M", {
        realm,
        clientId: "m1",
        signingKey: fixedKey(stack, "machine-b"),
      });
      writeProjectFile("programs/own.cjs", PROGRAM);
      new MachineContainer(stack, "Api", { client, server, program: "programs/own.cjs" });
      const containers = Object.values(synth(stack).resource.docker_container ?? {});
      expect(containers.find(({ name }) => name === "m1")?.env).toContain(`TOKEN_ALGORITHMS=${told}`);
    },
  );

  it("copies program and key in, the key for the program's group alone, from paths relative to the stack", () => {
    const hash = createHash("sha256").update(PROGRAM).digest("hex").slice(0, 12);
    const { container } = machineJson();
    expect(container.upload).toEqual([
      {
        source: `programs/Api/${hash}/program.cjs`,
        file: "/run/machine/program.cjs",
        permissions: "0444",
      },
      {
        source: "../../../certs/machine-b-signing.key",
        file: "/run/machine/signing.key",
        permissions: "0440",
      },
    ]);
    expect(readFileSync(join("cdktf.out/stacks/test", container.upload[0].source), "utf8")).toBe(PROGRAM);
  });

  it("carries its kid as a label, so that another key is another container", () => {
    expect(machineJson().container.labels).toEqual([
      { label: "cdktf-keycloak-m2m", value: "machine" },
      { label: "cdktf-keycloak-m2m.kid", value: FIXED["machine-b"].kid },
    ]);
  });

  it("carries the kid of the file that is copied in, where that is behind the active one, until it is brought", () => {
    machineJson();
    const own = ed25519Pair().privateKey;
    writeProjectFile("certs/machine-b-signing.key", own.export({ type: "pkcs8", format: "pem" }) as string);
    const { pem, algorithm } = readCertificate(selfSign(own, "machine-b", 90), "x");
    const retiring = entryOf(readCertificate(pem, "x", { algorithm }), "retiring", new Date());
    const fixed = readCertificate(readFileSync("certs/machine-b-signing.crt", "utf8"), "x");
    const record: KeyRecord = { version: 1, keys: [retiring, entryOf(fixed, "active", new Date())] };
    writeProjectFile("certs/machine-b-signing.keys.json", printRecord(record));
    expect(machineJson().container.labels).toContainEqual({ label: "cdktf-keycloak-m2m.kid", value: retiring.kid });
    rmSync("certs/machine-b-signing.key");
    expect(machineJson().container.labels).toContainEqual({ label: "cdktf-keycloak-m2m.kid", value: fixed.kid });
  });

  it("says where it is reached, inside the network and from outside", () => {
    const { machine } = machineJson();
    expect(machine.url).toBe("http://orders:3000");
    expect(machine.connectTo).toBe("orders:3000=127.0.0.1:3000");
  });

  it("runs this package's machine-b where no program is given", () => {
    const { container } = machineJson({ program: undefined });
    const staged = join("cdktf.out/stacks/test", container.upload[0].source);
    expect(readFileSync(staged).equals(readFileSync(join(CHECKOUT, "dist", "machine-b.cjs")))).toBe(true);
  });
});

describe("options", () => {
  it("takes image, name and ports", () => {
    const props = { image: "node.example/node:24", containerName: "orders-api", port: 4000, publishedPort: 14000 };
    const { container, machine } = machineJson(props);
    expect(container).toMatchObject({
      name: "orders-api",
      image: "node.example/node:24",
      ports: [{ internal: 4000, external: 14000, ip: "127.0.0.1" }],
      networks_advanced: [{ aliases: ["orders"] }],
    });
    expect(container.env).toContain("PORT=4000");
    expect(machine.url).toBe("http://orders:4000");
    expect(machine.connectTo).toBe("orders:4000=127.0.0.1:14000");
  });

  it.each([
    [{ port: 80 }, "http://orders"],
    [{ hostName: "Orders.Example" }, "http://orders.example:3000"],
  ])("tells the program its origin in the spelling that it takes: %j", (props, origin) => {
    expect(machineJson(props).container.env).toContain(`ORIGIN=${origin}`);
    expect(() => createGuard({ verify: async () => ({}) as never, origin })).not.toThrow();
  });

  it("tells the program the scopes that it is to require, and of none if there are none", () => {
    const { container } = machineJson({ requiredScopes: ["orders:read", "${x}"] });
    expect(container.env).toContain("REQUIRED_SCOPES=orders:read $${x}");
    expect(machineJson({ requiredScopes: [] }).container.env.join()).not.toContain("REQUIRED_SCOPES");
  });

  it.each([
    [true, 9464],
    [{}, 9464],
    [{ port: 9000 }, 9000],
  ] as const)("serves metrics inside the network alone, with the certificate of its key: %j", (metrics, port) => {
    const { container, machine } = machineJson({ metrics });
    expect(container.env).toEqual(
      expect.arrayContaining([`METRICS_PORT=${port}`, "CERTIFICATE_FILE=/run/machine/signing.crt"]),
    );
    expect(container.ports).toEqual([{ internal: 3000, external: 3000, ip: "127.0.0.1" }]);
    expect(machine.metricsUrl).toBe(`http://orders:${port}/metrics`);
    const { source, ...rest } = container.upload.at(-1);
    expect(rest).toEqual({ file: "/run/machine/signing.crt", permissions: "0444" });
    const pem = readFileSync(join("cdktf.out/stacks/test", source), "utf8");
    expect(readCertificate(pem, "x").kid).toBe(FIXED["machine-b"].kid);
  });

  it("serves no metrics where none are asked for", () => {
    expect(machineJson({ metrics: false }).container).toEqual(machineJson().container);
    expect(machineJson().machine.metricsUrl).toBeUndefined();
  });

  it("takes a host name in place of a client id that is none, which stays what it is told", () => {
    const { container, machine } = machineJson({ clientId: "https://api.example/${x}", hostName: "api" });
    expect(container).toMatchObject({ name: "api", networks_advanced: [{ aliases: ["api"] }] });
    expect(container.env).toEqual(expect.arrayContaining(["AUDIENCE=https://api.example/$${x}"]));
    expect(container.env).toEqual(expect.arrayContaining(["CLIENT_ID=https://api.example/$${x}"]));
    expect(machine.url).toBe("http://api:3000");
    expect(machine.connectTo).toBe("api:3000=127.0.0.1:3000");
  });

  it("publishes on the port that the program listens on", () => {
    expect(machineJson({ port: 4000 }).container.ports).toEqual([{ internal: 4000, external: 4000, ip: "127.0.0.1" }]);
  });

  it("takes name and published port from the context, and a prop wins over it", () => {
    const context = { "m2m:machineName": "from-context", "m2m:machinePort": 13000 };
    const inContext = machineJson({}, context);
    expect(inContext.container).toMatchObject({ name: "from-context", ports: [{ internal: 3000, external: 13000 }] });
    expect(inContext.machine.connectTo).toBe("orders:3000=127.0.0.1:13000");
    expect(machineJson({ containerName: "own", publishedPort: 5 }, context).container).toMatchObject({
      name: "own",
      ports: [{ external: 5 }],
    });
  });

  it("uses the recorded image where none is named", () => {
    writeProjectFile(".m2m/sources.json", JSON.stringify({ machineImage: "local/node:22" }));
    expect(machineJson().container.image).toBe("local/node:22");
    expect(machineJson({ image: "own:1" }).container.image).toBe("own:1");
  });

  it("takes an image that Terraform builds, whose name only it knows", () => {
    const variable = (stack: TerraformStack) => new TerraformVariable(stack, "image", { type: "string" }).stringValue;
    const stack = newStack();
    expect(machineJson({ image: variable(stack) }, {}, stack).container.image).toBe("${var.image}");
  });

  it("puts another program at another path, so that it is another container", () => {
    writeProjectFile("programs/other.cjs", "other");
    const source = (program: string) => machineJson({ program }).container.upload[0].source;
    expect(source("programs/other.cjs")).not.toBe(source("programs/own.cjs"));
  });

  it("reads the program relative to cdktf.json, wherever it is started", () => {
    writeProjectFile("programs/own.cjs", PROGRAM);
    const folder = process.cwd();
    mkdirSync("deep");
    process.chdir("deep");
    writeProjectFile("programs/own.cjs", "the wrong one");
    const stack = newStack();
    const server = new KeycloakServer(stack, "Keycloak");
    const realm = new Realm(stack, "Realm", { server, realmName: "r" });
    process.chdir(folder);
    const signingKey = fixedKey(stack, "machine-b");
    const client = new SignedJwtClient(stack, "Machine", { realm, clientId: "orders", signingKey });
    process.chdir("deep");
    new MachineContainer(stack, "Api", { client, server, program: "programs/own.cjs" });
    const hash = createHash("sha256").update(PROGRAM).digest("hex").slice(0, 12);
    const staged = join(folder, "cdktf.out/stacks/test/programs/Api", hash, "program.cjs");
    expect(readFileSync(staged, "utf8")).toBe(PROGRAM);
  });
});

describe("fails", () => {
  it("on bad ports, all at once", () => {
    expect(messageOf(() => machineJson({ port: 0, publishedPort: 70_000 }))).toBe(
      [
        "[test/Api] ",
        "  - `port` must be a port between 1 and 65535, got: 0",
        "  - `publishedPort` must be a port between 1 and 65535, got: 70000",
      ].join("\n"),
    );
  });

  it.each(["https://api.example", "12345", "0x1f", "127.0.0.1", "-a", "a..b", "a/b"])(
    "on the client id %j where no host name is given, told once",
    (clientId) => {
      expect(messageOf(() => machineJson({ clientId }))).toBe(
        `[test/Api] \`hostName\` must be a host name: letters, digits, dashes and dots, and no IP address, got: none, and the client id ${JSON.stringify(clientId)} cannot be one; give one`,
      );
      expect(() => machineJson({ hostName: clientId })).toThrow(`got: ${JSON.stringify(clientId)}`);
    },
  );

  it.each(["machine-b", "machine_b", "Machine-B", "a.b-c.example", "3scale"])("not on the client id %j", (clientId) => {
    expect(machineJson({ clientId }).machine.url).toBe(`http://${clientId}:3000`);
  });

  it("on a client of a realm on another server, and not on one of another object of the same server", () => {
    const stack = newStack();
    const other = new KeycloakServer(stack, "Other", { containerName: "other", port: 18080 });
    expect(messageOf(() => machineJson({ server: other }, {}, stack))).toBe(
      "[test/Api] `client` must be in a realm on `server`, whose network this joins, got: a realm on http://localhost:8080 and the server http://localhost:18080; pass the realm's own server",
    );
    const same = KeycloakServer.fromUrl(stack, "Same", { url: other.url, issuerBase: other.issuerBase });
    const realm = Realm.fromRealmName(stack, "SameRealm", { server: same, realmName: "r" });
    const client = new SignedJwtClient(stack, "M", { realm, clientId: "mm", signingKey: fixedKey(stack, "machine-a") });
    expect(() => new MachineContainer(stack, "Api2", { client, server: other, publishedPort: 13000 })).not.toThrow();
  });

  it.each(["programs/none.cjs", "programs", "programs/own.cjs/x"])("on the program %s, which is no file", (program) => {
    expect(messageOf(() => machineJson({ program }))).toBe(
      `[test/Api] \`program\` must be a file, relative to cdktf.json, got: "${program}"; bundle it before the synthesis, or leave it out`,
    );
  });

  it("on a name that Docker refuses and on an image that is none", () => {
    expect(messageOf(() => machineJson({ containerName: "or/ders", image: "node 24" }))).toMatch(
      /^\[test\/Api\] \n {2}- `containerName` must be 2 or more .*\n {2}- `image` must name an image, .*$/,
    );
  });

  it.each([
    [true, 9464, "`metrics` must have another port than the API, got: 9464 for both; give `metrics.port`"],
    [{ port: 3000 }, 3000, "`metrics` must have another port than the API, got: 3000 for both; give `metrics.port`"],
    [{ port: 0 }, 3000, "`metrics.port` must be a port between 1 and 65535, got: 0"],
    [{ ports: 1 }, 3000, "`ports` is not an option; the options are port"],
    ["yes", 3000, "`metrics` must be true or an object with a `port`; leave it out for none"],
  ])("on the metrics %j beside the port %s", (metrics, port, message) => {
    expect(messageOf(() => machineJson({ metrics: metrics as never, port }))).toBe(`[test/Api] ${message}`);
  });

  it("on scopes that no token can have, or that are named twice", () => {
    expect(messageOf(() => machineJson({ requiredScopes: ["a b", 'a"', "", "a", "a"] }))).toBe(
      [
        "[test/Api] ",
        ...["a b", 'a"', ""].map(
          (name) =>
            `  - \`requiredScopes\` must have names of 1 to 255 visible ASCII characters without quotes and backslashes (RFC 6749 section 3.3), got: ${JSON.stringify(name)}`,
        ),
        '  - `requiredScopes` must name each scope once, got "a" twice',
      ].join("\n"),
    );
  });

  it("on a key whose private half is elsewhere, and names the key", () => {
    const stack = newStack();
    const server = new KeycloakServer(stack, "Keycloak");
    const realm = new Realm(stack, "Realm", { server, realmName: "r" });
    const signingKey = SigningKeyPair.fromCertificateFile(stack, "Key", fixture("machine-a"));
    const client = new SignedJwtClient(stack, "Machine", { realm, clientId: "orders", signingKey });
    expect(() => new MachineContainer(stack, "Api", { client, server })).toThrow(
      `[test/Key] the private half of ${fixture("machine-a")} is not known here`,
    );
  });
});
