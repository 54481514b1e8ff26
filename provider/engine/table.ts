import type { Session } from "../admin-api/session";
import type { Path } from "../protocol/diagnostics";
import type { Type } from "../protocol/schema";
import type { ObjectValue, Value } from "../protocol/values";

/** Keycloak's JSON for one object, as its admin API calls it. */
export type Representation = { [field: string]: unknown };

/** One attribute of a resource: its schema, and where Keycloak keeps it. */
export interface Attribute {
  type: Type;
  required?: boolean;
  optional?: boolean;
  computed?: boolean;
  sensitive?: boolean;
  writeOnly?: boolean;
  /** The value to plan if none is configured. */
  default?: Value;
  /** For a computed attribute: the value to plan for a new object if none is configured. Without it: unknown. */
  initial?: Value;
  /** If none is configured, the server's value stays and is not a change. */
  keep?: boolean;
  /** A change replaces the object. */
  replace?: boolean;
  oneOf?: (string | number)[];
  /** An empty value leaves the choice to Keycloak, as null does. So it is for each computed text. */
  emptyIsNone?: true;
  /** Whether an empty text is accepted. By default it is, unless it is required. */
  mayBeEmpty?: boolean;
  /** Why a configured value is refused. */
  unsupported?: string;
  /** Brings a configured value into the form in which Keycloak returns it. */
  normalise?: (value: Value) => Value;
  /** False: an empty value is sent only if there is something to clear. */
  sendEmpty?: false;
  /** Reads it from Keycloak's JSON, given the value before. Without this function only the state holds it. */
  read?: (representation: Representation, known: Value, before: Before) => Value;
  /** Writes it into Keycloak's JSON. `prior` is the value before, null for a new object. */
  write?: (representation: Representation, value: Value, prior: Value) => void;
  /** Its key in Keycloak's map of attributes. `extra_config` must not hold this key. */
  key?: string;
}

/** What is known of an object before it is read. */
export interface Before {
  state: ObjectValue;
  /** Only its id is known: it has just been imported. */
  imported: boolean;
}

/** A nested block. It occurs at most once, unless its elements have a place of their own. */
export interface Block {
  nesting: "list" | "set";
  /** The schema sets no limit, as in the official provider. */
  unlimited?: true;
  /** The field of Keycloak's JSON that holds a list of such blocks, in their order. */
  elements?: string;
  attributes: { [name: string]: Attribute };
  blocks?: { [name: string]: Block };
  /** Why a configured value is refused. */
  unsupported?: string;
  /** Read from the server even if it is not configured. */
  computed?: boolean;
  /** Read from the server only if it is configured, even if its own blocks are there. */
  declaredOnly?: true;
  /** If none is configured, the server's settings stay and are not a change. */
  keep?: boolean;
  /** Whether the server has what the block declares. Without this function the state decides. */
  present?: (representation: Representation) => boolean;
  /** The same at an import, where no state can decide. */
  presentOnImport?: (representation: Representation) => boolean;
  /** Switches in Keycloak's JSON what the block declares on or off. */
  toggle?: (representation: Representation, present: boolean) => void;
}

/** A planned change. A resource's `plan` may set values that follow from several attributes. */
export interface Change {
  prior: ObjectValue | null;
  config: ObjectValue;
  planned: ObjectValue;
}

/** What a rule finds: which attribute, what is wrong, what to do. */
export interface Problem {
  path: Path;
  summary: string;
  detail?: string;
}

/** A rule about several attributes, or one that the table of attributes cannot express. */
export type Rule = (config: ObjectValue) => Problem[];

/** The calls of Keycloak's admin API that a resource is made of. */
export interface Endpoint {
  /** Creates the object and returns the attributes that identify it. */
  create(session: Session, representation: Representation, change: Change): Promise<ObjectValue>;
  /** Further calls for a new object. If one fails, the object is in the state all the same. */
  complete?(session: Session, change: Change): Promise<void>;
  /** The object, or null if it does not exist. `fresh`: read it from the server, since it was just written. */
  read(session: Session, state: ObjectValue, fresh: boolean): Promise<Representation | null>;
  update(session: Session, representation: Representation, change: Change): Promise<void>;
  delete(session: Session, state: ObjectValue): Promise<void>;
  /** The JSON that an update starts from, if Keycloak would otherwise drop what is not sent. */
  base?(session: Session, state: ObjectValue): Promise<Representation>;
}

/** One resource type. */
export interface Resource {
  name: string;
  /** Its name in messages, such as `client "machine-a"`. */
  title: (values: ObjectValue) => string;
  version: number;
  attributes: { [name: string]: Attribute };
  blocks?: { [name: string]: Block };
  endpoint: Endpoint;
  rules?: Rule[];
  plan?: (change: Change) => void;
  /** What cannot stand beside other plans of this run. `seen` is what they have said of themselves. */
  beside?: (planned: ObjectValue, seen: Map<string, Value>) => Problem[];
  /** The form of the import id for messages, and its parts. Null: the id does not fit. */
  importId: { form: string; parse: (id: string) => ObjectValue | null };
  upgrade?: (state: { [name: string]: unknown }, version: number) => { [name: string]: unknown };
}

/** One data source. */
export interface DataSource {
  name: string;
  attributes: { [name: string]: Attribute };
  blocks?: { [name: string]: Block };
  rules?: Rule[];
  /** The object that the arguments ask for. Its `id` field is the data source's id. */
  read(session: Session, config: ObjectValue): Promise<Representation>;
}
