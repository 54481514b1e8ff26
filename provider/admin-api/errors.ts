import { DiagnosticError, problem } from "../protocol/diagnostics";

/** What went wrong between us and Keycloak, and whether waiting may help. */
export interface Fault {
  kind: "unreachable" | "timeout" | "status" | "not-keycloak" | "other";
  status?: number;
  /** What was got, in words and without secrets. */
  got: string;
  temporary: boolean;
  /** No answer came, but Keycloak may have carried out the request. */
  ambiguous: boolean;
  /** What helps, if the fault lies between us and the server. */
  advice?: string;
  /** The address that was called, if it answered. */
  url?: string;
}

/** A fault that ends this operation. Its status tells a resource that is not there from other faults. */
export class KeycloakError extends DiagnosticError {
  readonly fault: Fault;

  constructor(fault: Fault, summary: string, detail: string) {
    super(problem(summary, detail));
    this.name = "KeycloakError";
    this.fault = fault;
  }
}

/** The answer had a success status but was not Keycloak's JSON. */
export class NotKeycloakError extends Error {}

/** Null instead of HTTP 404: a delete of what is gone is done, and a read of it finds nothing. */
export async function unlessGone<T>(call: Promise<T>): Promise<T | null> {
  return call.catch((error: unknown) => {
    if (!(error instanceof KeycloakError && error.fault.status === 404)) throw error;
    return null;
  });
}
