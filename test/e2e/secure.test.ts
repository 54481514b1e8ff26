// examples/secure: https, mutual TLS, and tokens that only their owner can use.
import { X509Certificate } from "node:crypto";
import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { execa } from "execa";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { createDpopKey } from "../../machines";
import { snippet } from "../docs/pages";
import { ADMIN_PASSWORD, docker, m2m, makeProject, namesOf, takeDown } from "./environment";
import { ROOT } from "./project";
import { guestProject } from "./secure/guest";
import { DISTRUST, Handshakes, REFUSALS } from "./secure/handshakes";
import { Load } from "./secure/load";
import { secureMain } from "./secure/main";
import { servedBy } from "./secure/served";
import { proofs, Thief } from "./secure/stolen";

const OWN = namesOf("secure");
const CONNECT_TO = `keycloak:8443=127.0.0.1:${OWN.keycloakPort},machine-b:3000=127.0.0.1:${OWN.machinePort}`;

let folder: string;
beforeAll(async () => {
  folder = makeProject(OWN, secureMain());
  const { exitCode, stdout, stderr } = await m2m(folder, ["up"]);
  expect(exitCode, stderr).toBe(0);
  expect(stdout).toBe("HTTP 200 from https://machine-b:3000/api/protected\ncaller: machine-a");
});
afterAll(() => takeDown(folder, OWN));

const file = (name: string) => join(folder, "certs", name);
const containers = () => docker("ps", "--no-trunc", "--filter", `name=^m2m-secure-`, "--format", "{{.ID}} {{.Names}}");

describe("the environment over mutual TLS", () => {
  it("is called in every way, and shows no change", async () => {
    for (const options of [[], ["--online"], ["--bash"], ["--bash", "--online"]]) {
      const { stdout, stderr } = await m2m(folder, ["call", ...options]);
      expect(stdout, stderr).toContain("HTTP 200\ncaller: machine-a");
    }
    expect((await m2m(folder, ["diff"])).exitCode).toBe(0);
    const { stdout, stderr } = await m2m(folder, ["token", "machine-a"]);
    expect(stdout).toMatch(/^eyJ/);
    expect(stderr).toContain("bound to the client's certificate");
  });

  it("keeps every private key out of what is synthesized, of the state, and of Docker's view", async () => {
    const keys = readdirSync(join(folder, "certs")).filter((name) => name.endsWith(".key"));
    expect(keys.length).toBe(10);
    const { stdout: all } = await execa(
      "grep",
      ["-r", "-h", "-a", "", ".m2m", "cdktf.out", "terraform.secure.tfstate"],
      { cwd: folder, maxBuffer: 2 ** 30 },
    );
    const seen = all + (await docker("inspect", OWN.keycloak, OWN.machine));
    for (const name of keys) {
      const bytes = readFileSync(file(name), "utf8").split("\n")[1]!;
      expect(seen.includes(bytes), name).toBe(false);
    }
  });
});

