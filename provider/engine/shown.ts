import { mapValues } from "./map-values";
import type { Attribute, Block } from "./table";

type Flags = Pick<Attribute, "required" | "optional" | "computed" | "read">;
type Attributes = { [name: string]: Attribute };

/** A resource's attributes as a data source shows them: computed, unless `flags` says otherwise. */
export function shown(attributes: Attributes, flags: { [name: string]: Flags } = {}, left: string[] = []): Attributes {
  const kept = Object.entries(attributes).filter(([name, { writeOnly }]) => !writeOnly && !left.includes(name));
  return mapValues(Object.fromEntries(kept), ({ type, sensitive, read }, name) => ({
    type,
    ...(sensitive && { sensitive }),
    ...(read && { read }),
    ...(flags[name] ?? { computed: true }),
  }));
}

/** A resource's block as a data source shows it. It may occur more than once. */
export function shownBlock(block: Block, left: string[] = []): Block {
  return {
    nesting: block.nesting,
    ...(block.present && { present: block.present }),
    ...(block.computed ? { computed: true } : { unlimited: true }),
    attributes: shown(block.attributes, {}, left),
    ...(block.blocks && { blocks: mapValues(block.blocks, (inner) => shownBlock(inner, left)) }),
  };
}
