import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { container, endOfLog, lastLogLines, logSince, readable } from "../../../tools/engines/logs";
import { fakeProgram, pathWith, temporaryFolder } from "../parts";

const folder = temporaryFolder();
const SERVICE = { kind: "service", id: "s1" } as const;

describe("the log of a container", () => {
  it("reads both streams of a log, and nothing where there is no container", async () => {
    const docker = fakeProgram(folder.path, "docker", 'case "$*" in *none) exit 1;; esac; echo out; echo err >&2');
    expect((await lastLogLines(container("keycloak"), 20, pathWith(folder.path))).split("\n").sort()).toEqual([
      "err",
      "out",
    ]);
    expect(docker.calls()).toEqual(["logs --tail 20 keycloak"]);
    expect(await lastLogLines(container("none"), 20, pathWith(folder.path))).toBe("");
  });

  it("reads the last messages of a log without the frames of stack traces, which would crowd them out", async () => {
    const frames = "\tat org.h2.mvstore.Store.open(Store.java:133)\n\t... 15 more\n\t... 3 common frames omitted";
    const log = `early\nERROR: Failed to start server\n${frames}\nCaused by: java.io.EOFException\n${frames}\nat last`;
    fakeProgram(folder.path, "docker", `printf '%b\\n' '${log}'`);
    expect((await endOfLog(container("keycloak"), 3, pathWith(folder.path))).split("\n")).toEqual([
      "The last lines of keycloak's log:",
      "ERROR: Failed to start server",
      "Caused by: java.io.EOFException",
      "at last",
    ]);
  });

  it("has lines in JSON as Keycloak writes them in text", async () => {
    const line = '{"timestamp":"T","level":"ERROR","loggerName":"org.k","message":"FATAL: password","exception":{}}';
    fakeProgram(folder.path, "docker", `printf '%s\\n' '${line}' '{"cut' '{}'`);
    expect((await endOfLog(container("keycloak"), 3, pathWith(folder.path))).split("\n").slice(1)).toEqual([
      "T ERROR [org.k] FATAL: password",
      '{"cut',
      "{}",
    ]);
  });

  it("waits for the first line of a log, or says that there is none yet", async () => {
    const began = join(folder.path, "began");
    fakeProgram(folder.path, "docker", `if [ -e ${began} ]; then echo line; else touch ${began}; fi`);
    expect(await endOfLog(container("slow"), 3, pathWith(folder.path))).toBe("The last lines of slow's log:\nline");
    fakeProgram(folder.path, "docker", "exit 0");
    const none = await endOfLog(container("silent"), 3, pathWith(folder.path), 0);
    expect(none).toBe("silent has written nothing to its log yet");
  });

  it("is nothing without a Docker client", async () => {
    expect(await lastLogLines(container("keycloak"), 20, { PATH: "/nonexistent" })).toBe("");
  });
});

describe("the log of a service", () => {
  it("is that of all its replicas, as far as they give it", async () => {
    const docker = fakeProgram(folder.path, "docker", 'echo "sso.1.x@node    | line"; echo incomplete >&2; exit 1');
    expect(await lastLogLines(SERVICE, 20, pathWith(folder.path))).toBe("sso.1.x@node    | line");
    const since = new Date("2026-11-30T00:00:00Z");
    await logSince(SERVICE, since, 9, pathWith(folder.path));
    expect(docker.calls()).toEqual([
      "service logs --tail 20 s1",
      "service logs --raw --timestamps --since 2026-11-30T00:00:00.000Z --tail 9 s1",
    ]);
  });

  it("is nothing where the service is gone", async () => {
    fakeProgram(folder.path, "docker", "echo no such service >&2; exit 1");
    expect(await lastLogLines(SERVICE, 20, pathWith(folder.path))).toBe("");
  });

  it("has lines in JSON in text, with the replica before them", () => {
    const json = '{"timestamp":"T","level":"WARN","loggerName":"org.k","message":"a | b"}';
    expect(readable(`sso.1.x@node    | ${json}`)).toBe("sso.1.x@node    | T WARN [org.k] a | b");
    expect(readable("sso.1.x@node    | plain")).toBe("sso.1.x@node    | plain");
  });
});
