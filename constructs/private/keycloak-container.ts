/** The image has no curl; bash asks the management port itself. Ready means HTTP 200. */
export const HEALTH_CHECK = {
  test: [
    "CMD",
    "bash",
    "-c",
    "exec 3<>/dev/tcp/localhost/9000 && printf 'GET /health/ready HTTP/1.0\\r\\n\\r\\n' >&3 && head -n 1 <&3 | grep -q ' 200 '",
  ],
  interval: "1s",
  timeout: "5s",
  startPeriod: "3m0s",
  retries: 10,
};

/** How a container of the server starts Keycloak. */
export function startCommand(mode: "optimized" | "dev", url: string): string[] {
  // Health and metrics are build options: start-dev builds by itself, so it has to be told again.
  const start = mode === "dev" ? ["start-dev", "--health-enabled=true"] : ["start", "--optimized"];
  // The admin console signs in at the server's own address, which a browser has to know; realms that machines use say
  // their address themselves (`frontendUrl`), which is the one inside the network.
  return [...start, "--http-enabled=true", `--hostname=${url}`];
}
