import { plain } from "../../constructs/contract/terraform-text";
import type { SynthesizedJson } from "../project/project";
import type { Role } from "./model";

/** The arguments of one resource. */
export type Arguments = Readonly<Record<string, unknown>>;

interface Target {
  readonly type: string;
  readonly arguments: Arguments;
  readonly attribute: string;
}

/** Reads texts of one stack's JSON: as they are, or what the resource has that they refer to. */
export class References {
  private readonly groups = new Map<string, Map<Arguments, Arguments[]>>();

  constructor(private readonly json: Pick<SynthesizedJson, "resource" | "data">) {}

  /** The resources of a type. */
  all(type: string): Arguments[] {
    return Object.values(this.json.resource?.[type] ?? {});
  }

  /** The resources of a type that refer to another one by an argument. */
  ofTarget(type: string, argument: string, target: Arguments): readonly Arguments[] {
    const key = `${type} ${argument}`;
    const group = this.groups.get(key) ?? this.grouped(type, argument);
    this.groups.set(key, group);
    return group.get(target) ?? [];
  }

  /** The types of resources that match. */
  types(pattern: RegExp): string[] {
    return Object.keys(this.json.resource ?? {}).filter((type) => pattern.test(type));
  }

  /** A text, or the argument that it refers to. An expression of another kind stays as it is written. */
  text(value: unknown): string {
    const target = this.target(value);
    if (target === undefined) return plain(String(value ?? ""));
    const found = target.arguments[target.attribute];
    return found === undefined ? String(value) : this.text(found);
  }

  /** The client id of the client that a text refers to by any of its attributes. */
  clientId(value: unknown): string | undefined {
    const target = this.target(value);
    return target?.type === "keycloak_openid_client" ? this.text(target.arguments.client_id) : undefined;
  }

  /** The resource that a text refers to, as `TYPE.NAME`. */
  address(value: unknown): string | undefined {
    const [, address] = /^\$\{([\w]+\.[\w-]+)\.\w+\}$/.exec(String(value ?? "")) ?? [];
    return address;
  }

  /** The role that a text refers to by its id. */
  role(value: unknown): Role | undefined {
    const target = this.target(value);
    if (target?.type !== "keycloak_role") return undefined;
    return { owner: this.clientId(target.arguments.client_id), name: this.text(target.arguments.name) };
  }

  private grouped(type: string, argument: string): Map<Arguments, Arguments[]> {
    const groups = new Map<Arguments, Arguments[]>();
    for (const resource of this.all(type)) {
      const target = this.target(resource[argument])?.arguments;
      if (target) groups.set(target, [...(groups.get(target) ?? []), resource]);
    }
    return groups;
  }

  private target(value: unknown): Target | undefined {
    const [, data, type = "", name = "", attribute = ""] =
      /^\$\{(data\.)?(\w+)\.([\w-]+)\.(\w+)\}$/.exec(String(value ?? "")) ?? [];
    const found = (data ? this.json.data : this.json.resource)?.[type]?.[name];
    return found && { type, arguments: found, attribute };
  }
}
