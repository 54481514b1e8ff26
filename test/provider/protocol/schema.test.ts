import { describe, expect, it } from "vitest";
import { decodeMessage } from "../../../provider/protocol/messages";
import { schemaMessage } from "../../../provider/protocol/schema";
import { bytesOf, frame, type Message, recordedSchema, SCHEMA } from "./recorded";

describe("a schema", () => {
  it("is encoded like the recorded one", () => {
    const { descriptionKind: _kind, ...block } = (
      decodeMessage("GetSchema.Response", bytesOf(frame(SCHEMA).response)) as {
        resourceSchemas: { docker_volume: { block: Message & { descriptionKind?: number } } };
      }
    ).resourceSchemas.docker_volume.block;
    const again = schemaMessage(recordedSchema()) as { block: Message };
    const shape = ({ attributes, blockTypes }: Message): unknown => ({
      attributes: attributes.map(({ name, type, optional, required, computed }) => [
        name,
        String(type),
        optional,
        required,
        computed,
      ]),
      blocks: blockTypes.map((nested) => [nested.typeName, nested.nesting, shape(nested.block)]),
    });
    expect(shape(again.block)).toEqual(shape(block));
  });
});
