import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, it, vi } from "vitest";
import { bringKeycloakDistribution } from "../../../tools/bring/keycloak-distribution";
import { fakeProgram, recordOutput, temporaryFolder } from "../parts";

const folder = temporaryFolder();

afterEach(() => void vi.unstubAllEnvs());

describe("Keycloak's distribution", () => {
  it("in the user's Maven repository is not used when it is not the published one", async () => {
    vi.stubEnv("HOME", folder.path);
    const version = "26.4.7";
    const repository = join(folder.path, ".m2/repository/org/keycloak/keycloak-quarkus-dist", version);
    mkdirSync(repository, { recursive: true });
    writeFileSync(join(repository, `keycloak-quarkus-dist-${version}.tar.gz`), "tampered");
    const mvn = fakeProgram(folder.path, "mvn", "echo 'no network' >&2; exit 1");
    vi.stubEnv("PATH", `${join(mvn.path, "..")}:${process.env.PATH}`);
    const out = recordOutput();
    await expect(bringKeycloakDistribution(folder.path, version, out)).rejects.toMatchObject({
      code: "download-failed",
    });
    expect(out.said.join("\n")).toContain("is not the published Keycloak 26.4.7");
    expect(readdirSync(join(folder.path, "downloads"))).toEqual([]);
  });
});
