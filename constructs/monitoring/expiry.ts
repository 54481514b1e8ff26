import type { Recording } from "./alert";
import type { Expiring } from "./facts";

/** When each declared signing key and certificate ends. */
export const EXPIRY = "m2m_declared_expiry_timestamp_seconds";

/** The same of what machines say that they use, in the labels of the declared ones. */
export const EXPIRY_USED = "m2m_used_expiry_timestamp_seconds";

/**
 * A declared end is in a certificate, which is committed: a rule can hold it, and no machine has to run for it. What a machine
 * uses may be another one.
 */
export function expiryRecordings(expiring: readonly Expiring[]): Recording[] {
  return [
    ...expiring.map(({ kind, name, notAfter }) => ({
      record: EXPIRY,
      expr: `vector(${Math.floor(notAfter.getTime() / 1000)})`,
      labels: { kind, name },
    })),
    used("signing key", "m2m_signing_key_expiry_timestamp_seconds"),
    used("certificate", "m2m_tls_certificate_expiry_timestamp_seconds"),
  ];
}

function used(kind: Expiring["kind"], metric: string): Recording {
  const named = `label_replace(min by (client_id) (${metric}), "name", "$1", "client_id", "(.*)")`;
  return { record: EXPIRY_USED, expr: `sum by (name) (${named})`, labels: { kind } };
}
