import { isEmpty, type ObjectValue, type Value, withoutNulls } from "../protocol/values";
import { formatDuration, normaliseDuration, parseDuration } from "./durations";
import type { Attribute, Representation } from "./table";

/** Where a value is kept in Keycloak's JSON. The tables in `resources/` are built from these parts. */
type Place = Pick<Attribute, "read" | "write" | "key">;

export const text = { type: "string" } as const;
export const flag = { type: "bool" } as const;
export const number = { type: "number" } as const;
export const texts = { type: ["set", "string"] as ["set", "string"] };
export const textMap = { type: ["map", "string"] as ["map", "string"] };

export const required = { required: true } as const;
export const optional = { optional: true } as const;
export const computed = { computed: true } as const;
export const optionalComputed = { optional: true, computed: true } as const;

/** A field of the representation itself, in its JSON type. */
export function field(name: string, absent: Value): Place {
  return {
    read: (representation) => (representation[name] as Value | undefined) ?? absent,
    write: (representation, value) => {
      representation[name] = value ?? absent;
    },
  };
}

/** A duration such as "5m0s", kept as seconds in a field. */
export function seconds(name: string): Place & Pick<Attribute, "normalise" | "sendEmpty"> {
  return {
    normalise: (value) => (typeof value === "string" ? normaliseDuration(value) : value),
    sendEmpty: false,
    read: (representation) => formatDuration(Number(representation[name] ?? 0)),
    write: (representation, value) => {
      const parsed = parseDuration(String(value ?? "0s"));
      if (parsed !== null) representation[name] = Math.trunc(parsed);
    },
  };
}

/** Text in the map `attributes` (or `config`), where Keycloak keeps everything as text. */
export function textIn(map: string, key: string, absent: Value = ""): Place {
  return {
    key,
    read: (representation) => mapOf(representation, map)[key] || absent,
    write: (representation, value) => {
      setIn(representation, map, key, value === null ? "" : String(value));
    },
  };
}

/** A flag as "true" or "false" in such a map. */
export function flagIn(map: string, key: string): Place {
  return {
    key,
    read: (representation) => mapOf(representation, map)[key] === "true",
    write: (representation, value) => setIn(representation, map, key, String(value ?? false)),
  };
}

/** A whole number as text in such a map. */
export function numberIn(map: string, key: string, absent: Value = null): Place {
  return {
    key,
    read: (representation) => {
      const kept = mapOf(representation, map)[key];
      return kept && /^-?\d+$/.test(kept) ? Number(kept) : absent;
    },
    write: (representation, value) => setIn(representation, map, key, isEmpty(value) ? "" : String(value)),
  };
}

/** Several texts as one, joined by `##`, in such a map. */
export function textsIn(map: string, key: string): Place {
  return {
    key,
    read: (representation) => (mapOf(representation, map)[key] || null)?.split("##") ?? [],
    write: (representation, value) => setIn(representation, map, key, ((value as string[] | null) ?? []).join("##")),
  };
}

/** Reads a value only if it is configured or imported, like the official provider. */
export function onlyIfKnown(place: Place): Place {
  return { ...place, read: (...from) => (from[1] === null && !from[2].imported ? null : place.read!(...from)) };
}

/** How {@link ownKeys} treats keys that are not in the state. */
interface OtherKeys {
  /** What happens to a key that is removed from the configuration. */
  cleared: "empty" | "removed";
  /** Undeclared keys that are read if they are set on the server, so that the plan shows them. */
  watched?: (representation: Representation, state: ObjectValue) => string[];
  /** At an import every key is read except these: Keycloak's own, and those of other attributes. */
  foreign: (key: string) => boolean;
}

/** The user's own keys in a map. Its other keys belong to other attributes or to Keycloak. */
export function ownKeys(map: string, { cleared, watched, foreign }: OtherKeys): Place {
  return {
    read: (representation, known, { state, imported }) => {
      const kept = mapOf(representation, map);
      const result: ObjectValue = {};
      for (const [key, value] of Object.entries((known ?? {}) as ObjectValue)) {
        if (kept[key]) result[key] = kept[key];
        else if (value === "") result[key] = value;
      }
      const others = imported ? Object.keys(kept).filter((key) => !foreign(key)) : watched?.(representation, state);
      for (const key of others ?? []) if (kept[key]) result[key] = kept[key];
      return known === null && Object.keys(result).length === 0 ? null : result;
    },
    write: (representation, value, prior) => {
      for (const key of Object.keys((prior ?? {}) as ObjectValue)) {
        if (cleared === "empty") setIn(representation, map, key, "");
        else delete mapOf(representation, map)[key];
      }
      for (const [key, content] of Object.entries((withoutNulls(value, textMap.type) ?? {}) as ObjectValue)) {
        setIn(representation, map, key, String(content));
      }
    },
  };
}

/** Whether a key of such a map has an attribute of its own in a table. */
export function isTyped(attributes: { [name: string]: Attribute }, key: string): boolean {
  return Object.values(attributes).some((attribute) => attribute.key === key);
}

export function mapOf(representation: Representation, map: string): { [key: string]: string } {
  representation[map] ??= {};
  return representation[map] as { [key: string]: string };
}

function setIn(representation: Representation, map: string, key: string, value: string): void {
  mapOf(representation, map)[key] = value;
}
