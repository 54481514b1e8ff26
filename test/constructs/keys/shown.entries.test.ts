// Every place where somebody may give a key by mistake: nothing that is thrown or printed has a part of it.
import { inspect } from "node:util";
import type { TerraformStack } from "cdktf";
import fc from "fast-check";
import { describe, expect, it, vi } from "vitest";
import {
  KeycloakServer,
  MachineContainer,
  makeSigningKeys,
  Realm,
  RealmKeys,
  SignedJwtClient,
  SigningKeyPair,
} from "../../../constructs";
import { whyNoCreation } from "../../../constructs/contract/key-switches";
import { retire } from "../../../constructs/keys/key-life";
import { acceptedOf, type KeyRecord } from "../../../constructs/keys/key-record";
import { openConnections } from "../../../machines/calling/connect-to";
import { openIssuer } from "../../../machines/calling/open-issuer";
import { openMachine } from "../../../machines/calling/open-machine";
import { createTokenClient } from "../../../machines/calling/token-client";
import { readMachine, readNumber } from "../../../machines/settings";
import { keyIdOf } from "../../../machines/signing/key-id";
import { signAssertion } from "../../../machines/signing/sign-assertion";
import { loadSigningKey } from "../../../machines/signing/signing-key";
import { watchSigningKey } from "../../../machines/signing/watch-signing-key";
import { createGuard } from "../../../machines/verifying/guard";
import { createIntrospector } from "../../../machines/verifying/introspect-token";
import { verifyBoth } from "../../../machines/verifying/verify-both";
import { createVerifier } from "../../../machines/verifying/verify-token";
import { proxyFor, trustedAuthorities } from "../../../network/environment";
import { signAssertion as signProviderAssertion } from "../../../provider/admin-api/sign-in-assertion";
import { validate } from "../../../provider/engine/validate";
import { checkConfiguration } from "../../../provider/provider-block/check";
import { resources } from "../../../provider/resources";
import { findTerraform } from "../../../tools/bring/terraform";
import { machineOptions } from "../../../tools/calls/environment";
import { checkUsage, findCommand, readArguments } from "../../../tools/cli/parse";
import { COMMANDS } from "../../../tools/commands";
import { logsCommand } from "../../../tools/commands/logs";
import { readKid, readNewKey, readPace } from "../../../tools/keys/choices";
import { choosePairs } from "../../../tools/keys/pairs";
import { captureNotices, fixedKey, inTemporaryProject, newRealm, newStack } from "../project";
import { keyTexts, leakOf } from "./key-encodings";

inTemporaryProject();

type Use = (text: string) => unknown;

/** Uses every entry of a table with keys in every encoding, and looks at all that comes out. */
function holds(entries: Record<string, Use>, numRuns: number): void {
  it.each(Object.entries(entries))("%s", async (_, use) => {
    const printed = captureNotices();
    vi.spyOn(console, "error").mockImplementation((...all) => void printed.push(inspect(all)));
    const check = fc.asyncProperty(keyTexts, async (given) => {
      printed.length = 0;
      try {
        await use(given.text);
      } catch (error) {
        const { message, stack } = error as Error;
        printed.push(message, String(stack), inspect(error, { depth: 10, showHidden: true }));
      }
      expect(leakOf(given, printed.join("\n")), given.encoding).toBeUndefined();
    });
    await fc.assert(check, { numRuns });
  });
}

const ISSUER = "https://sso.example.org/realms/example";
const issuer = openIssuer({ issuer: ISSUER });
const signingKey = { kid: "k", algorithm: "RS256", sign: async () => new Uint8Array(256) } as const;
const any = <T>(value: string) => value as unknown as T;

