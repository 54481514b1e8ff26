import { redact } from "../../constructs/keys/shown";

/** One step into a value: an attribute's name, a list index, or a map key. */
export type Step = string | number | { key: string };
export type Path = Step[];

export interface Diagnostic {
  severity: "error" | "warning";
  summary: string;
  detail?: string;
  path?: Path;
}

/** An expected failure, with diagnostics for the user. Any other error is a defect of the provider. */
export class DiagnosticError extends Error {
  readonly diagnostics: Diagnostic[];

  constructor(diagnostics: Diagnostic | Diagnostic[]) {
    const list = Array.isArray(diagnostics) ? diagnostics : [diagnostics];
    super(list.map((diagnostic) => diagnostic.summary).join("; "));
    this.name = "DiagnosticError";
    this.diagnostics = list;
  }
}

export function problem(summary: string, detail?: string, path?: Path): Diagnostic {
  return { severity: "error", ...redacted({ summary, detail }), path };
}

export function warning(summary: string, detail?: string, path?: Path): Diagnostic {
  return { severity: "warning", ...redacted({ summary, detail }), path };
}

/** A key may be given where something else is meant. */
function redacted({ summary, detail }: Pick<Diagnostic, "summary" | "detail">) {
  return { summary: redact(summary), detail: detail && redact(detail) };
}

/** The diagnostics of an error. A defect is called a defect, with its stack to report. */
export function diagnosticsOf(error: unknown): Diagnostic[] {
  if (error instanceof DiagnosticError) return error.diagnostics;
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return [
    problem(
      "The Keycloak provider failed unexpectedly",
      `This is a defect of the provider. Please report it.\n\n${stack}`,
    ),
  ];
}

const SEVERITY = { error: 1, warning: 2 } as const;

export function diagnosticMessage({ severity, summary, detail, path }: Diagnostic): object {
  return {
    severity: SEVERITY[severity],
    summary,
    detail,
    attribute: path?.length ? pathMessage(path) : undefined,
  };
}

export function pathMessage(path: Path): object {
  return {
    steps: path.map((step) => {
      if (typeof step === "string") return { attributeName: step };
      return typeof step === "number" ? { elementKeyInt: step } : { elementKeyString: step.key };
    }),
  };
}
