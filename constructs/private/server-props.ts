import type { ProductionProps } from "../production";
import type { KeycloakInDockerProps, LimitedServerProps } from "../server-props";
import type { Known } from "./checks";

// The names of props that several constructs take.

export const IN_DOCKER: Known<KeycloakInDockerProps> = {
  image: true,
  version: true,
  containerName: true,
  port: true,
  startTimeoutSeconds: true,
  clientCertificates: true,
  provider: true,
};

export const LIMITED: Known<LimitedServerProps> = {
  publicUrl: true,
  memoryMegabytes: true,
  cpus: true,
  maxQueuedRequests: true,
};

export const IN_PRODUCTION: Known<ProductionProps> = { ...LIMITED, database: true, plainHttpBehindProxy: true };
