import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { createOutput, exitCodeOf, ToolError } from "../../tools/output";

const isTTY = Object.getOwnPropertyDescriptor(process.stderr, "isTTY");
let stdout: string[];
let stderr: string[];

beforeEach(() => {
  stdout = [];
  stderr = [];
  vi.spyOn(process.stdout, "write").mockImplementation((text) => stdout.push(String(text)) > 0);
  vi.spyOn(process.stderr, "write").mockImplementation((text) => stderr.push(String(text)) > 0);
});

afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
  if (isTTY) Object.defineProperty(process.stderr, "isTTY", isTTY);
  else Reflect.deleteProperty(process.stderr, "isTTY");
});

function output({ json, terminal, columns = 80 }: { json: boolean; terminal: boolean; columns?: number }) {
  Object.defineProperty(process.stderr, "isTTY", { value: terminal, configurable: true });
  Object.defineProperty(process.stderr, "columns", { value: columns, configurable: true });
  vi.stubEnv("TERM", "xterm");
  vi.stubEnv("CI", "");
  return createOutput({ json, colour: "never" });
}

describe("progress", () => {
  it.each([
    { json: false, terminal: true, shown: "step\n" },
    { json: false, terminal: false, shown: "" },
    { json: true, terminal: true, shown: "" },
    { json: true, terminal: false, shown: "" },
  ])("with json: $json, terminal: $terminal shows $shown, never on stdout", ({ shown, ...how }) => {
    output(how).say("step");
    expect(stderr.join("")).toContain(shown);
    expect(stderr.length > 0).toBe(shown !== "");
    expect(stdout).toEqual([]);
  });
});

describe("warnings", () => {
  it.each([true, false])("go to stderr in a pipe too, with json: %s", (json) => {
    output({ json, terminal: false }).warn("careful");
    expect(stderr).toEqual(["careful\n"]);
    expect(stdout).toEqual([]);
  });
});

describe("results", () => {
  it("are the text for a person", () => {
    output({ json: false, terminal: false }).result("HTTP 200", { status: 200 });
    expect(stdout).toEqual(["HTTP 200\n"]);
  });

  it("are one JSON document for a program", () => {
    const out = output({ json: true, terminal: true });
    expect(out.json).toBe(true);
    out.result("HTTP 200", { status: 200 });
    expect(JSON.parse(stdout.join(""))).toEqual({ status: 200 });
    expect(stderr).toEqual([]);
  });

  it("of no text leave no empty line", () => {
    output({ json: false, terminal: false }).result("", {});
    expect(stdout.join("")).toBe("");
  });
});

it("a ToolError carries its code and cause", () => {
  const cause = new Error("below");
  expect(new ToolError("port-in-use", "text", { cause })).toMatchObject({
    name: "ToolError",
    code: "port-in-use",
    message: "text",
    cause,
  });
});

it("a refusal that --yes lifts has an exit code of its own", () => {
  expect(["not-confirmed", "failed", undefined].map(exitCodeOf)).toEqual([3, 1, 1]);
});
