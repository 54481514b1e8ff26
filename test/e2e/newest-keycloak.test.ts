import { X509Certificate } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { localImage } from "../../constructs/contract/docker-names";
import { createDpopKey } from "../../machines";
import { describeGrants } from "./authorization/matrix";
import { contentOf, sqlIn } from "./database/content";
import { docker, m2m, makeProject, namesOf, takeDown } from "./environment";
import { ROOT } from "./project";
import { goldenConfiguration } from "./provider/golden";
import { serverOf } from "./provider/server";
import { Workspace } from "./provider/workspace";
import { Handshakes } from "./secure/handshakes";
import { secureMain } from "./secure/main";
import { servedBy } from "./secure/served";
import { proofs, Thief } from "./secure/stolen";

const OWN = namesOf("newest");

describe("Keycloak 26.7.2, where introspection demands the audience", () => {
  let folder: string;
  beforeAll(async () => {
    // No other test uses it: `up` has to make it, as on a machine that has no image yet.
    await docker("rmi", "--force", localImage("keycloak", "26.7.2")).catch(() => undefined);
    folder = makeProject(OWN, undefined, { settles: true });
  });
  afterAll(async () => await takeDown(folder, OWN));

  it("serves both clients, offline and online, and shows no change", async () => {
    const { exitCode, stderr } = await m2m(folder, ["up"], { M2M_KEYCLOAK_VERSION: "26.7.2" });
    expect(exitCode, stderr).toBe(0);
    for (const options of [[], ["--online"], ["--bash"], ["--bash", "--online"]]) {
      expect((await m2m(folder, ["call", ...options])).stdout).toMatch(/^HTTP 200\ncaller: machine-a/);
    }
    expect((await m2m(folder, ["diff"])).exitCode).toBe(0);
  });

  it("supports every resource and data source of the embedded provider, and shows no change", async () => {
    const workspace = new Workspace(await serverOf(OWN, folder));
    await workspace.write(goldenConfiguration());
    const { exitCode, output } = await workspace.apply();
    expect(exitCode, output).toBe(0);
    expect(await workspace.plan()).toEqual([]);
    expect((await workspace.destroy()).exitCode).toBe(0);
    workspace.remove();
  });

  describeGrants(OWN.keycloakPort);
});

