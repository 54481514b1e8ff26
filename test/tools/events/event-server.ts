import { vi } from "vitest";
import type { WatchedRealm } from "../../../tools/events/realms";
import { listen } from "../../machines/listen";
import { stackOf } from "../parts";

/**
 * Keycloak's side of the questions about events, so that a test says what it keeps and when it is down. What a real one
 * answers is in test/fixtures/events; one is asked in test/e2e/events.test.ts.
 */
export async function eventServer() {
  vi.stubEnv("KEYCLOAK_USER", "admin");
  vi.stubEnv("KEYCLOAK_PASSWORD", "x");
  const keeps = {
    config: {
      eventsEnabled: true,
      enabledEventTypes: ["CLIENT_LOGIN", "CLIENT_LOGIN_ERROR"],
      adminEventsEnabled: true,
    },
    events: [] as { time: number; type: string; clientId?: string }[],
    adminEvents: [] as { time: number }[],
    /** Any other answers, by their path below the realm's or master's address. */
    others: {} as Record<string, unknown>,
    isDown: false,
    isForbidden: false,
  };
  const asked: URL[] = [];
  let signIns = 0;
  const server = await listen((request, response) => {
    const url = new URL(request.url ?? "", "http://x");
    if (keeps.isDown) return void response.destroy();
    request.resume();
    if (url.pathname.endsWith("/token")) signIns++;
    else asked.push(url);
    const { status, body } = answerTo(url);
    response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
  });

  function answerTo({ pathname, searchParams }: URL): { status: number; body: unknown } {
    const ok = (body: unknown) => ({ status: 200, body });
    if (pathname.endsWith("/token")) return ok({ access_token: "e.e.e" });
    if (keeps.isForbidden) return { status: 403, body: {} };
    if (pathname.endsWith("/events/config")) return ok(keeps.config);
    const first = Number(searchParams.get("first"));
    const page = <T extends { time: number }>(all: readonly T[]) =>
      [...all].sort((one, two) => two.time - one.time).slice(first, first + Number(searchParams.get("max")));
    if (pathname.endsWith("/admin-events")) return ok(page(keeps.adminEvents));
    if (pathname.endsWith("/events")) {
      const types = searchParams.getAll("type");
      const client = searchParams.get("client");
      const told = page(keeps.events.filter((one) => types.includes(one.type) && (!client || one.clientId === client)));
      self.onPage(first);
      return ok(told);
    }
    const found = keeps.others[pathname.replace("/admin/realms/", "")];
    return found === undefined ? { status: 404, body: {} } : ok(found);
  }

  const stack = stackOf({}, "/nowhere", "m2m", undefined, [{ alias: "Keycloak", url: server.url }] as never);
  const watched: WatchedRealm = { realm: "r", url: server.url, stack, alias: "Keycloak", logs: [] };
  const self = Object.assign(server, {
    keeps,
    asked,
    signIns: () => signIns,
    stack,
    watched,
    onPage: (_: number) => {},
  });
  return self;
}

/** A sign-in of machine m, as Keycloak keeps it. */
export function signIn(time: number, jti: string, error?: string) {
  return {
    id: `id-${time}-${jti}`,
    time,
    type: error === undefined ? "CLIENT_LOGIN" : "CLIENT_LOGIN_ERROR",
    clientId: "m",
    ipAddress: "10.0.0.1",
    ...(error && { error }),
    details: { client_assertion_id: jti },
  };
}
