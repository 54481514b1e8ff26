import type { Session } from "../admin-api/session";
import type { Path } from "../protocol/diagnostics";
import type { Type } from "../protocol/schema";
import type { ObjectValue, Value } from "../protocol/values";

/** Keycloak's JSON for one object, as its admin API calls it. */
export type Representation = { [field: string]: unknown };

/** One attribute of a resource: what Terraform is told about it, and where Keycloak keeps it. */
export interface Attribute {
  type: Type;
  required?: boolean;
  optional?: boolean;
  computed?: boolean;
  sensitive?: boolean;
  writeOnly?: boolean;
  /** The value planned where none is configured. */
  default?: Value;
  /** For a computed attribute: the value a new object is given where none is configured; without it, unknown. */
  initial?: Value;
  /** Where none is configured, the server's value stays and is no change. */
  keep?: boolean;
  /** A change makes a new object. */
  replace?: boolean;
  oneOf?: (string | number)[];
  /** Refused when configured, for this reason. */
  unsupported?: string;
  /** Brings a configured value into the form in which it will be read. */
  normalise?: (value: Value) => Value;
  /** False: the empty value is sent only where there is something to clear. */
  sendEmpty?: false;
  /** From Keycloak's JSON, knowing the value before; without it, the state alone has it. */
  read?: (representation: Representation, known: Value, before: Before) => Value;
  /** Into Keycloak's JSON; `prior` is the state before, null for a new object. */
  write?: (representation: Representation, value: Value, prior: Value) => void;
  /** The key in Keycloak's map of attributes, which `extra_config` may therefore not hold. */
  key?: string;
}

/** What is known of an object when it is read. */
export interface Before {
  state: ObjectValue;
  /** Nothing but its id: it has just been imported. */
  imported: boolean;
}

/** A nested block that occurs at most once. */
export interface Block {
  nesting: "list" | "set";
  /** The schema sets no limit, although there is never more than one. */
  unlimited?: true;
  attributes: { [name: string]: Attribute };
  blocks?: { [name: string]: Block };
  /** Refused when configured, for this reason. */
  unsupported?: string;
  /** Read from the server even where it is not configured. */
  computed?: boolean;
  /** Where none is configured, what the server has stays and is no change. */
  keep?: boolean;
  /** Whether the server has what the block declares; without it, whether the state has the block. */
  present?: (representation: Representation) => boolean;
  /** Likewise for what is imported, where the state cannot tell. */
  presentOnImport?: (representation: Representation) => boolean;
  /** Tells Keycloak that the block is there, or is not. */
  toggle?: (representation: Representation, present: boolean) => void;
}

/** A plan about to be given to Terraform; hooks may set what the attributes alone do not tell. */
export interface Change {
  prior: ObjectValue | null;
  config: ObjectValue;
  planned: ObjectValue;
}

/** A rule's complaint: which attribute, what is wrong, what to do. */
export interface Problem {
  path: Path;
  summary: string;
  detail?: string;
}

/** What the table of attributes alone cannot say about a configuration. */
export type Rule = (config: ObjectValue) => Problem[];

/** The calls of Keycloak's admin API that a resource is made of. */
export interface Endpoint {
  /** Makes the object and returns the attributes that identify it. */
  create(session: Session, representation: Representation, change: Change): Promise<ObjectValue>;
  /** What a new object needs besides, and what may fail by itself: the object is in the state whatever becomes of it. */
  complete?(session: Session, change: Change): Promise<void>;
  /** The object, or null where there is none; `fresh` after a write, else what this run knows already will do. */
  read(session: Session, state: ObjectValue, fresh: boolean): Promise<Representation | null>;
  update(session: Session, representation: Representation, change: Change): Promise<void>;
  delete(session: Session, state: ObjectValue): Promise<void>;
  /** The JSON an update starts from, where Keycloak would drop what is not sent. */
  base?(session: Session, state: ObjectValue): Promise<Representation>;
}

/** One resource type, whole. */
export interface Resource {
  name: string;
  /** What to call one of them in messages: "client machine-a". */
  title: (values: ObjectValue) => string;
  version: number;
  attributes: { [name: string]: Attribute };
  blocks?: { [name: string]: Block };
  endpoint: Endpoint;
  rules?: Rule[];
  plan?: (change: Change) => void;
  /** The import id in words, and its parts; null where the id does not fit. */
  importId: { form: string; parse: (id: string) => ObjectValue | null };
  upgrade?: (state: { [name: string]: unknown }, version: number) => { [name: string]: unknown };
}

/** One data source, whole. */
export interface DataSource {
  name: string;
  attributes: { [name: string]: Attribute };
  blocks?: { [name: string]: Block };
  rules?: Rule[];
  /** What the arguments ask for, as one object of Keycloak's; its `id` field is the data source's id. */
  read(session: Session, config: ObjectValue): Promise<Representation>;
}