describe("Keycloak 26.7.2 over mutual TLS", () => {
  const SECURE = namesOf("newest-secure");
  const connectTo = `keycloak:8443=127.0.0.1:${SECURE.keycloakPort},machine-b:3000=127.0.0.1:${SECURE.machinePort}`;
  let folder: string;
  beforeAll(() => {
    const main = secureMain().replace("tls: { authority }", 'tls: { authority, minimumVersion: "TLSv1.2" }');
    folder = makeProject(SECURE, main, { settles: true });
  });
  afterAll(async () => await takeDown(folder, SECURE));

  it("serves a client whose tokens are bound to its certificate, and shows no change", async () => {
    const { exitCode, stderr } = await m2m(folder, ["up"], { M2M_KEYCLOAK_VERSION: "26.7.2" });
    expect(exitCode, stderr).toBe(0);
    for (const options of [["--online"], ["--bash"]]) {
      expect((await m2m(folder, ["call", ...options])).stdout).toMatch(/^HTTP 200\ncaller: machine-a/);
    }
    expect((await m2m(folder, ["diff"])).exitCode).toBe(0);
  });

  it("speaks TLS 1.2 where that is allowed by name, and serves the admin console", async () => {
    const clients = new Handshakes(folder, { keycloak: SECURE.keycloakPort, "machine-b": SECURE.machinePort });
    expect(await clients.curl("keycloak", "good", "--tls-max", "1.2")).toMatch(/^200 /);
    const old = ["--tlsv1.0", "--tls-max", "1.1", "--ciphers", "DEFAULT@SECLEVEL=0"];
    expect(await clients.curl("keycloak", "good", ...old)).toContain("protocol version");
    const address = `https://localhost:${SECURE.keycloakPort}`;
    expect(await clients.curl("keycloak", "good", `${address}/admin/master/console/`)).toContain(address);
  });

  it("grants A's assertion over C's certificate, and machine-b refuses the token", async () => {
    const thief = new Thief(folder, connectTo);
    const own = await thief.token("machine-a", "machine-a");
    const stolen = await thief.token("machine-a", "machine-c");
    const dpop = createDpopKey();
    const bound = await thief.token("machine-d", "machine-a", dpop);
    const call = (peer: string, token: string) => thief.call(peer, { authorization: `Bearer ${token}` });
    expect(await call("machine-a", own)).toBe("200");
    expect(await call("machine-c", own)).toBe("401 ERR_TOKEN_PROOF");
    expect(await call("machine-c", stolen)).toBe("401 ERR_TOKEN_PROOF");
    const { "a good proof": proof = "" } = proofs(dpop, bound);
    expect(await thief.call("machine-a", { authorization: `DPoP ${bound}`, dpop: proof })).toBe("200");
    await thief.close();
  });

  it("takes renewed certificates up without a restart", async () => {
    expect((await m2m(folder, ["certificates", "renew", "--all"])).exitCode).toBe(0);
    const { stdout, stderr } = await m2m(folder, ["up"]);
    expect(stdout, stderr).toContain("HTTP 200");
    const path = join(folder, `certs/${SECURE.keycloak}-tls.crt`);
    const renewed = new X509Certificate(readFileSync(path)).fingerprint256;
    const served = () => servedBy(folder, SECURE.keycloakPort);
    await vi.waitFor(async () => expect((await served()).fingerprint256).toBe(renewed), {
      timeout: 90_000,
      interval: 1000,
    });
  });
});

describe("an upgrade of a server in production, from 26.4.7 to 26.7.2", () => {
  const UPGRADED = namesOf("upgraded");
  const DATABASE = `${UPGRADED.keycloak}-database`;
  let folder: string;
  beforeAll(async () => {
    folder = makeProject(UPGRADED, production("26.4.7"));
    await up();
  });
  afterAll(async () => await takeDown(folder, UPGRADED));

  const declare = (version: string) => writeFileSync(join(folder, "main.ts"), production(version));
  const rows = async () => (await contentOf(DATABASE)).split("\n");
  const versions = () => sqlIn(DATABASE, "SELECT version FROM migration_model ORDER BY update_time");
  const up = async () => {
    const { exitCode, stdout, stderr } = await m2m(folder, ["up"]);
    expect(exitCode, stderr).toBe(0);
    expect(stdout).toContain("HTTP 200");
  };

  it("keeps all that the database holds, and the documented way back brings all of it back", async () => {
    expect((await m2m(folder, ["backup", "before.dump"])).exitCode).toBe(0);
    const before = await rows();
    declare("26.7.2");
    await up();
    expect(await rows()).toEqual(expect.arrayContaining(before));
    expect(await versions()).toBe("26.4.7\n26.7.2");

    declare("26.4.7");
    const { exitCode, stderr } = await m2m(folder, ["up"]);
    expect(exitCode).toBe(1);
    const remove = ["rm", "--force", UPGRADED.keycloak];
    expect(stderr).toContain(`\`docker ${remove.join(" ")}\`, then \`m2m restore FILE\``);

    await docker(...remove);
    const restored = await m2m(folder, ["restore", "before.dump", "--yes"]);
    expect(restored.exitCode, restored.stderr).toBe(0);
    expect(await rows()).toEqual(before);
    expect(await versions()).toBe("26.4.7");
    await up();
    expect((await m2m(folder, ["diff"])).exitCode).toBe(0);
  });
});

/** examples/production on this version, of which an image is here. */
function production(version: string): string {
  return readFileSync(join(ROOT, "examples", "production", "main.ts"), "utf8")
    .replace('"../../constructs"', '"./constructs"')
    .replace('mode: "production"', `image: "${localImage("keycloak", version)}", $&`);
}
