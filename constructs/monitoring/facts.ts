/** What is watched, as the app declares it. Everything that is generated here follows from it. */
export interface Watched {
  readonly keycloak: WatchedKeycloak;
  /** Machines that serve metrics. */
  readonly machines: readonly WatchedMachine[];
  /** Clients that ask for tokens all the time. */
  readonly callers: readonly { readonly realm: string; readonly clientId: string }[];
  /** How long one of them may be silent. */
  readonly silenceSeconds: number;
  /** Whatever ends one day. */
  readonly expiring: readonly Expiring[];
  /** Days before the end at which it is told. */
  readonly expiryWarningDays: number;
  readonly scrapeSeconds: number;
  readonly objectives: Objectives;
  /** What links to the paragraph of an alert begin with. */
  readonly runbook: string;
  /** Where Prometheus finds Alertmanager: `host:port` in its network. */
  readonly alertmanager: string;
}

/** Where Prometheus finds Keycloak's metrics, in its network. */
export interface WatchedKeycloak {
  /** One server's host name, or the one that stands for all servers of a cluster that are ready. */
  readonly host: string;
  readonly port: number;
  /** How many servers a cluster has; absent for one server. */
  readonly replicas?: number;
}

/** A program that serves metrics: `host:port` in the network. */
export interface WatchedMachine {
  readonly name: string;
  readonly target: string;
}

/** A signing key or a certificate. */
export interface Expiring {
  readonly kind: "signing key" | "certificate";
  readonly name: string;
  readonly notAfter: Date;
}

/** What share of the requests for tokens has to be answered, and in what time. */
export interface Objectives {
  /** In percent. */
  readonly answeredPercent: number;
  /** In percent of those that are answered. */
  readonly inTimePercent: number;
  readonly milliseconds: number;
}
