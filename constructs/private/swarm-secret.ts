// biome-ignore-all lint/suspicious/noTemplateCurlyInString: it is Terraform that reads them
import { DataResource } from "cdktf";
import { Construct, type IConstruct } from "constructs";
import { LABEL } from "../contract/docker-names";
import { literal } from "../contract/terraform-text";
import { dockerProvider } from "./docker";

/** Where the ids of secrets are written, in the folder in which Terraform runs. */
const IDS = "swarm-secrets";
/** Tells the secrets of one service, also those that it does not use any more. */
const SERVICE_LABEL = `${LABEL}.service`;

/** The file, the service, and the secret's name. */
const MAKE = [
  `umask 077 && mkdir -p ${IDS} &&`,
  `docker secret create --label "${SERVICE_LABEL}=$2" "$3" "$1" >"${IDS}/$3.new" &&`,
  `mv "${IDS}/$3.new" "${IDS}/$3"`,
].join(" ");

/** With the swarm, or by hand, it may be gone. */
const REMOVE = 'docker secret rm "$1" || true';

/**
 * The service, the seconds that its update may take, and the names of the secrets that it uses.
 *
 * The Docker provider takes an update for done when as many replicas run as are wanted, be they old or new. So this waits for
 * its end, and fails where Swarm went back. Then it removes former secrets. One that is in use all the same cannot be removed.
 */
const SETTLE = [
  "left=$2; while :; do",
  `state=$(docker service inspect --format '{{with .UpdateStatus}}{{.State}}{{end}}' "$1") || exit 1;`,
  'case "$state" in',
  'updating|rollback_started) [ "$left" -gt 0 ] || { echo "$1 is still at it after $2 s ($state)" >&2; exit 1; };',
  "left=$((left - 1)); sleep 1 ;;",
  'rollback_*|paused) echo "$1 went back to what it was ($state)" >&2; exit 1 ;;',
  "*) break ;; esac; done;",
  `docker secret ls --filter "label=${SERVICE_LABEL}=$1" --format '{{.Name}}' | while read -r secret; do`,
  'case " $3 " in *" $secret "*) ;; *) docker secret rm "$secret" || true ;; esac; done',
].join(" ");

/** Where a secret comes from, and when it is made anew. */
interface SwarmSecretProps {
  readonly service: string;
  /** What its name starts with; at most 55 characters. */
  readonly nameStart: string;
  /** Relative to the folder in which Terraform runs. */
  readonly source: string;
  /** Public facts that differ when the content does. */
  readonly triggers: Readonly<Record<string, string>>;
}

/**
 * A secret of Docker Swarm out of a file. The Docker provider would keep its content in Terraform's state. So Docker's own
 * program makes it, and Terraform knows its name and its id alone.
 *
 * A secret cannot be changed. Another content is another secret, with another name, and the former one goes when the service
 * has the new one: see {@link settleService}.
 *
 * Terraform takes no output of a program. So the program leaves the id in a file, which is read once. From then on the state
 * has it, and another checkout does without the file.
 */
export class SwarmSecret extends Construct {
  /** References to what it is, for Terraform. */
  readonly secretId: string;
  readonly secretName: string;

  constructor(scope: Construct, id: string, { service, nameStart, source, triggers }: SwarmSecretProps) {
    super(scope, id);
    const environment = dockerHost(this);
    const shell = (script: string, ...args: string[]) => ["sh", "-c", literal(script), "sh", ...args];
    const own = "${self.input.start}-${substr(self.id, 0, 8)}";
    const made = new DataResource(this, "Resource", {
      triggersReplace: triggers,
      input: { start: nameStart },
      lifecycle: { createBeforeDestroy: true },
      provisioners: [
        { type: "local-exec", interpreter: shell(MAKE, literal(source), service), command: own, environment },
        { type: "local-exec", when: "destroy", interpreter: shell(REMOVE), command: own, environment },
      ],
    });
    const address = `terraform_data.${made.friendlyUniqueId}`;
    const name = `${nameStart}-\${substr(${address}.id, 0, 8)}`;
    const known = new DataResource(this, "Id", {
      input: { id: `\${try(trimspace(file("${IDS}/${name}")), "")}` },
      lifecycle: { createBeforeDestroy: true, ignoreChanges: ["input"], replaceTriggeredBy: [address] },
    });
    this.secretName = name;
    this.secretId = `\${terraform_data.${known.friendlyUniqueId}.output.id}`;
  }
}

/** A service that was made or updated. */
interface Settling {
  readonly service: string;
  /** Its address. */
  readonly resource: string;
  readonly waitSeconds: number;
  /** Of the secrets that it has now. */
  readonly secrets: readonly string[];
  /** What else of it may be declared anew. */
  readonly facts: readonly (string | number)[];
}

/** Waits until an update of a service has come to its end, and removes the secrets that it does not have any more. */
export function settleService(scope: Construct, id: string, settling: Settling): void {
  const { service, resource, waitSeconds, secrets, facts } = settling;
  const names = secrets.join(" ");
  // Not all of the resource: Docker gives some of it back in another form than it was given.
  const spec = `${resource}.task_spec[0].container_spec[0]`;
  const specification = `[${spec}.image, ${spec}.args, sort([for one in ${spec}.configs : one.config_name])]`;
  new DataResource(scope, id, {
    triggersReplace: {
      secrets: names,
      facts: facts.join(" "),
      specification: `\${sha256(jsonencode(${specification}))}`,
    },
    provisioners: [
      {
        type: "local-exec",
        interpreter: ["sh", "-c", literal(SETTLE), "sh", service, String(waitSeconds)],
        command: names,
        environment: dockerHost(scope),
      },
    ],
  });
}

function dockerHost(scope: IConstruct & Construct): Record<string, string> | undefined {
  const { host } = dockerProvider(scope);
  return host === undefined ? undefined : { DOCKER_HOST: host };
}
