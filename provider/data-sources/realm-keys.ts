import { computed, optional, required, text, texts } from "../engine/fields";
import type { DataSource, Representation } from "../engine/table";
import { DiagnosticError, problem } from "../protocol/diagnostics";
import { isEmpty, type Value } from "../protocol/values";
import { notFound } from "./not-found";

/** Terraform's name of each part of a key, and Keycloak's. */
const PARTS = {
  algorithm: "algorithm",
  certificate: "certificate",
  kid: "kid",
  provider_id: "providerId",
  provider_priority: "providerPriority",
  public_key: "publicKey",
  status: "status",
  type: "type",
} as const;

const chosen = (filter: Value | undefined, value: unknown) =>
  isEmpty(filter) || (filter as string[]).includes(String(value));

export const realmKeysData: DataSource = {
  name: "keycloak_realm_keys",
  attributes: {
    realm_id: { ...text, ...required },
    algorithms: { ...texts, ...optional },
    status: { ...texts, ...optional },
    keys: {
      type: [
        "list",
        [
          "object",
          Object.fromEntries(
            Object.keys(PARTS).map((name) => [name, name === "provider_priority" ? "number" : "string"]),
          ),
        ],
      ],
      ...computed,
      read: ({ keys }) =>
        (keys as Representation[]).map((key) =>
          Object.fromEntries(
            Object.entries(PARTS).map(([name, part]) => [
              name,
              (key[part] as Value | undefined) ?? (name === "provider_priority" ? 0 : ""),
            ]),
          ),
        ),
    },
  },
  async read(session, { realm_id, algorithms, status }) {
    const realm = String(realm_id);
    const what = `Reading the keys of realm "${realm}"`;
    const { keys = [] } = await session
      .read(what, (admin) => admin.realms.getKeys({ realm }))
      .catch((error) => {
        if (error?.fault?.status === 404) throw notFound(`realm "${realm}"`, ["realm_id"], "Check its name.");
        throw error;
      });
    const found = keys.filter((key) => chosen(algorithms, key.algorithm) && chosen(status, key.status));
    if (found.length > 0) return { id: realm, keys: found };
    const summary = `realm "${realm}" has no key with these algorithms and this status`;
    const there = keys.map(({ algorithm, status: state }) => `${algorithm} (${state})`).join(", ");
    throw new DiagnosticError(problem(summary, `It has: ${there}.`));
  },
};
