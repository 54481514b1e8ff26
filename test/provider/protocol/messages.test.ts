import { describe, expect, it } from "vitest";
import { decodeMessage, encodeMessage } from "../../../provider/protocol/messages";
import { bytesOf, recorded } from "./recorded";

describe("a recorded message", () => {
  it.each(recorded)("$rpc: $what is read and written again byte for byte", ({ rpc, request, response }) => {
    for (const [kind, text] of [["Request", request] as const, ["Response", response] as const]) {
      const name = `${rpc}.${kind}`;
      expect(encodeMessage(name, decodeMessage(name, bytesOf(text))).toString("base64")).toBe(text);
    }
  });
});