describe("a handshake", () => {
  let clients: Handshakes;
  beforeAll(() => {
    clients = new Handshakes(folder, { keycloak: OWN.keycloakPort, "machine-b": OWN.machinePort });
  });

  it("takes a certificate of the CA for clients", async () => {
    expect(await clients.curl("keycloak", "good")).toMatch(/^200 /);
    expect(await clients.curl("machine-b", "good")).toMatch(/^401 .*send an access token/);
  });

  it.each(Object.entries(REFUSALS))("refuses a client's certificate: %s", async (certificate, { alert, reason }) => {
    expect(await clients.curl("keycloak", certificate)).toContain(alert);
    const answer = await clients.curl("machine-b", certificate);
    expect(answer).toMatch(/^401 .*client_certificate_required/);
    expect(answer).toContain(reason);
  });

  it.each([
    ["keycloak", "1.0", /protocol version/],
    ["keycloak", "1.1", /protocol version/],
    ["keycloak", "1.2", /protocol version/],
    ["keycloak", "1.3", /^200/],
    ["machine-b", "1.1", /protocol version/],
    ["machine-b", "1.2", /^401/],
    ["machine-b", "1.3", /^401/],
  ] as const)("of %s with TLS %s at most ends as it should", async (server, version, expected) => {
    const old = ["--tlsv1.0", "--tls-max", version, "--ciphers", "DEFAULT@SECLEVEL=0"];
    expect(await clients.curl(server, "good", ...old)).toMatch(expected);
  });

  it("leaves the health check of machine-b to everybody, and nothing else", async () => {
    const address = `https://localhost:${OWN.machinePort}`;
    const ask = (path: string) =>
      execa("curl", [
        "-sS",
        "--cacert",
        file("m2m-ca.trust.crt"),
        "-w",
        "%{http_code}",
        "-o",
        "/dev/null",
        address + path,
      ]);
    expect((await ask("/healthz")).stdout).toBe("200");
    expect((await ask("/readyz")).stdout).toBe("200");
    expect((await ask("/")).stdout).toBe("401");
  });

  it("is refused by callers that trust another CA, or call another name", async () => {
    expect(await clients.curl("machine-b", "none", "--cacert", clients.strange)).toContain(DISTRUST["another CA"].curl);
    const toOther = ["--connect-to", `other:3000:127.0.0.1:${OWN.machinePort}`, "https://other:3000/"];
    expect(await clients.curl("machine-b", "none", ...toOther)).toContain(DISTRUST["another name"].curl);
    const message = await clients.library("machine-b", clients.strange);
    expect(message).toContain(DISTRUST["another CA"].library);
    expect(message).toContain(clients.strange);
    expect(await clients.library("other", file("m2m-ca.trust.crt"))).toContain(DISTRUST["another name"].library);
  });
});

it("is used by hand in Bash, as docs/tls.md has it", async () => {
  const blocks = ["assertion", "token", "thumbprint", "call"].map((name) => snippet("docs/tls.md", name));
  const script = blocks.join("\n").replace("127.0.0.1:8443", `127.0.0.1:${OWN.keycloakPort}`);
  const own = script.replace("127.0.0.1:3000", `127.0.0.1:${OWN.machinePort}`);
  const { stdout } = await execa("bash", ["-euo", "pipefail", "-c", own], { cwd: folder, timeout: 60_000 });
  const [inToken, ...rest] = stdout.split("\n");
  expect(rest.join("")).toContain(inToken!);
  expect(inToken).toMatch(/^[\w-]{43}$/);
  expect(stdout).toContain('{"caller":"machine-a"');
  expect(stdout).toContain("the token is bound to another client certificate than that of the request");
});

describe("a stolen token", () => {
  let thief: Thief;
  const tokens: Record<string, string> = {};
  const dpop = createDpopKey();
  beforeAll(async () => {
    thief = new Thief(folder, CONNECT_TO);
    thief.keep("machine-a", "old-a");
    thief.forge("forged-a");
    expect((await m2m(folder, ["certificates", "renew", "machine-a"])).exitCode).toBe(0);
    tokens["A's token over A's certificate"] = await thief.token("machine-a", "machine-a");
    tokens["A's token over C's certificate"] = await thief.token("machine-a", "machine-c");
    tokens["A's token over its former certificate"] = await thief.token("machine-a", "old-a");
    tokens["C's token over C's certificate"] = await thief.token("machine-c", "machine-c");
    tokens["D's token, bound by DPoP"] = await thief.token("machine-d", "machine-a", dpop);
  });
  afterAll(() => thief.close());

  const owners: Record<string, string> = {
    "A's token over A's certificate": "machine-a",
    "A's token over its former certificate": "old-a",
    "C's token over C's certificate": "machine-c",
  };
  const peers = ["machine-a", "old-a", "machine-c", "machine-b", "forged-a", undefined];
  const cases = [
    "A's token over A's certificate",
    "A's token over C's certificate",
    "A's token over its former certificate",
    "C's token over C's certificate",
  ].flatMap((token) => peers.flatMap((peer) => ["Bearer", "DPoP"].map((scheme) => ({ token, peer, scheme }))));

  it.each(cases)("$token is of use to its owner alone: sent as $scheme by $peer", async ({ token, peer, scheme }) => {
    const expected =
      peer === undefined || peer === "forged-a"
        ? "401 client_certificate_required"
        : scheme === "DPoP"
          ? "401 ERR_TOKEN_CLAIM"
          : owners[token] === peer
            ? "200"
            : "401 ERR_TOKEN_PROOF";
    const headers = { authorization: `${scheme} ${tokens[token]}` };
    expect([await thief.call(peer, headers), await thief.call(peer, headers, "/online")]).toEqual([expected, expected]);
  });

  it("bound by DPoP is of use to who proves to hold the key, once a proof", async () => {
    const token = tokens["D's token, bound by DPoP"]!;
    const seen: Record<string, string> = {};
    for (const [what, proof] of Object.entries(proofs(dpop, token))) {
      seen[what] = await thief.call("machine-a", { authorization: `DPoP ${token}`, ...(proof && { dpop: proof }) });
    }
    const { "a good proof": good, ...others } = seen;
    expect(good).toBe("200");
    expect(Object.keys(others).length).toBe(10);
    for (const [what, answer] of Object.entries(others)) expect(answer, what).toBe("401 ERR_TOKEN_PROOF");
    expect(await thief.call("machine-a", { authorization: `Bearer ${token}` })).toBe("401 ERR_TOKEN_CLAIM");
  });

  it("is not granted at all without a certificate, or a proof", async () => {
    await expect(thief.token("machine-d", "machine-a")).rejects.toMatchObject({ code: "ERR_CLIENT_REFUSED" });
    await expect(thief.token("machine-a", "forged-a")).rejects.toMatchObject({ code: "ERR_UNREACHABLE" });
  });
});

