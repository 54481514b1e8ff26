import type { Status } from "../../../tools/status/read-status";
import type { WatchedServer } from "../../../tools/status/status";

/** A status with something of everything. */
export const STATUS: Status = {
  at: "2026-11-30T10:00:05.000Z",
  servers: [
    {
      server: "http://localhost:8080",
      parts: [
        { name: "keycloak", isUp: true },
        { name: "machine-b", isUp: false },
      ],
      alerts: [
        {
          name: "MachineDown",
          severity: "critical",
          summary: "the machine machine-b does not answer",
          todo: "Look at the container and its log.",
          since: "2026-11-30T10:00:00.000Z",
          runbook: "docs/monitoring.md#machinedown",
        },
      ],
      clients: [
        { realm: "sjwt", clientId: "<b>a</b>", granted: 12, refused: 0, reasons: {} },
        {
          realm: "sjwt",
          clientId: "machine-a",
          granted: 3,
          refused: 7,
          reasons: { invalid_client_credentials: 7 },
        },
      ],
      calls: [{ caller: "machine-a", machine: "machine-b", passed: 40, refused: 2, reasons: { ERR_TOKEN_EXPIRED: 2 } }],
    },
  ],
  keys: [
    {
      name: "machine-a",
      clients: ["machine-a"],
      kid: "fW2aBcDeFgHi",
      algorithm: "RS256",
      since: "2026-11-01T00:00:00.000Z",
      until: "2099-11-01T00:00:00.000Z",
      daysLeft: 900,
    },
  ],
  certificates: [
    {
      name: "b",
      usage: "peer",
      file: "certs/b-tls.crt",
      thumbprint: "t",
      since: "2019-01-01T00:00:00.000Z",
      until: "2020-01-01T00:00:00.000Z",
      daysLeft: -2500,
      due: true,
      private: true,
      imported: false,
    },
  ],
};

export const UNKNOWN: WatchedServer = {
  server: "http://localhost:8080",
  problem: "no answer; `m2m up` brings a container back",
  parts: [],
  alerts: [],
  clients: [],
  calls: [],
};
