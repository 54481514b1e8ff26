import { type ITerraformDependable, Lazy } from "cdktf";
import type { Construct } from "constructs";
import type { Image } from "../../.gen/providers/docker/image";
import type { Network } from "../../.gen/providers/docker/network";
import { Service } from "../../.gen/providers/docker/service";
import { labels } from "../contract/docker-names";
import type { ClusterFiles } from "./cluster-files";
import { dockerProvider } from "./docker";
import { HEALTH_CHECK } from "./keycloak-container";
import { KEYCLOAK_UID } from "./keycloak-options";
import type { Production } from "./production";
import { READERS } from "./renewal";

/** Time of a server to end by itself before it is killed. */
const GRACE = "1m";

/**
 * Where no server is ready, the first replica starts alone, and the others when it is ready. Servers find each other by rows in
 * the database. Those of servers that were killed are still there: two that started at once would each wait for the dead, and
 * then be a cluster of their own for three quarters of a minute, in which an assertion could be used at both.
 */
const START = [
  "trap 'exit 143' TERM;",
  'while [ "$SLOT" != 1 ] && [ $SECONDS -lt "$PATIENCE" ] && ! { true 3<>"/dev/tcp/$OTHERS/9000"; } 2>/dev/null;',
  'do sleep 1; done; exec /opt/keycloak/bin/kc.sh "$@"',
].join(" ");

/** What differs from one cluster to another. */
interface ClusterServiceProps {
  readonly name: string;
  readonly image: Image;
  readonly replicas: number;
  /** For each of them, in seconds. */
  readonly startTimeout: number;
  readonly command: () => string[];
  readonly production: Production;
  readonly cpus?: number;
  readonly files: ClusterFiles;
  /** All of them overlays. */
  readonly networks: readonly Network[];
  readonly constraints: readonly string[];
  readonly maxReplicasPerNode: number;
  readonly dependsOn: readonly ITerraformDependable[];
}

/**
 * The servers of a cluster: replicas of one service. A new one is ready before an old one ends, in any update. Where a new one
 * does not get ready, Swarm goes back to what was there.
 */
export function clusterService(scope: Construct, props: ClusterServiceProps): Service {
  const { name, image, replicas, startTimeout, production, cpus, files, networks } = props;
  // A server that has just started is slow for a while: the next one stays until then.
  const oneByOne = { parallelism: 1, delay: "20s", monitor: "15s", maxFailureRatio: "0", order: "start-first" };
  const service = new Service(scope, "Resource", {
    provider: dockerProvider(scope),
    name,
    labels: labels("service"),
    mode: { replicated: { replicas } },
    updateConfig: { ...oneByOne, failureAction: "rollback" },
    rollbackConfig: { ...oneByOne, failureAction: "pause" },
    // A balancer asks for the addresses of the replicas. One for all would be Swarm's own balancer before it.
    endpointSpec: { mode: "dnsrr" },
    convergeConfig: { delay: "5s", timeout: `${startTimeout * (replicas + 1)}s` },
    taskSpec: {
      containerSpec: {
        image: image.name,
        command: ["bash", "-c", START, "kc.sh"],
        args: Lazy.listValue({ produce: props.command }),
        env: {
          ...production.environment,
          SLOT: "{{.Task.Slot}}", // Swarm's own number of each replica
          OTHERS: `tasks.${name}`, // those that are ready
          PATIENCE: String(startTimeout),
        },
        user: `${KEYCLOAK_UID}:${READERS}`,
        labels: labels("service"),
        readOnly: true,
        capDrop: ["ALL"],
        mounts: [tmpfs("/tmp"), tmpfs("/opt/keycloak/data")],
        stopGracePeriod: GRACE,
        healthcheck: { ...HEALTH_CHECK, startPeriod: duration(2 * startTimeout) },
      },
      resources: {
        limits: {
          memoryBytes: production.memoryMegabytes * MEGABYTE,
          ...(cpus === undefined ? {} : { nanoCpus: Math.round(cpus * 1e9) }),
        },
      },
      restartPolicy: { condition: "any", delay: "2s", window: "0s" },
      placement: {
        constraints: [...props.constraints],
        prefs: ["spread=node.id"],
        maxReplicas: props.maxReplicasPerNode,
      },
      networksAdvanced: networks.map(({ id }) => ({ id })),
      logDriver: { name: "json-file", options: { "max-size": "10m", "max-file": "5" } },
    },
    dependsOn: [...props.dependsOn],
  });
  // They are known when all that has files has said so.
  service.addOverride("task_spec.container_spec.configs", Lazy.anyValue({ produce: () => snakeCased(files.configs) }));
  service.addOverride("task_spec.container_spec.secrets", Lazy.anyValue({ produce: () => snakeCased(files.secrets) }));
  return service;
}

const MEGABYTE = 1024 * 1024;

/** Seconds as the Docker provider gives them back: another way to write them would be a change in every plan. */
function duration(seconds: number): string {
  const [h, m, s] = [Math.floor(seconds / 3600), Math.floor((seconds % 3600) / 60), seconds % 60];
  const hours = h > 0 ? `${h}h` : "";
  if (s > 0) return `${hours}${h > 0 || m > 0 ? `${m}m` : ""}${s}s`;
  return `${hours}${m > 0 ? `${m}m` : ""}`;
}

/** Of root and its group, which Keycloak's user is in. */
function tmpfs(target: string) {
  return { type: "tmpfs", target, readOnly: false, tmpfsOptions: { sizeBytes: 64 * MEGABYTE, mode: 0o770 } };
}

function snakeCased(all: readonly object[]): Record<string, unknown>[] {
  const named = (name: string) => name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  return all.map((one) => Object.fromEntries(Object.entries(one).map(([name, value]) => [named(name), value])));
}
