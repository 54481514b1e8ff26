import type { ITerraformDependable } from "cdktf";
import { Construct } from "constructs";
import { Container } from "../../.gen/providers/docker/container";
import type { Network } from "../../.gen/providers/docker/network";
import { FILES_LABEL, labels } from "../contract/docker-names";
import { balancerSettings, FILES, READY_PORT } from "./balancer-files";
import { dockerProvider } from "./docker";
import { carriedFiles, carry } from "./file-carrier";
import { hardened } from "./hardening";
import { stagePublicFile } from "./project";
import { fingerprint, READERS } from "./renewal";

/** The user `haproxy` of the official image, and of the one that is made here. */
const UID = "99";

const READY = [
  `{ printf 'GET /ready HTTP/1.0\\r\\n\\r\\n' >&3 && read -rt 3 _ status _ <&3; } 3<>/dev/tcp/127.0.0.1/${READY_PORT} &&`,
  '[ "$status" = 200 ]',
].join(" ");

/** What differs from one balancer to another. */
interface BalancerProps {
  readonly name: string;
  readonly image: string;
  /** Published on 127.0.0.1. */
  readonly port: number;
  readonly network: Network;
  /** The service that it balances, by name. */
  readonly service: string;
  readonly dependsOn: readonly ITerraformDependable[];
}

/**
 * HAProxy before the replicas of a service. It is a container and no service: Swarm would publish the port on all addresses of
 * the machine.
 */
export class Balancer extends Construct {
  readonly container: Container;

  constructor(scope: Construct, id: string, props: BalancerProps) {
    super(scope, id);
    const { name, image, port, network, service } = props;
    const settings = balancerSettings(service);
    const files = carriedFiles(this, { name, image, folder: FILES });
    // The provider looks at the paths of files alone. This tells it, and who reads the plan, that one differs.
    const content = { label: FILES_LABEL, value: fingerprint(settings) };
    files.carrier.addOverride("labels", [...labels("files"), content]);
    this.container = new Container(this, "Container", {
      provider: dockerProvider(this),
      name,
      image,
      user: `${UID}:${READERS}`,
      entrypoint: ["haproxy", "-W", "-db", "-f", `${FILES}/haproxy.cfg`],
      ...hardened({ memoryMegabytes: 256, tmpfs: { "/tmp": "size=1m,mode=1777" } }),
      stopSignal: "SIGUSR1", // takes nobody new, and ends with the last connection
      networksAdvanced: [{ name: network.name, aliases: ["keycloak"] }],
      ports: [{ internal: 8443, external: port, ip: "127.0.0.1" }],
      volumes: [{ volumeName: files.volume.name, containerPath: FILES }],
      labels: [...labels("haproxy"), content],
      healthcheck: {
        test: ["CMD", "bash", "-c", READY],
        interval: "3s",
        timeout: "5s",
        startPeriod: "30s",
        retries: 3,
      },
      wait: true,
      waitTimeout: 120,
      dependsOn: [files.carrier, ...props.dependsOn],
    });
    const source = stagePublicFile(this, "haproxy.cfg", settings);
    carry(files, [{ source, target: `${FILES}/haproxy.cfg`, permissions: "0444" }]);
  }
}
