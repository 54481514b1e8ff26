import { shown } from "../../../constructs/keys/shown";
import { unlessGone } from "../../admin-api/errors";
import type { Session } from "../../admin-api/session";
import type { Endpoint, Representation, Resource } from "../../engine/table";
import { DiagnosticError, problem } from "../../protocol/diagnostics";
import type { ObjectValue } from "../../protocol/values";

/** The two documents of a realm's client policies. Keycloak reads and writes each as a whole. */
export type Document = "profiles" | "policies";

interface Naming {
  document: Document;
  /** The resource type, for the command that imports. */
  type: string;
  /** What one entry is called in messages. */
  noun: string;
  /** The middle part of an id, as the official provider has it. */
  segment: string;
}

const titleOf = ({ noun }: Naming, { name, realm_id }: ObjectValue) => `${noun} "${name}" of realm "${realm_id}"`;
const keyOf = (document: Document, realm: string) => `client ${document} ${realm}`;

/** The entries of a document, read once in a run until one of them changes. Null: the realm does not exist. */
function entriesOf(session: Session, { document, noun }: Naming, realm: string): Promise<Representation[] | null> {
  return session.shared(keyOf(document, realm), async () => {
    const what = `Listing each ${noun} of realm "${realm}"`;
    const call = session.read<object>(what, ({ clientPolicies }) =>
      document === "profiles" ? clientPolicies.listProfiles({ realm }) : clientPolicies.listPolicies({ realm }),
    );
    const found = (await unlessGone(call)) as Partial<Record<Document, Representation[]>> | null;
    return found && (found[document] ?? []);
  });
}

/**
 * Reads a document anew, changes it and writes it whole. All changes of a realm's client policies wait for each other:
 * two that had read the same document would undo one another.
 *
 * @param change the new entries. Null: there is nothing to write
 */
async function rewrite(
  session: Session,
  naming: Naming,
  { values, verb }: { values: ObjectValue; verb: string },
  change: (entries: Representation[]) => Representation[] | null,
): Promise<void> {
  const realm = String(values.realm_id);
  const { document } = naming;
  await session.exclusive(`client policies of ${realm}`, async () => {
    session.forget(keyOf(document, realm));
    const entries = change((await entriesOf(session, naming, realm)) ?? []);
    if (!entries) return;
    const what = `${verb} ${titleOf(naming, values)}`;
    const writing = session.call(what, ({ clientPolicies }) =>
      document === "profiles"
        ? clientPolicies.createProfiles({ realm, profiles: entries as never })
        : clientPolicies.updatePolicy({ realm, policies: entries as never }),
    );
    await writing.finally(() => session.forget(keyOf(document, realm)));
  });
}

function exists(naming: Naming, values: ObjectValue): DiagnosticError {
  const id = idOf(naming, values);
  return new DiagnosticError(
    problem(
      `name must not be that of another ${naming.noun} in realm "${values.realm_id}", got: ${shown(values.name)}`,
      `Choose another name, or take that one over: \`terraform import ${naming.type}.NAME ${id}\`.`,
      ["name"],
    ),
  );
}

function idOf({ segment }: Naming, { realm_id, name }: ObjectValue): string {
  return `${realm_id}/${segment}/${name}`;
}

function endpointFor(naming: Naming): Endpoint {
  const isNamed =
    (name: unknown) =>
    (entry: Representation): boolean =>
      entry.name === name;
  return {
    async create(session, representation, { planned: values }) {
      await rewrite(session, naming, { values, verb: "Creating" }, (entries) => {
        if (entries.some(isNamed(values.name))) throw exists(naming, values);
        return [...entries, { ...representation, name: values.name }];
      });
      return { id: idOf(naming, values) };
    },
    async read(session, { realm_id, name }, fresh) {
      const realm = String(realm_id);
      if (fresh) session.forget(keyOf(naming.document, realm));
      return (await entriesOf(session, naming, realm))?.find(isNamed(name)) ?? null;
    },
    async update(session, representation, { planned: values }) {
      const { name } = values;
      await rewrite(session, naming, { values, verb: "Changing" }, (entries) => {
        const changed = { ...representation, name };
        // Keycloak applies policies in their order: each stays in its place.
        if (entries.some(isNamed(name))) return entries.map((entry) => (isNamed(name)(entry) ? changed : entry));
        return [...entries, changed];
      });
    },
    async delete(session, values) {
      await rewrite(session, naming, { values, verb: "Deleting" }, (entries) => {
        const others = entries.filter((entry) => !isNamed(values.name)(entry));
        return others.length === entries.length ? null : others;
      });
    },
  };
}

/** An entry of one of the two documents, as a resource. Its name says which entry it is. */
export function policyResource(
  naming: Naming,
  { attributes, blocks, rules }: Pick<Resource, "attributes" | "blocks" | "rules">,
): Resource {
  return {
    name: naming.type,
    title: (values) => titleOf(naming, values),
    version: 0,
    attributes,
    blocks,
    rules,
    endpoint: endpointFor(naming),
    importId: {
      form: `REALM/${naming.segment}/NAME`,
      parse: (id) => {
        const [realm, ...rest] = id.split(`/${naming.segment}/`);
        const name = rest.join(`/${naming.segment}/`);
        return realm && name ? { id, realm_id: realm, name } : null;
      },
    },
  };
}
