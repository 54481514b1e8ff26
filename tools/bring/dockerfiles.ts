import { dockerfileLabel } from "../../constructs/contract/docker-names";

/** The layout, user and environment of the official image: a Dockerfile for one works on the other. */
export function keycloakDockerfile(base: string, version: string): string {
  return [
    `FROM ${base}`,
    "RUN echo 'keycloak:x:1000:0:keycloak user:/opt/keycloak:/usr/sbin/nologin' >> /etc/passwd",
    "COPY --chown=1000:0 keycloak /opt/keycloak",
    "ENV LANG=C.UTF-8 KC_RUN_IN_CONTAINER=true",
    `${dockerfileLabel("keycloak")} org.opencontainers.image.version=${version}`,
    "USER 1000",
    "EXPOSE 8080 8443 9000",
    'ENTRYPOINT ["/opt/keycloak/bin/kc.sh"]',
    "CMD []",
    "",
  ].join("\n");
}

/** The build runs `node` once: it fails if Node.js cannot run in the image. */
export function machineDockerfile(base: string, version: string): string {
  return [
    `FROM ${base}`,
    "COPY lib /usr/local/lib",
    "COPY node /usr/local/bin/node",
    "RUN echo 'node:x:1000:1000::/home/node:/bin/bash' >> /etc/passwd && echo 'node:x:1000:' >> /etc/group" +
      " && mkdir /home/node && chown 1000:1000 /home/node && ldconfig && /usr/local/bin/node --version",
    "ENV LANG=C.UTF-8 NODE_ENV=production",
    `${dockerfileLabel("node")} org.opencontainers.image.version=${version}`,
    "USER node",
    "WORKDIR /home/node",
    'ENTRYPOINT ["/usr/local/bin/node"]',
    "",
  ].join("\n");
}

/**
 * Debian's Prometheus and Alertmanager, with the folders and the user of the official images. Debian runs them as users of
 * their own, whom the official images do not have.
 */
export function monitoringDockerfile(base: string): string {
  const folders = "/etc/prometheus /etc/alertmanager /prometheus /alertmanager";
  return [
    `FROM ${base}`,
    "RUN apt-get update && apt-get install -y --no-install-recommends prometheus prometheus-alertmanager" +
      " && apt-get clean && rm -rf /var/lib/apt/lists/*" +
      // Debian's program has the name of its package.
      " && ln -s prometheus-alertmanager /usr/bin/alertmanager" +
      ` && mkdir -p ${folders} && chown 65534:65534 /prometheus /alertmanager`,
    "ENV LANG=C.UTF-8",
    dockerfileLabel("monitoring"),
    "USER 65534",
    'CMD ["prometheus", "--version"]',
    "",
  ].join("\n");
}

/** Debian's HAProxy, run as the user of the official image by its number. Debian's own would have another. */
export function haproxyDockerfile(base: string): string {
  return [
    `FROM ${base}`,
    "RUN apt-get update && apt-get install -y --no-install-recommends haproxy" +
      " && apt-get clean && rm -rf /var/lib/apt/lists/*" +
      // The official image has it in the path.
      " && ln -s /usr/sbin/haproxy /usr/local/bin/haproxy && haproxy -v",
    "ENV LANG=C.UTF-8",
    dockerfileLabel("haproxy"),
    "USER 99",
    'CMD ["haproxy", "-v"]',
    "",
  ].join("\n");
}

/** Debian's PostgreSQL, with the user, the folders and the path of the official image. Debian's user would have another id. */
export function postgresDockerfile(base: string): string {
  const folders = "/var/lib/postgresql/data /var/run/postgresql";
  return [
    `FROM ${base}`,
    "RUN groupadd --system --gid 999 postgres" +
      " && useradd --system --uid 999 --gid postgres --home-dir /var/lib/postgresql postgres" +
      // Nobody wants the database cluster that Debian makes by itself.
      " && mkdir -p /etc/postgresql-common && echo 'create_main_cluster = false' > /etc/postgresql-common/createcluster.conf" +
      " && apt-get update && apt-get install -y --no-install-recommends postgresql-15" +
      " && apt-get clean && rm -rf /var/lib/apt/lists/*" +
      ` && mkdir -p ${folders} && chown postgres:postgres ${folders} && chmod 700 /var/lib/postgresql/data`,
    "ENV LANG=C.UTF-8 PATH=/usr/lib/postgresql/15/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    dockerfileLabel("postgres"),
    "USER 999",
    'CMD ["postgres", "--version"]',
    "",
  ].join("\n");
}
