// Time from nothing to machine-a's first token: this project beside the article's way, in alternating runs.
//
//   npx tsx bench/first-token.ts [RUNS]
//
// Present at the start of each run: images (the optimised one too), node_modules, bindings, providers. Not present: keys,
// output, state, containers, volumes. Needs an environment that `./m2m up` has brought once; uses names and ports of its own.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { loadSigningKey, openIssuer, requestToken } from "../machines";
import { median } from "./figures";
import { m2m, makeProject, NAMES, run } from "./project";

const REALM = "sjwt-example";
const ISSUER = `http://keycloak:8080/realms/${REALM}`;
const TIMEOUT_MS = 180_000;

interface Way {
  readonly name: string;
  /** Seconds until the first token. */
  readonly run: () => Promise<number>;
}

async function main(): Promise<void> {
  const runs = Number(process.argv[2] ?? 5);
  if (!Number.isInteger(runs) || runs < 1)
    throw new Error(`RUNS must be a whole number above 0, got: ${process.argv[2]}`);
  const { base, optimised } = await images();
  const ways: Way[] = [
    { name: "m2m up, to the answered call", run: up },
    { name: "article: start-dev --import-realm", run: () => imported(base, ["start-dev", "--import-realm"]) },
    {
      name: "article's realm on the optimised image",
      run: () => imported(optimised, ["start", "--optimized", "--http-enabled=true", "--import-realm"]),
    },
  ];
  const seconds = new Map(ways.map(({ name }) => [name, [] as number[]]));
  for (let round = 1; round <= runs; round++) {
    for (const way of ways) {
      const taken = await way.run();
      seconds.get(way.name)!.push(taken);
      console.error(`run ${round} of ${runs}: ${way.name}: ${taken.toFixed(1)} s`);
    }
  }
  report(ways, seconds);
}

/** The images of the last `up`: what this machine's sources name, and what was built from it. */
async function images(): Promise<{ base: string; optimised: string }> {
  const project = makeProject();
  try {
    await m2m(project.folder, ["up", "--json"]);
    const record = JSON.parse(readFileSync(join(project.folder, ".m2m", "sources.json"), "utf8")) as {
      keycloakImage?: string;
    };
    const json = JSON.parse(readFileSync(join(project.folder, "cdktf.out/stacks/m2m/cdk.tf.json"), "utf8"));
    const [image] = Object.values(json.resource.docker_image) as { name: string }[];
    return { base: record.keycloakImage ?? "quay.io/keycloak/keycloak:26.4", optimised: image!.name };
  } finally {
    await m2m(project.folder, ["down", "--yes"]);
    project.remove();
  }
}

async function up(): Promise<number> {
  const project = makeProject();
  try {
    const start = performance.now();
    await m2m(project.folder, ["up", "--json"]);
    return (performance.now() - start) / 1000;
  } finally {
    await m2m(project.folder, ["down", "--yes"]);
    project.remove();
  }
}

/** Keys by openssl, certificates put into the realm's JSON, and a plain `docker run`. */
async function imported(image: string, command: string[]): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), "m2m-bench-import-"));
  const container = `${NAMES.keycloak}-import`;
  try {
    const start = performance.now();
    const certificates = await Promise.all(["machine-a", "machine-b"].map((name) => selfSigned(folder, name)));
    writeFileSync(join(folder, `${REALM}.json`), JSON.stringify(realm(certificates)));
    await run("docker", [
      ...["run", "--detach", "--rm", "--name", container, "--label", "cdktf-keycloak-m2m=bench"],
      ...["--publish", `127.0.0.1:${NAMES.keycloakPort}:8080`],
      ...["--env", "KC_BOOTSTRAP_ADMIN_USERNAME=admin", "--env", "KC_BOOTSTRAP_ADMIN_PASSWORD=change_me"],
      ...["--volume", `${folder}/${REALM}.json:/opt/keycloak/data/import/${REALM}.json:ro`],
      ...[image, ...command, "--hostname=http://keycloak:8080"],
    ]);
    await firstToken(join(folder, "machine-a-signing.key"));
    return (performance.now() - start) / 1000;
  } finally {
    await run("docker", ["rm", "--force", "--volumes", container]).catch(() => undefined);
    rmSync(folder, { recursive: true, force: true });
  }
}

async function selfSigned(folder: string, name: string): Promise<string> {
  const crt = join(folder, `${name}-signing.crt`);
  const key = ["-newkey", "rsa:2048", "-keyout", join(folder, `${name}-signing.key`)];
  await run("openssl", [
    "req",
    "-x509",
    "-sha256",
    "-nodes",
    ...key,
    "-out",
    crt,
    "-days",
    "5",
    "-subj",
    `/CN=${name}`,
  ]);
  return readFileSync(crt, "utf8").replaceAll(/-----[A-Z ]+-----|\s/g, "");
}

function realm(certificates: string[]): unknown {
  const clients = ["machine-a", "machine-b"].map((clientId, index) => ({
    clientId,
    clientAuthenticatorType: "client-jwt",
    protocol: "openid-connect",
    standardFlowEnabled: false,
    implicitFlowEnabled: false,
    directAccessGrantsEnabled: false,
    serviceAccountsEnabled: true,
    publicClient: false,
    attributes: {
      "token.endpoint.auth.signing.alg": "RS256",
      "jwt.credential.certificate": certificates[index],
    },
    defaultClientScopes: ["service_account", "profile", "basic", "email"],
    optionalClientScopes: ["address"],
  }));
  return { realm: REALM, enabled: true, clients };
}

async function firstToken(keyFile: string): Promise<void> {
  const end = Date.now() + TIMEOUT_MS;
  const connectTo = `keycloak:8080=127.0.0.1:${NAMES.keycloakPort}`;
  const issuer = openIssuer({ issuer: ISSUER, connectTo, allowInsecureHttp: true });
  const request = { clientId: "machine-a", signingKey: loadSigningKey(keyFile) };
  for (;;) {
    const got = await requestToken(issuer, request).catch((error: unknown) => error as Error);
    if (!(got instanceof Error)) return issuer.close();
    if (Date.now() > end) throw new Error("no token within 180 s", { cause: got });
    await sleep(100);
  }
}

function report(ways: readonly Way[], seconds: ReadonlyMap<string, number[]>): void {
  const medians = ways.map(({ name }) => median(seconds.get(name)!));
  const article = medians[1]!;
  console.log("| way | median | all runs | beside the article's |\n|---|---|---|---|");
  ways.forEach(({ name }, index) => {
    const all = seconds.get(name)!.map((value) => value.toFixed(1));
    console.log(
      `| ${name} | ${medians[index]!.toFixed(1)} s | ${all.join(", ")} | ${(medians[index]! / article).toFixed(2)} × |`,
    );
  });
}

main().catch((error) => {
  console.error((error as Error).message);
  process.exitCode = 1;
});
