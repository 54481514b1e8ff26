import { redact } from "../keys/shown";

/** What one side of the contract left cannot be read by the other; `code` is stable, and `m2m` prints it. */
export class ContractError extends Error {
  constructor(
    readonly code: "record-invalid",
    message: string,
    options?: ErrorOptions,
  ) {
    super(redact(message), options);
    this.name = "ContractError";
  }
}
