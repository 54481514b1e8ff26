import { describe, expect, it } from "vitest";
import { diagnosticMessage, diagnosticsOf, problem, warning } from "../../../provider/protocol/diagnostics";
import { decodeMessage, encodeMessage } from "../../../provider/protocol/messages";
import { bytesOf, frame } from "./recorded";

describe("diagnostics", () => {
  it("are encoded like the recorded ones at attributes", () => {
    const { diagnostics } = decodeMessage(
      "ValidateResourceTypeConfig.Response",
      bytesOf(frame("configuration with two errors at attributes").response),
    ) as { diagnostics: { summary: string; detail: string }[] };
    const ours = diagnostics.map(({ summary, detail }, index) =>
      diagnosticMessage(problem(summary, detail, [["memory_swap", "restart"][index]!])),
    );
    const message = encodeMessage("ValidateResourceTypeConfig.Response", { diagnostics: ours });
    expect(message.toString("base64")).toBe(frame("configuration with two errors at attributes").response);
  });

  it("point at list elements and map keys", () => {
    const message = encodeMessage("Configure.Response", {
      diagnostics: [diagnosticMessage(warning("w", "d", ["block", 0, "map", { key: "a.b" }]))],
    });
    const { diagnostics } = decodeMessage("Configure.Response", message) as { diagnostics: unknown[] };
    expect(diagnostics).toEqual([
      {
        severity: 2,
        summary: "w",
        detail: "d",
        attribute: {
          steps: [
            { attributeName: "block" },
            { elementKeyInt: 0 },
            { attributeName: "map" },
            { elementKeyString: "a.b" },
          ],
        },
      },
    ]);
  });

  it("call an unexpected failure a defect", () => {
    expect(diagnosticsOf(new Error("boom"))).toMatchObject([
      { severity: "error", detail: expect.stringContaining("boom") },
    ]);
  });
});
