import { shown } from "../../constructs/keys/shown";
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
import { checkShownBlocks } from "./unsupported";
import { validate } from "./validate";

/** Opens a session that waits this long for the server. Null: the provider's url is not known yet. */
export type OpenSession = (patienceMs: number) => Session | null;

/** A resource, as the protocol calls it, made from its table. `seen` is shared by all resources of a run. */
export function handlerOf(resource: Resource, open: OpenSession, seen = new Map<string, Value>()): ResourceHandler {
  return {
    validate: (config, { writeOnlyAllowed }) => validate(resource, config, writeOnlyAllowed),
    upgrade: (state, version) => upgrade(resource, state, version),
    read: (state, imported) => read(resource, open, state, imported),
    plan: ({ prior, config }: PlanInput) => plan(resource, seen, prior, config),
    apply: (input) => apply(resource, open, input),
    import: (id) => importState(resource, id),
  };
}

function plan(resource: Resource, seen: Map<string, Value>, prior: ObjectValue | null, config: ObjectValue | null) {
  const result = planChange(resource, prior, config);
  const problems = [
    ...(config ? checkShownBlocks(resource, prior, config) : []),
    ...((result.planned && resource.beside?.(result.planned, seen)) ?? []),
  ];
  return { ...result, diagnostics: problems.map(({ path, summary, detail }) => problem(summary, detail, path)) };
}

async function read(resource: Resource, open: OpenSession, state: ObjectValue, imported: boolean) {
  const session = open(PATIENCE_READING_MS);
  // The url comes from a resource that does not exist yet, so nothing can be read: the state stays as it is.
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
    // Keycloak sets some values of new objects itself. It does not do so at a change.
    return await update(resource, session, { ...change, planned: made, prior: settled.state });
  } catch (error) {
    // An object that was created must be in the state, or Terraform would create it again.
    return { state: made && withoutUnknown(made), diagnostics: diagnosticsOf(error).map(howToImport(resource, error)) };
  }
}

/** Adds the command that takes an existing object into the state. Only the resource knows the form of its id. */
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

/** Reads back what was written: the state holds what Keycloak has, not what it was sent. */
async function settle(resource: Resource, session: Session, change: Change) {
  const { planned } = change;
  const representation = await resource.endpoint.read(session, planned, true);
  if (!representation) {
    const summary = `${resource.title(planned)} is gone right after it was written`;
    throw new DiagnosticError(problem(summary, "Something else removed it at the same moment. Apply again."));
  }
  const state = readState(resource, representation, planned);
  const diagnostics: Diagnostic[] = unheeded(resource, change, state);
  return { state, diagnostics };
}

/** An object that is taken over keeps what is not declared: Keycloak's values stay for unknown ones. */
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
      `It has schema version ${version}; this provider knows version ${resource.version}. Use a newer release of the provider.`,
    ),
  );
}

function importState(resource: Resource, id: string): ObjectValue {
  const parts = resource.importId.parse(id);
  if (parts) return parts;
  throw new DiagnosticError(
    problem(`The import id of a ${resource.name} must be ${resource.importId.form}, got: ${shown(id)}`),
  );
}
