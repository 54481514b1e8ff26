import { createHash } from "node:crypto";
import type { Construct } from "constructs";
import { checkKnown, checkPort } from "./checks";
import { stagePublicFile } from "./project";
import type { BroughtFile } from "./renewal";

/** Metrics of a machine in a container. */
export interface MachineMetrics {
  /**
   * Port that the program serves them on, inside the Docker network alone. Another one than that of the API.
   *
   * @default 9464, the usual one of OpenTelemetry's exporter for Prometheus
   */
  readonly port?: number;
}

const USUAL_PORT = 9464;
const CERTIFICATE_FILE = "/run/machine/signing.crt";

/** The port, or `undefined` without metrics. */
export function metricsPort(metrics: boolean | MachineMetrics): number | undefined {
  if (metrics === false) return undefined;
  return metrics === true ? USUAL_PORT : (metrics.port ?? USUAL_PORT);
}

export function checkMetrics(metrics: boolean | MachineMetrics, apiPort: number): string[] {
  if (typeof metrics === "boolean") return checkOther(metricsPort(metrics), apiPort);
  if (typeof metrics !== "object" || metrics === null) {
    return ["`metrics` must be true or an object with a `port`; leave it out for none"];
  }
  const problems = [...checkKnown(metrics, { port: true }), ...checkPort("metrics.port", metrics.port ?? USUAL_PORT)];
  return problems.length > 0 ? problems : checkOther(metricsPort(metrics), apiPort);
}

/** Settings of the program. It tells when the certificate of its key ends. */
export function metricsSettings(port: number | undefined): string[] {
  return port === undefined ? [] : [`METRICS_PORT=${port}`, `CERTIFICATE_FILE=${CERTIFICATE_FILE}`];
}

/** The certificate of its key. Another one has another path, and so makes another container. */
export function metricsFiles(machine: Construct, port: number | undefined, certificatePem: string): BroughtFile[] {
  if (port === undefined) return [];
  const hash = createHash("sha256").update(certificatePem).digest("hex").slice(0, 12);
  const source = stagePublicFile(machine, `signing-${hash}.crt`, certificatePem);
  return [{ source, target: CERTIFICATE_FILE, permissions: "0444" }];
}

function checkOther(port: number | undefined, apiPort: number): string[] {
  if (port !== apiPort) return [];
  return [`\`metrics\` must have another port than the API, got: ${port} for both; give \`metrics.port\``];
}
