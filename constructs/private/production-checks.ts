import type { ProductionProps } from "../production";
import type { ClientCertificates } from "../server";
import type { LimitedServerProps } from "../server-props";
import type { KeycloakTls } from "../tls";
import { check, checkUrl } from "./checks";
import { checkCpus, checkMegabytes } from "./limit-checks";
import { IN_PRODUCTION } from "./server-props";

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
    const given = (Object.keys(IN_PRODUCTION) as (keyof ProductionProps)[]).filter((name) => props[name] !== undefined);
    return given.map((name) => `\`${name}\` needs \`mode: "production"\`; add it, or leave \`${name}\` out`);
  }
  return [
    ...(props.database ? [] : ['`mode: "production"` needs a `database`; declare a PostgresDatabase']),
    ...checkListening(props),
    ...checkLimits(props),
  ];
}

/** What a server in production may take, and where it is reached. */
export function checkLimits(props: LimitedServerProps): string[] {
  const { publicUrl, memoryMegabytes = 2048, cpus, maxQueuedRequests = 1000 } = props;
  const rule = "must be a whole number from 1 on; use 1000, or leave it out";
  return [
    ...(publicUrl === undefined ? [] : checkPublicUrl(publicUrl)),
    ...checkMegabytes(memoryMegabytes, LEAST_MEGABYTES, 2048),
    ...checkCpus(cpus),
    ...check("maxQueuedRequests", maxQueuedRequests, (one) => Number.isInteger(one) && one >= 1, rule),
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
