import { TerraformStack } from "cdktf";
import { Construct } from "constructs";
import type { IPostgresDatabase } from "../database";
import type { KeycloakTls } from "../tls";
import { check } from "./checks";

/** More than this a load balancer of one container does not serve, and a database of one node neither. */
const MOST_REPLICAS = 20;

/** What a cluster is told of its nodes. */
interface Spread {
  readonly replicas: number;
  readonly subnet: string;
  readonly constraints: readonly string[];
  readonly maxReplicasPerNode: number;
}

export function checkSpread({ replicas, subnet, constraints, maxReplicasPerNode }: Spread): string[] {
  const from = (least: number) => (value: number) => Number.isInteger(value) && value >= least;
  const isRightNumber = (value: number) => from(1)(value) && value <= MOST_REPLICAS;
  return [
    ...check("replicas", replicas, isRightNumber, `must be a whole number between 1 and ${MOST_REPLICAS}; use 2 or 3`),
    ...check(
      "subnet",
      subnet,
      isSubnet,
      "must be an IPv4 network of 256 addresses that no other network here has, such as 10.201.31.0/24",
    ),
    ...constraints.flatMap((one, index) =>
      check(
        `constraints[${index}]`,
        one,
        (text) => /^(node|engine)\.[\w.-]+\s*(==|!=)\s*\S+$/.test(text),
        "must be a constraint of Docker Swarm, such as node.labels.keycloak==true",
      ),
    ),
    ...check(
      "maxReplicasPerNode",
      maxReplicasPerNode,
      from(0),
      "must be a whole number from 1 on; leave it out for no limit",
    ),
  ];
}

/** Both are needed, which only TypeScript tells. */
export function checkParts(cluster: Construct, database?: IPostgresDatabase, tls?: KeycloakTls): string[] {
  return [
    ...(database ? checkPlace(cluster, database) : ["`database` must be given, got: none; declare a PostgresDatabase"]),
    ...(tls ? [] : ["`tls` must be given, got: none; declare a CertificateAuthority, and give it as its `authority`"]),
  ];
}

/** A database in Docker is put into the cluster's network, which its own stack has to make. */
function checkPlace(cluster: Construct, database: IPostgresDatabase): string[] {
  if (!database._join || !Construct.isConstruct(database)) return [];
  const [own, its] = [TerraformStack.of(cluster), TerraformStack.of(database)];
  if (own === its) return [];
  return [
    `\`database\` must be declared in the stack of the cluster, got: one in stack ${its.node.id}; declare it in ${own.node.id}`,
  ];
}

function isSubnet(subnet: string): boolean {
  const octets = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.0\/24$/.exec(subnet)?.slice(1).map(Number);
  return octets?.every((octet) => octet <= 255) ?? false;
}