describe("the library shows no key that is given as", () => {
  const machine = { clientId: "a", issuer: ISSUER, signingKey };
  const rules = { audience: "a" };
  holds(
    {
      "file of a key": (text) => loadSigningKey(text),
      "file of a key to watch": (text) => watchSigningKey(text),
      keyFile: (text) => openMachine({ clientId: "a", issuer: ISSUER, keyFile: text }),
      "keyFile, as bytes": (text) => openMachine({ clientId: "a", issuer: ISSUER, keyFile: any(text) }),
      clientId: (text) => openMachine({ ...machine, clientId: text }),
      issuer: (text) => openMachine({ ...machine, issuer: text }),
      "issuer, behind https": (text) => openMachine({ ...machine, issuer: `http://example.org/${text}` }),
      connectTo: (text) => openMachine({ ...machine, connectTo: text }),
      "connectTo, a name": (text) => openMachine({ ...machine, connectTo: `${text}:1=b:2,${text}:1=b:2` }),
      "kid of a signer": (text) => openMachine({ ...machine, signingKey: { ...signingKey, kid: `${text} ` } }),
      "algorithm of a signer": (text) =>
        openMachine({ ...machine, signingKey: { ...signingKey, algorithm: any(text) } }),
      callTimeoutMs: (text) => openMachine({ ...machine, callTimeoutMs: any(text) }),
      refreshAfter: (text) => createTokenClient(issuer, { ...machine, refreshAfter: any(text) }),
      timeoutMs: (text) => openConnections("", { timeoutMs: any(text) }),
      publicKey: (text) => keyIdOf(text),
      lifetimeSeconds: (text) => signAssertion({ ...machine, lifetimeSeconds: any(text) }),
      audience: (text) => createVerifier(issuer, { audience: `${text}ä` }),
      algorithms: (text) => createVerifier(issuer, { ...rules, algorithms: [text] }),
      scopes: (text) => createVerifier(issuer, { ...rules, scopes: [`${text} "`] }),
      authorizedParties: (text) => createVerifier(issuer, { ...rules, authorizedParties: any(text) }),
      clockToleranceSeconds: (text) => createVerifier(issuer, { ...rules, clockToleranceSeconds: any(text) }),
      cacheSeconds: (text) => createIntrospector(issuer, { ...machine, ...rules, cacheSeconds: any(text) }),
      everyCalls: (text) => verifyBoth({ offline: any("x"), online: any("x"), everyCalls: any(text) }),
      realm: (text) => createGuard({ verify: async () => any("x"), realm: `${text}\n` }),
    },
    60,
  );
});

describe("machine-a and machine-b show no key that is given as", () => {
  const names = ["KEY_FILE", "ALGORITHM", "KEY_PASSPHRASE_FILE", "ISSUER", "CONNECT_TO", "ALLOW_INSECURE_HTTP"];
  const open = (env: Record<string, string>) => openMachine(readMachine({ CLIENT_ID: "a", ...env }, "a"));
  holds(Object.fromEntries(names.map((name) => [name, (text) => open({ [name]: text })])), 60);
  const network = ["SSL_CERT_FILE", "HTTPS_PROXY"];
  const reach = (env: Record<string, string>) => [trustedAuthorities(env), proxyFor(new URL(ISSUER), env)];
  holds(Object.fromEntries(network.map((name) => [name, (text) => reach({ [name]: text })])), 60);
  holds({ PORT: (text) => readNumber({ PORT: text }, "PORT", 1, 1, 9) }, 60);
});