describe("renewal", () => {
  it("brings certificates with new keys into the running containers", async () => {
    const before = await containers();
    const { stdout, exitCode } = await m2m(folder, ["certificates", "renew", "--all", "--new-key"]);
    expect(exitCode).toBe(0);
    expect(stdout).toContain("commit them, and run `m2m up`");
    const diff = await m2m(folder, ["diff", "--json"]);
    expect(diff.exitCode).toBe(2);
    expect(diff.stdout).toContain("RenewedCertificates");
    expect(diff.stdout).toContain("certificates brought into it (certificate");
    expect((await m2m(folder, ["up"])).stdout).toContain("HTTP 200");
    expect(await containers()).toBe(before);
    for (const [name, port] of [
      [OWN.keycloak, OWN.keycloakPort],
      ["machine-b", OWN.machinePort],
    ] as const) {
      const { fingerprint256 } = new X509Certificate(readFileSync(file(`${name}-tls.crt`)));
      await vi.waitFor(async () => expect((await servedBy(folder, port)).fingerprint256).toBe(fingerprint256), {
        timeout: 90_000,
        interval: 1000,
      });
    }
    expect((await m2m(folder, ["call", "--online"])).stdout).toContain("HTTP 200");
    expect((await m2m(folder, ["diff"])).exitCode).toBe(0);
  });

  it("lists them, and says what is due", async () => {
    const listed = JSON.parse((await m2m(folder, ["certificates", "--json"])).stdout) as {
      name: string;
      due: boolean;
    }[];
    expect(listed.map(({ name }) => name).sort()).toEqual(
      ["m2m-ca", "machine-a", "machine-b", "machine-c", OWN.keycloak, `${OWN.keycloak}-terraform`].sort(),
    );
    expect(listed.every(({ due }) => !due)).toBe(true);
    expect((await m2m(folder, ["keys"])).stdout).toContain("certs/machine-a-tls.crt");
    expect((await m2m(folder, ["certificates", "renew", "--auto"])).stdout).toBe("nothing is due");
    expect((await m2m(folder, ["certificates", "renew", "nobody"])).stderr).toContain("no certificate nobody; known: ");
  });

  it("leaves the signing keys to m2m keys, which work as ever", async () => {
    expect((await m2m(folder, ["keys", "rotate", "machine-a"])).exitCode).toBe(0);
    expect((await m2m(folder, ["up"])).stdout).toContain("HTTP 200");
    expect((await m2m(folder, ["keys", "rotate", "machine-a"])).exitCode).toBe(0);
    expect((await m2m(folder, ["up"])).stdout).toContain("HTTP 200");
    expect((await m2m(folder, ["keys", "--live"])).stdout).toContain("signed in from");
  });
});

