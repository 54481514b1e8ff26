import { DiagnosticError, type Path, problem } from "../protocol/diagnostics";

/** The error of a data source that finds nothing. It points at the argument. */
export function notFound(what: string, path: Path, remedy: string): DiagnosticError {
  return new DiagnosticError(problem(`${what} does not exist`, remedy, path));
}
