/** Where the container of a balancer has its file, which a volume holds: its root file system is read-only. */
export const FILES = "/etc/keycloak-balancer";

/** Who may connect at a time. Each connection takes some 35 kB. */
const MOST_CONNECTIONS = 4000;
/** Places for servers: another number of replicas changes no settings, which would make another container. */
const MOST_SERVERS = 24;
/** Whether a replica is ready is seen here, inside the container. */
export const READY_PORT = 8404;

/**
 * What HAProxy is told. TLS goes through to the servers, so that they see the certificates of those who connect.
 *
 * Docker's own name server gives the addresses of the replicas that are healthy. A replica that is about to end is gone from
 * there two seconds before it is told so: nobody new is sent to it, and who is connected can finish. One that does not answer
 * its check is given up, with all who are connected: they try again elsewhere. A new one is slow at first, and gets more from
 * second to second.
 *
 * @param service the name of the service
 * @see https://docs.haproxy.org/2.6/configuration.html#5.3
 */
export function balancerSettings(service: string): string {
  return `global
  log stdout format raw local0 notice
  maxconn ${MOST_CONNECTIONS}
  hard-stop-after 10s
  stats socket /tmp/admin.sock mode 600 level admin

defaults
  mode tcp
  log global
  timeout connect 1s
  timeout client 75s
  timeout server 75s
  timeout queue 5s
  timeout check 2s
  retries 5
  option redispatch 1
  option srvtcpka
  option clitcpka

resolvers docker
  nameserver docker 127.0.0.11:53
  accepted_payload_size 8192
  timeout resolve 500ms
  timeout retry 500ms
  resolve_retries 2
  hold valid 500ms
  hold obsolete 0s
  hold nx 2s

frontend https
  bind :8443
  default_backend keycloak

backend keycloak
  balance roundrobin
  option httpchk
  http-check send meth GET uri /health/ready
  http-check expect status 200
  default-server check port 9000 inter 1s fastinter 500ms fall 2 rise 1 slowstart 20s observe layer4 error-limit 1 on-error mark-down on-marked-down shutdown-sessions
  server-template keycloak ${MOST_SERVERS} tasks.${service}:8443 resolvers docker init-addr none

frontend ready
  mode http
  timeout client 5s
  bind 127.0.0.1:${READY_PORT}
  monitor-uri /ready
  monitor fail if { nbsrv(keycloak) lt 1 }
`;
}