describe("another project on the server, by its address", () => {
  const project = (name: string, declared: string, more?: string) => guestProject(OWN, folder, name, declared, more);
  const login = { KEYCLOAK_USER: "admin", KEYCLOAK_PASSWORD: ADMIN_PASSWORD };

  it("deploys with the files of others, and signs in there by a key of its own afterwards", async () => {
    const declared = 'const authority = ca("given/ca.crt"); const terraformCertificate = terraform(authority);';
    const server =
      'const server = KeycloakServer.fromUrl(stack, "Keycloak", { ...at, authority, terraformCertificate });';
    const deployer =
      'new DeployerClient(stack, "Deployer", { server, realms: [realm], signingKey: new SigningKeyPair(stack, "DeployerKey", { name: "deployer" }) });';
    const made = project("guest", `${declared}\n${server}`, deployer);
    const { exitCode, stderr } = await m2m(made, ["up"], login);
    expect(exitCode, stderr).toBe(0);
    expect(stderr).not.toContain("was not checked");
    // Not set at all: an empty one would be a password that is given.
    const none = { TF_VAR_keycloak_admin_password: undefined } as unknown as Record<string, string>;
    const unchanged = await m2m(made, ["diff"], none);
    expect(unchanged.exitCode, unchanged.stdout + unchanged.stderr).toBe(0);
    const listed = await m2m(made, ["keys", "--live"], none);
    expect(listed.exitCode, listed.stderr).toBe(0);
    expect((await m2m(made, ["down", "--yes"], none)).exitCode).toBe(0);
    rmSync(made, { recursive: true });
  });

  it.each([
    ["no CA", "", "", "Declare that CA: `tls.authority`"],
    ["no certificate", 'const authority = ca("given/ca.crt");', "authority", "Declare one: `tls.terraformCertificate`"],
  ])("is told what lacks: %s", async (what, declared, given, remedy) => {
    const server = `const server = KeycloakServer.fromUrl(stack, "Keycloak", { ...at, ${given} });`;
    const made = project(what.replace(" ", "-"), `${declared}\n${server}`);
    const { exitCode, stderr } = await m2m(made, ["up"], login);
    expect(exitCode).toBe(1);
    expect(stderr).toContain(remedy);
    rmSync(made, { recursive: true });
  });
});

it("names the file and the remedy where the CA is another one", async () => {
  const trust = file("machine-a-tls.trust.crt");
  const own = readFileSync(trust, "utf8");
  writeFileSync(trust, readFileSync(join(ROOT, "test/fixtures/certs/machine-a.crt"), "utf8"));
  const { stderr } = await m2m(folder, ["call"]);
  writeFileSync(trust, own);
  expect(stderr).toContain("its certificate is of a CA that is not trusted here");
  expect(stderr).toContain("machine-a-tls.trust.crt");
});

it("another CA takes over in three deploys, and no call fails", async () => {
  const path = join(folder, "main.ts");
  const main = readFileSync(path, "utf8");
  const declared = 'const authority = new CertificateAuthority(stack, "Ca", { name: "m2m-ca" });';
  const next = 'new CertificateAuthority(stack, "NextCa", { name: "m2m-ca-2"';
  const steps = [
    `const next = ${next} });\n${declared.replace('m2m-ca" }', 'm2m-ca", alongside: [next] }')}`,
    `${declared.replace("authority", "former")}\nconst authority = ${next}, alongside: [former] });`,
    `const authority = ${next} });`,
  ];
  const load = new Load(folder, CONNECT_TO);
  load.start();
  const before = await containers();
  for (const step of steps) {
    writeFileSync(path, main.replace(declared, step));
    const { stdout, stderr } = await m2m(folder, ["up"]);
    expect(stdout, stderr).toContain("HTTP 200");
    await new Promise((done) => setTimeout(done, 40_000)); // as docs/tls.md says: until Keycloak has looked
  }
  await load.stop();
  expect(await containers()).toBe(before);
  expect(load.failures).toEqual([]);
  expect(load.calls).toBeGreaterThan(500);
  expect((await servedBy(folder, OWN.keycloakPort)).issuer).toBe("CN=m2m-ca-2");
});
