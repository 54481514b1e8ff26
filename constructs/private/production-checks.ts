import type { ProductionProps } from "../production";
import type { ClientCertificates } from "../server";
import type { KeycloakTls } from "../tls";
import { check, checkUrl, type Known } from "./checks";
import { checkCpus } from "./database-checks";

export const PRODUCTION_PROPS: Known<ProductionProps> = {
  database: true,
  publicUrl: true,
  plainHttpBehindProxy: true,
  memoryMegabytes: true,
  cpus: true,
  maxQueuedRequests: true,
};

/** As far as production looks at the rest of a server's properties. */
interface ServerProps extends ProductionProps {
  readonly mode?: string;
  readonly tls?: KeycloakTls;
  readonly clientCertificates?: ClientCertificates;
}

/** Less memory than this Keycloak does not start in. */
const LEAST_MEGABYTES = 768;

export function checkProduction(props: ServerProps): string[] {
  if (props.mode !== "production") {
    const given = (Object.keys(PRODUCTION_PROPS) as (keyof ProductionProps)[]).filter(
      (name) => props[name] !== undefined,
    );
    return given.map((name) => `\`${name}\` needs \`mode: "production"\`; add it, or leave \`${name}\` out`);
  }
  return [
    ...(props.database ? [] : ['`mode: "production"` needs a `database`; declare a PostgresDatabase']),
    ...checkListening(props),
    ...checkLimits(props),
  ];
}

/** What a server in production may take, and where it is reached. */
export function checkLimits(props: ProductionProps): string[] {
  const { publicUrl, memoryMegabytes = 2048, cpus, maxQueuedRequests = 1000 } = props;
  const leastMemory = `must be a whole number of megabytes, ${LEAST_MEGABYTES} or more; use 2048, or leave it out`;
  const atLeast = (least: number) => (value: number) => Number.isInteger(value) && value >= least;
  return [
    ...(publicUrl === undefined ? [] : checkPublicUrl(publicUrl)),
    ...check("memoryMegabytes", memoryMegabytes, atLeast(LEAST_MEGABYTES), leastMemory),
    ...checkCpus(cpus),
    ...check(
      "maxQueuedRequests",
      maxQueuedRequests,
      atLeast(1),
      "must be a whole number from 1 on; use 1000, or leave it out",
    ),
  ];
}

function checkPublicUrl(url: string): string[] {
  const wrong = checkUrl("publicUrl", url);
  if (wrong.length > 0) return wrong;
  const isOrigin = (one: string) => one.startsWith("https://") && new URL(one).pathname === "/";
  return check("publicUrl", url, isOrigin, "must be https://HOST or https://HOST:PORT, without a path");
}

/** Keycloak speaks https, or a proxy does in front of it. */
function checkListening({
  tls,
  publicUrl,
  plainHttpBehindProxy: headers,
  clientCertificates = "none",
}: ServerProps): string[] {
  if (headers === undefined) {
    return tls
      ? []
      : ['`mode: "production"` needs `tls`, or a proxy that speaks https in front of it (`plainHttpBehindProxy`)'];
  }
  return [
    ...check(
      "plainHttpBehindProxy",
      headers,
      (one) => ["xforwarded", "forwarded"].includes(one),
      'must be "xforwarded" or "forwarded"',
    ),
    ...(publicUrl === undefined ? ["`plainHttpBehindProxy` needs the `publicUrl` that the proxy serves; give it"] : []),
    ...(tls || clientCertificates !== "none"
      ? [
          "`plainHttpBehindProxy` goes without `tls` and `clientCertificates`, which are the proxy's; leave one of them out",
        ]
      : []),
  ];
}
