import { readFileSync } from "node:fs";
import { join } from "node:path";
import Ajv2020 from "ajv/dist/2020";

/** The schema that ships in the package. */
export const SCHEMA = JSON.parse(
  readFileSync(join(__dirname, "..", "..", "..", "tools", "changes", "diff.schema.json"), "utf8"),
);
const validate = new Ajv2020({ strict: true, allErrors: true }).compile(SCHEMA);

/** Holds what `m2m diff --json` prints against it. */
export function expectSchema(printed: unknown): void {
  if (!validate(printed)) throw new Error(JSON.stringify(validate.errors, null, 2));
}
