import { describe, expect, it } from "vitest";
import { decodeMessage } from "../../../provider/protocol/messages";
import { typeOfBlock } from "../../../provider/protocol/schema";
import { decodeValue, encodeValue, isUnknown, type ObjectValue, Unknown } from "../../../provider/protocol/values";
import { bytesOf, frame, isDynamic, recorded, recordedSchema } from "./recorded";

describe("recorded values", () => {
  it("are read and written again byte for byte", () => {
    const type = typeOfBlock(recordedSchema().block);
    let count = 0;
    for (const { rpc, request, response } of recorded) {
      const messages = [
        decodeMessage(`${rpc}.Request`, bytesOf(request)),
        decodeMessage(`${rpc}.Response`, bytesOf(response)),
      ];
      if (messages[0]!.typeName !== "docker_volume") continue;
      for (const { msgpack } of messages.flatMap((message) => Object.values(message).filter(isDynamic))) {
        expect(encodeValue(decodeValue(msgpack, type), type).toString("hex")).toBe(msgpack.toString("hex"));
        count += 1;
      }
    }
    expect(count).toBeGreaterThan(20);
  });

  it("hold unknown values with and without refinements", () => {
    const { config, proposedNewState } = decodeMessage(
      "PlanResourceChange.Request",
      bytesOf(frame("plan of a new resource with unknown values").request),
    ) as { [field: string]: { msgpack: Buffer } };
    const type = typeOfBlock(recordedSchema().block);
    const value = decodeValue(config!.msgpack, type) as ObjectValue;
    expect(value.name).toBeInstanceOf(Unknown);
    expect(Buffer.from((value.name as Unknown).refinements!).toString("latin1")).toContain("recorded-");
    expect(isUnknown((decodeValue(proposedNewState!.msgpack, type) as ObjectValue).name)).toBe(true);
  });
});
