// Containers have the clock of their machine. A library before Keycloak gives it another one, and leaves the machine's alone.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { defaultKeycloakImage, readSources } from "../../constructs/contract/sources";
import { docker } from "../e2e/environment";
import { ROOT } from "../e2e/project";

const SOURCE = join(__dirname, "clock.c");
const IMAGE = "m2m-faults/keycloak:clock";
/** A file that Keycloak may write to. It holds the seconds as a number of eight bytes. */
const OFFSET = "/tmp/clock";

/** Keycloak's image with a clock that can be set. */
export async function makeImage(): Promise<string> {
  const context = mkdtempSync(join(tmpdir(), "m2m-clock-"));
  try {
    const library = join(context, "clock.so");
    await execa("gcc", ["-shared", "-fPIC", "-O2", `-DOFFSET="${OFFSET}"`, "-o", library, SOURCE, "-ldl"]);
    const lines = [
      `FROM ${defaultKeycloakImage(readSources(ROOT))}`,
      "COPY clock.so /usr/local/lib/clock.so",
      "ENV LD_PRELOAD=/usr/local/lib/clock.so",
    ];
    writeFileSync(join(context, "Dockerfile"), lines.join("\n"));
    await docker("build", "--quiet", "--tag", IMAGE, context);
    return IMAGE;
  } finally {
    rmSync(context, { recursive: true });
  }
}

/** Sets the clock of a server to the machine's and so many seconds more. */
export async function setClock(container: string, seconds: number): Promise<void> {
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64LE(BigInt(seconds));
  const escaped = [...bytes].map((byte) => `\\x${byte.toString(16).padStart(2, "0")}`).join("");
  const write = `printf '${escaped}' | dd of=${OFFSET} conv=notrunc status=none`; // Keycloak has this file mapped
  await docker("exec", container, "bash", "-c", write);
}
