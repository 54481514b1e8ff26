import { openConnections } from "../../machines/calling/connect-to";
import type { Stack } from "../project/project";
import { refused, signIn } from "./admin-login";
import { loginsIn, tlsOf } from "./login";

/** One answer of the admin API. The body is there with status 200 only. */
export interface Answer {
  readonly status: number;
  readonly body?: unknown;
}

/** Asks for what is at a path below `/admin/realms/`, given in parts. A last part that begins with `?` is the query. */
export type Ask = (...path: readonly string[]) => Promise<Answer>;

/**
 * Works with a server's admin API, signed in as Terraform is. An answer is asked for once.
 *
 * @throws {ToolError} `keycloak-unreachable`
 */
export async function withAdminApi<T>(
  stack: Stack,
  alias: string | undefined,
  work: (ask: Ask) => Promise<T>,
): Promise<T> {
  const login = loginsIn(stack).find((one) => one.alias === alias) ?? {};
  // As patient as can be borne: what is not told in time counts as not there, and a busy server takes its time.
  const limits = { timeoutMs: 30_000, maxResponseBytes: 64 * 1024 * 1024 };
  const { fetch, close } = openConnections("", { ...limits, ...tlsOf(stack, login) });
  try {
    const { url, token } = await signIn(stack, login, fetch);
    const asked = new Map<string, Promise<Answer>>();
    const get = async (address: string): Promise<Answer> => {
      const answer = await fetch(address, { headers: { authorization: `Bearer ${token}` } }).catch((cause: Error) => {
        throw refused(cause.message, cause);
      });
      const { status } = answer;
      if (status === 200) return { status, body: await answer.json() };
      await answer.body?.cancel();
      return { status };
    };
    return await work((...path) => {
      const address = `${url}/admin/realms/${joined(path)}`;
      if (!asked.has(address)) asked.set(address, get(address));
      return asked.get(address)!;
    });
  } finally {
    await close();
  }
}

/** Parts of a path; a part that begins with `?` is the query. */
function joined(parts: readonly string[]): string {
  const isQuery = (part: string) => part.startsWith("?");
  const path = parts.filter((part) => !isQuery(part)).map(encodeURIComponent);
  return `${path.join("/")}${parts.find(isQuery) ?? ""}`;
}
