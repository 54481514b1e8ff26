import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

/** Which requests are meant: all whose method and path, query included, fit. */
export interface Matcher {
  readonly method?: string;
  readonly path?: RegExp;
}

type Headers = Readonly<Record<string, string>>;

/** A request that has come in. */
export interface Call {
  readonly method: string;
  readonly path: string;
  /** By the clock that only runs forward, in milliseconds. */
  readonly at: number;
  /** Once it has been read. */
  body: string;
  /** What Keycloak answered, told or not; stays undefined for a request that it never sees. */
  status?: number;
}

/** What becomes of a request. */
export type Fault =
  /** An answer of the proxy's own; Keycloak never sees the request. */
  | { readonly status: number; readonly body?: string; readonly type?: string; readonly headers?: Headers }
  /** Carried out; the answer gets these headers besides, worked out when it is told. */
  | { readonly adds: () => Headers }
  /** Carried out, but the answer is told this much later. */
  | { readonly lateMs: number }
  /** Given to Keycloak this much later. */
  | { readonly slowMs: number }
  /** The connection ends; Keycloak never sees the request. */
  | "dropped"
  /** Carried out, but the connection ends without an answer. */
  | "lost"
  /** Carried out; half of the answer is told as if it were all of it. */
  | "truncated"
  /** Carried out; the connection ends in the middle of the answer. */
  | "broken-off";

interface Rule {
  readonly matcher: Matcher;
  readonly fault: Fault;
  left: number;
}

interface Answer {
  readonly status: number;
  readonly headers: IncomingMessage["headers"];
  readonly body: Buffer;
}

/** Stands in front of a real Keycloak, keeps the calls, and fails them when told to. */
export class FaultProxy {
  readonly #server: Server;
  readonly #target: URL;
  readonly #rules: Rule[] = [];
  readonly #calls: Call[] = [];

  private constructor(target: string) {
    this.#target = new URL(target);
    this.#server = createServer((incoming, outgoing) => {
      outgoing.sendDate = false; // Keycloak sends none, and answers have to pass as they are
      this.#handle(incoming, outgoing).catch(() => outgoing.destroy());
    });
  }

  static async start(target: string): Promise<FaultProxy> {
    const proxy = new FaultProxy(target);
    await new Promise<void>((resolve) => proxy.#server.listen(0, "127.0.0.1", resolve));
    return proxy;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** From now on the next `times` requests of this kind fare like this; the rule told first goes first. */
  inject(matcher: Matcher, fault: Fault, times = Number.POSITIVE_INFINITY): void {
    this.#rules.push({ matcher, fault, left: times });
  }

  /** Faults that no request has met as often as they were told. */
  pending(): Fault[] {
    return this.#rules.filter(({ left }) => left > 0).map(({ fault }) => fault);
  }

  /** Forgets all rules and calls. */
  reset(): void {
    this.#rules.length = 0;
    this.#calls.length = 0;
  }

  /** The requests of this kind that have come in. */
  calls(matcher: Matcher): readonly Call[] {
    return this.#calls.filter((call) => fits(matcher, call));
  }

  /** How many requests of this kind have come in. */
  count(matcher: Matcher): number {
    return this.calls(matcher).length;
  }

  /** Waits until so many requests of this kind have come in. */
  async reached(matcher: Matcher, count: number, withinMs = 60_000): Promise<void> {
    const until = Date.now() + withinMs;
    while (this.count(matcher) < count) {
      if (Date.now() > until) throw new Error(`only ${this.count(matcher)} of ${count} requests came in`);
      await sleep(10);
    }
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #handle(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const call: Call = { method: incoming.method!, path: incoming.url!, at: performance.now(), body: "" };
    this.#calls.push(call);
    const fault = this.#faultFor(call);
    const body = Buffer.concat(await incoming.toArray());
    call.body = body.toString();
    if (fault === "dropped") return void outgoing.destroy();
    if (typeof fault === "object" && "status" in fault) return reply(outgoing, ownAnswer(fault));
    if (typeof fault === "object" && "slowMs" in fault) await sleep(fault.slowMs);
    const answer = await this.#forward(incoming, body);
    call.status = answer.status;
    if (typeof fault === "object" && "lateMs" in fault) await sleep(fault.lateMs);
    tell(outgoing, answer, fault);
  }

  #faultFor(call: { method: string; path: string }): Fault | undefined {
    const rule = this.#rules.find(({ matcher, left }) => left > 0 && fits(matcher, call));
    if (rule) rule.left -= 1;
    return rule?.fault;
  }

  /** Host and all go on as they are, so that Keycloak issues and checks tokens for this address. */
  #forward({ method, url, headers }: IncomingMessage, body: Buffer): Promise<Answer> {
    const { hostname, port } = this.#target;
    return new Promise((resolve, reject) => {
      const onward = request({ hostname, port, method, path: url, headers, agent: false }, async (response) => {
        try {
          const all = Buffer.concat(await response.toArray());
          resolve({ status: response.statusCode!, headers: response.headers, body: all });
        } catch (error) {
          reject(error);
        }
      });
      onward.on("error", reject).end(body);
    });
  }
}

function fits({ method, path }: Matcher, call: { method: string; path: string }): boolean {
  return (!method || method === call.method) && (!path || path.test(call.path));
}

function ownAnswer(fault: Extract<Fault, { status: number }>): Answer {
  const { status, body = "{}", type = "application/json", headers } = fault;
  return { status, headers: { "content-type": type, ...headers }, body: Buffer.from(body) };
}

/** Passes Keycloak's answer on, or as much of it as the fault leaves. */
function tell(outgoing: ServerResponse, answer: Answer, fault: Fault | undefined): void {
  const half = answer.body.subarray(0, answer.body.length / 2);
  if (fault === "lost") outgoing.destroy();
  else if (fault === "truncated") reply(outgoing, { ...answer, body: half });
  else if (typeof fault === "object" && "adds" in fault)
    reply(outgoing, { ...answer, headers: { ...answer.headers, ...fault.adds() } });
  else if (fault !== "broken-off") reply(outgoing, answer);
  else {
    outgoing.writeHead(answer.status, { "content-type": "application/json", "content-length": answer.body.length });
    outgoing.write(half, () => outgoing.destroy());
  }
}

function reply(outgoing: ServerResponse, { status, headers, body }: Answer): void {
  const { "transfer-encoding": _chunked, connection: _connection, ...rest } = headers;
  outgoing.writeHead(status, status === 204 ? rest : { ...rest, "content-length": body.length });
  outgoing.end(body);
}
