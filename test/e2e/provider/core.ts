import { expect } from "vitest";
import type { Keycloak } from "../../../provider/admin-api/keycloak";
import { handlerOf } from "../../../provider/engine/resource-handler";
import { schemaOf } from "../../../provider/engine/schema";
import type { Attribute, Block, Resource } from "../../../provider/engine/table";
import { typeOfBlock } from "../../../provider/protocol/schema";
import type { ResourceHandler } from "../../../provider/protocol/service";
import {
  decodeValue,
  encodeValue,
  equal,
  isEmpty,
  isUnknown,
  type ObjectValue,
  type Value,
} from "../../../provider/protocol/values";

/** What a plan of one object would change, by attribute. */
export type Changes = string[];

/**
 * What Terraform itself does with one object of a resource, without the seconds that starting it takes: plan, apply,
 * refresh, import, destroy, each value over the wire, and its rule that an apply gives what the plan has promised. Every
 * step is a run of its own, which knows nothing that another has read.
 */
export class Core {
  state: ObjectValue | null = null;

  constructor(
    readonly resource: Resource,
    private readonly connect: () => Keycloak,
  ) {}

  /** Plans and applies a configuration, and gives what the plan said would change. */
  async apply(config: ObjectValue): Promise<Changes> {
    const handler = this.run();
    const complete = this.wire(this.completed(config))!;
    expect(handler.validate(complete, { writeOnlyAllowed: true })).toEqual([]);
    const { planned, requiresReplace } = handler.plan({ prior: this.state, config: complete });
    expect(requiresReplace).toEqual([]);
    const changes = this.changesTo(planned!);
    const applied = await handler.apply({ prior: this.state, planned: this.wire(planned), config: complete });
    expect(applied.diagnostics ?? []).toEqual([]);
    this.expectAsPlanned(planned!, applied.state!);
    this.state = this.wire(applied.state);
    return changes;
  }

  /** What a plan would change now, after a refresh. */
  async plan(config: ObjectValue, imported = false): Promise<Changes> {
    const handler = this.run();
    const { state } = await handler.read(this.state!, imported);
    if (!state) return ["(gone)"];
    this.state = this.wire(state);
    const { planned } = handler.plan({ prior: this.state, config: this.wire(this.completed(config))! });
    return this.changesTo(this.wire(planned)!);
  }

  /** Forgets the state and takes the same object in by its import id; gives what a plan would change then. */
  async import(id: string, config: ObjectValue): Promise<Changes> {
    const nothing = Object.fromEntries(this.names().map((name) => [name, null]));
    this.state = this.wire({ ...nothing, ...this.run().import(id) });
    return this.plan(config, true);
  }

  async destroy(): Promise<void> {
    const { state, diagnostics = [] } = await this.run().apply({ prior: this.state, planned: null, config: null });
    expect(diagnostics).toEqual([]);
    expect(state).toBeNull();
  }

  /** Whether Keycloak still has the object. */
  async exists(): Promise<boolean> {
    return (await this.run().read(this.state!, false)).state !== null;
  }

  private run(): ResourceHandler {
    const keycloak = this.connect();
    return handlerOf(this.resource, (patience) => keycloak.session(patience));
  }

  private names(): string[] {
    return ["id", ...Object.keys(this.resource.attributes), ...Object.keys(this.resource.blocks ?? {})];
  }

  /** A configuration as Terraform hands it over: every attribute is there, and a block that is not is an empty list. */
  private completed(config: ObjectValue): ObjectValue {
    const blocks = Object.fromEntries(Object.keys(this.resource.blocks ?? {}).map((name) => [name, [] as Value[]]));
    const attributes = Object.fromEntries(Object.keys(this.resource.attributes).map((name) => [name, null]));
    return { id: null, ...attributes, ...blocks, ...config };
  }

  private wire(value: ObjectValue | null): ObjectValue | null {
    const type = typeOfBlock(schemaOf(this.resource).block);
    return decodeValue(encodeValue(value, type), type) as ObjectValue | null;
  }

  private changesTo(planned: ObjectValue): Changes {
    return this.names().filter((name) => !this.same(name, this.state?.[name] ?? null, planned[name] ?? null));
  }

  private expectAsPlanned(planned: ObjectValue, state: ObjectValue): void {
    const broken = this.names().filter((name) => {
      const promised = planned[name] ?? null;
      // A block that the server fills in cannot be planned as unknown: Terraform has no such value.
      if (this.resource.blocks?.[name]?.computed) return false;
      return !isUnknown(promised) && !this.same(name, promised, state[name] ?? null);
    });
    expect(Object.fromEntries(broken.map((name) => [name, [planned[name], state[name]]]))).toEqual({});
  }

  /** A null and an empty value are one to Keycloak, and to Terraform's rules for providers with such a schema. */
  private same(name: string, a: Value, b: Value): boolean {
    if (isUnknown(a) || isUnknown(b)) return false;
    const types = typeOfBlock(schemaOf(this.resource).block)[1] as { [name: string]: "string" };
    return (isEmpty(a) && isEmpty(b)) || equal(a, b, types[name]!);
  }
}

/** Attributes of a resource that a test may choose freely: with a place in Keycloak, supported, and no reason to replace. */
export function freeAttributes(table: Pick<Resource, "attributes"> | Block): [string, Attribute][] {
  return Object.entries(table.attributes).filter(
    ([, { write, unsupported, replace, writeOnly, required, optional }]) =>
      write && !unsupported && !replace && !writeOnly && (required || optional),
  );
}