describe("constructs show no key that is given as", () => {
  const on = (declare: (stack: TerraformStack, text: string) => unknown) => (text: string) => declare(newStack(), text);
  const client = (stack: TerraformStack) =>
    new SignedJwtClient(stack, "C", {
      realm: newRealm(stack),
      clientId: "machine-a",
      signingKey: fixedKey(stack, "machine-a"),
    });
  const container = (props: object) => (stack: TerraformStack) => {
    const server = new KeycloakServer(stack, "S");
    const realm = new Realm(stack, "R", { server, realmName: "r" });
    const signing = fixedKey(stack, "machine-a");
    const one = new SignedJwtClient(stack, "C", { realm, clientId: "machine-a", signingKey: signing });
    new MachineContainer(stack, "M", { server, client: one, ...props });
  };
  const realmWith = (props: object) => (stack: TerraformStack) => {
    const { server } = newRealm(stack, "Other", "other");
    new Realm(stack, "R", { server, realmName: "r", ...props });
  };
  holds(
    {
      "a certificate's file": on((stack, text) => SigningKeyPair.fromCertificateFile(stack, "K", text)),
      "a certificate's algorithm": on((stack, text) =>
        SigningKeyPair.fromCertificateFile(stack, "K", "x", { algorithm: any(text) }),
      ),
      "a public key's file": on((stack, text) => SigningKeyPair.fromPublicKeyFile(stack, "K", text)),
      "a public key's algorithm": on((stack, text) =>
        SigningKeyPair.fromPublicKeyFile(stack, "K", "x", { algorithm: any(text) }),
      ),
      "an address of keys": on((stack, text) => SigningKeyPair.fromJwksUri(stack, "K", text, { algorithm: "RS256" })),
      "a pair's name": on((stack, text) => new SigningKeyPair(stack, "K", { name: text })),
      "a pair's algorithm": on((stack, text) => new SigningKeyPair(stack, "K", { name: "n", algorithm: any(text) })),
      "a pair's days": on((stack, text) => new SigningKeyPair(stack, "K", { name: "n", validityDays: any(text) })),
      "a pair's bits": on((stack, text) => new SigningKeyPair(stack, "K", { name: "n", rsaBits: any(text) })),
      "keys to make": (text) => makeSigningKeys([{ name: text }]),
      "a server's url": on((stack, url) => KeycloakServer.fromUrl(stack, "S", { url })),
      "a server's url with a password": on((stack, text) =>
        KeycloakServer.fromUrl(stack, "S", { url: `https://a:b@${text}` }),
      ),
      "a server's issuerBase": on((stack, issuerBase) =>
        KeycloakServer.fromUrl(stack, "S", { url: "https://a.example", issuerBase }),
      ),
      "a server's image": on((stack, text) => new KeycloakServer(stack, "S", { image: `${text} ` })),
      "a server's version": on((stack, version) => new KeycloakServer(stack, "S", { version })),
      "a server's container": on((stack, containerName) => new KeycloakServer(stack, "S", { containerName })),
      "a server's port": on((stack, text) => new KeycloakServer(stack, "S", { port: any(text) })),
      "a realm's name, twice": on((stack, realmName) => {
        newRealm(stack, "One", realmName);
        newRealm(stack, "Two", realmName);
      }),
      "a realm's algorithm": on((stack, text) => realmWith({ signatureAlgorithm: text })(stack)),
      "a realm's seconds": on((stack, text) => realmWith({ accessTokenLifespanSeconds: text })(stack)),
      "a realm's scopes": on((stack, text) => realmWith({ defaultClientScopes: [text, text] })(stack)),
      "a realm's scopes, both": on((stack, text) =>
        realmWith({ defaultClientScopes: [text], optionalClientScopes: [text] })(stack),
      ),
      "a realm's keys": on((stack, name) => {
        const realm = newRealm(stack);
        new RealmKeys(stack, "K", { realm, keys: [{ name, state: any(name) }, { name }] as never });
      }),
      "a client's id": on((stack, clientId) => {
        const props = { realm: newRealm(stack), clientId, signingKey: fixedKey(stack, "machine-a") };
        new SignedJwtClient(stack, "One", props);
        new SignedJwtClient(stack, "Two", props);
      }),
      "a client's scopes": on((stack, text) => {
        const [realm, key] = [newRealm(stack), fixedKey(stack, "machine-a")];
        const scopes = { defaultScopes: [text], optionalScopes: [text] };
        new SignedJwtClient(stack, "C", { realm, clientId: "c", signingKey: key, ...scopes });
      }),
      "a machine's program": on((stack, program) => container({ program })(stack)),
      "a machine's image": on((stack, text) => container({ image: `${text} ` })(stack)),
      "a machine's host name": on((stack, hostName) => container({ hostName })(stack)),
      "a machine's container": on((stack, containerName) => container({ containerName })(stack)),
      "a client to call from": on((stack) => client(stack)),
    },
    30,
  );

  it("the folder of a key pair", () => {
    vi.stubEnv("CI", "true"); // no key is made into such a folder
    expect(whyNoCreation()).toBeDefined();
    const check = fc.property(keyTexts, fc.constantFrom("directory", "privateKeyDirectory"), (given, prop) => {
      let text = "";
      try {
        new SigningKeyPair(newStack(), "K", { name: "n", [prop]: given.text });
      } catch (error) {
        text = inspect(error, { depth: 10, showHidden: true });
      }
      expect(leakOf(given, text), given.encoding).toBeUndefined();
    });
    fc.assert(check, { numRuns: 60 });
  });
});

