import { KeycloakError } from "../admin-api/errors";
import { PATIENCE_READING_MS, PATIENCE_WRITING_MS, type Session } from "../admin-api/session";
import { type Diagnostic, DiagnosticError, diagnosticsOf, problem } from "../protocol/diagnostics";
import type { ApplyInput, PlanInput, ResourceHandler } from "../protocol/service";
import { isUnknown, type ObjectValue, UNKNOWN, type Value } from "../protocol/values";
import { asPlanned, unheeded } from "./as-planned";
import { mapValues } from "./map-values";
import { planChange } from "./plan";
import { readState, writeRepresentation } from "./state";
import type { Change, Resource } from "./table";
import { validate } from "./validate";

/** Opens a session with that much patience; null while the provider's address is not known yet. */
export type OpenSession = (patienceMs: number) => Session | null;

/** Makes a resource of its table. */
export function handlerOf(resource: Resource, open: OpenSession): ResourceHandler {
  return {
    validate: (config, { writeOnlyAllowed }) => validate(resource, config, writeOnlyAllowed),
    upgrade: (state, version) => upgrade(resource, state, version),
    read: (state, imported) => read(resource, open, state, imported),
    plan: ({ prior, config }: PlanInput) => planChange(resource, prior, config),
    apply: (input) => apply(resource, open, input),
    import: (id) => importState(resource, id),
  };
}

async function read(resource: Resource, open: OpenSession, state: ObjectValue, imported: boolean) {
  const session = open(PATIENCE_READING_MS);
  // The server's address comes from a resource still to be made: what is known of the object stays as it is.
  if (!session) return { state };
  const representation = await resource.endpoint.read(session, state, false);
  return { state: representation && readState(resource, representation, state, imported) };
}

async function apply(resource: Resource, open: OpenSession, { prior, planned, config }: ApplyInput) {
  const session = open(PATIENCE_WRITING_MS);
  if (!session) {
    throw new DiagnosticError(problem("The Keycloak provider has no url", "Its url is still unknown during apply."));
  }
  if (!planned) return prior ? destroy(resource, session, prior) : { state: null };
  const change = { prior, planned, config: config ?? {} };
  return prior ? update(resource, session, { ...change, prior }) : create(resource, session, change);
}

async function destroy(resource: Resource, session: Session, prior: ObjectValue) {
  try {
    await resource.endpoint.delete(session, prior);
    return { state: null };
  } catch (error) {
    return { state: prior, diagnostics: diagnosticsOf(error) };
  }
}

async function create(resource: Resource, session: Session, change: Change) {
  let made: ObjectValue | null = null;
  try {
    const takenOver = change.planned.import === true;
    const sent = takenOver ? declaredOnly(change.planned) : change.planned;
    const representation = writeRepresentation(resource, {}, sent, null);
    made = { ...change.planned, ...(await resource.endpoint.create(session, representation, change)) };
    await resource.endpoint.complete?.(session, { ...change, planned: made });
    const settled = await settle(resource, session, { ...change, planned: made });
    if (takenOver || asPlanned(resource, made, settled.state)) return settled;
    // Keycloak has ideas of its own about new objects, which it keeps to itself when they are changed.
    return await update(resource, session, { ...change, planned: made, prior: settled.state });
  } catch (error) {
    // Once the object is made it must be in the state, or Terraform would make it a second time.
    return { state: made && withoutUnknown(made), diagnostics: diagnosticsOf(error).map(howToImport(resource, error)) };
  }
}

/** What exists already can be taken into the state, by an id whose form only the resource knows. */
function howToImport({ name, importId }: Resource, error: unknown): (diagnostic: Diagnostic) => Diagnostic {
  if (!(error instanceof KeycloakError) || error.fault.status !== 409) return (diagnostic) => diagnostic;
  const command = `terraform import ${name}.NAME ${importId.form}`;
  return (diagnostic) => ({ ...diagnostic, detail: `${diagnostic.detail} The command is \`${command}\`.` });
}

async function update(resource: Resource, session: Session, change: Change & { prior: ObjectValue }) {
  let written = false;
  try {
    const base = (await resource.endpoint.base?.(session, change.prior)) ?? {};
    const representation = writeRepresentation(resource, base, change.planned, change.prior);
    await resource.endpoint.update(session, representation, change);
    written = true;
    const planned = { ...change.planned, id: change.prior.id ?? null };
    return await settle(resource, session, { ...change, planned });
  } catch (error) {
    return { state: written ? withoutUnknown(change.planned) : change.prior, diagnostics: diagnosticsOf(error) };
  }
}

/** Reads back what was written: the state tells what Keycloak has, not what was asked of it. */
async function settle(resource: Resource, session: Session, change: Change) {
  const { planned } = change;
  const representation = await resource.endpoint.read(session, planned, true);
  if (!representation) {
    const summary = `${resource.title(planned)} is gone right after it was written`;
    throw new DiagnosticError(problem(summary, "Something else removed it at the same moment; apply again."));
  }
  const state = readState(resource, representation, planned);
  const diagnostics: Diagnostic[] = unheeded(resource, change, state);
  return { state, diagnostics };
}

/** What is taken over keeps what is not declared: unknown values are left to Keycloak. */
function declaredOnly(planned: ObjectValue): ObjectValue {
  return mapValues(planned, (value) => (value === null ? UNKNOWN : value));
}

function withoutUnknown(values: ObjectValue): ObjectValue {
  const clean = (value: Value): Value => (isUnknown(value) ? null : value);
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, clean(value)]));
}

function upgrade(resource: Resource, state: { [name: string]: unknown }, version: number) {
  if (version <= resource.version) return resource.upgrade?.(state, version) ?? state;
  throw new DiagnosticError(
    problem(
      `The state of this ${resource.name} was written by a newer provider`,
      `It has schema version ${version}; this provider knows version ${resource.version}. Use a newer release of it.`,
    ),
  );
}

function importState(resource: Resource, id: string): ObjectValue {
  const parts = resource.importId.parse(id);
  if (parts) return parts;
  throw new DiagnosticError(
    problem(`The import id of a ${resource.name} must be ${resource.importId.form}, got: ${id}`),
  );
}