describe("m2m shows no key that is given as", () => {
  const parse = (argv: readonly string[]) => {
    const { words, options } = readArguments(argv, COMMANDS);
    const { command, rest } = findCommand(words, COMMANDS);
    checkUsage(command, rest, options);
  };
  const options = COMMANDS.flatMap((one) =>
    Object.keys(one.options ?? {}).map((option) => [one.name, option] as const),
  );
  const record = { version: 1, keys: [] } as KeyRecord;
  holds(
    {
      command: (text) => parse([text]),
      "command of two words": (text) => parse(["keys", text]),
      "word of each command": (text) =>
        COMMANDS.forEach(({ name }) => void quietly(() => parse([...name.split(" "), text, text]))),
      "value of each option": (text) =>
        options.forEach(([name, option]) => void quietly(() => parse([...name.split(" "), `--${option}=${text}`]))),
      "option itself": (text) => parse(["up", `--${text}`]),
      "--key": (text) => readKid(text),
      "key to retire": (text) => retire(record, text),
      "--certificate": (text) => readNewKey({ certificate: text }, ["a"]),
      "--overlap": (text) => readPace({ auto: true, overlap: text }),
      "--tail": (text) => logsCommand.run({ options: { tail: text } } as never),
      "key pair": (text) => choosePairs([], [text]),
      client: (text) =>
        machineOptions(
          {
            issuer: ISSUER,
            api: "",
            connectTo: "",
            keyFiles: {},
            tls: {},
            algorithms: {},
            dpopBound: [],
            certificateBound: [],
          },
          text,
        ),
      "a client's key file": (text) =>
        openMachine(
          machineOptions(
            {
              issuer: ISSUER,
              api: "",
              connectTo: "",
              keyFiles: { a: text },
              tls: {},
              algorithms: {},
              dpopBound: [],
              certificateBound: [],
            },
            "a",
          ),
        ),
      TERRAFORM_BINARY_NAME: (text) => findTerraform({ PATH: "/nowhere", TERRAFORM_BINARY_NAME: text }),
    },
    60,
  );
  it("has no record whose keys nobody accepts", () => expect(acceptedOf(record)).toEqual([]));

  /** Fails with the first message that is thrown; the others are looked at in other runs. */
  function quietly(act: () => void): void {
    try {
      act();
    } catch (error) {
      process.stderr.write(`${(error as Error).message}\n`);
    }
  }
});

describe("the provider shows no key that is given as", () => {
  const summaries = (found: readonly { summary: string; detail?: string }[]) => {
    for (const { summary, detail } of found) process.stderr.write(`${summary} ${detail}\n`);
  };
  const attributes = resources.flatMap((resource) =>
    Object.entries(resource.attributes)
      .filter(([, { type }]) => type === "string")
      .map(([name]) => [resource, name] as const),
  );
  const settings = ["url", "client_timeout", "realm", "client_id", "jwt_signing_alg", "jwt_token_file"];
  const good = { url: "http://localhost:8080/", client_id: "admin-cli", username: "admin", password: "p" };
  const sign = { clientId: "a", issuer: ISSUER, signingAlgorithm: "RS256", withKid: true, signingKey: "" };
  holds(
    {
      ...Object.fromEntries(
        settings.map((name) => [name, (text: string) => summaries(checkConfiguration({ ...good, [name]: text }, {}))]),
      ),
      jwt_signing_key: (text) => signProviderAssertion({ ...sign, signingKey: text }),
      "jwt_signing_alg, of a key": (text) =>
        signProviderAssertion({ ...sign, signingKey: text, signingAlgorithm: text }),
      "attribute of each resource": (text) =>
        attributes.forEach(([resource, name]) => {
          summaries(validate(resource, { [name]: text }, true));
        }),
    },
    30,
  );
});
