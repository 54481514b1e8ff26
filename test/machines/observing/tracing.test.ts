import * as api from "@opentelemetry/api";
import {
  InMemorySpanExporter,
  NodeTracerProvider,
  type ReadableSpan,
  SimpleSpanProcessor,
} from "@opentelemetry/sdk-trace-node";
import client from "prom-client";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import {
  createGuard,
  createMetrics,
  createTracing,
  createVerifier,
  type Guard,
  type Machine,
  openMachine,
} from "../../../machines";
import { TestIssuer, testFolder } from "../issuer-fixture";
import { listen } from "../listen";
import { SERVERS } from "../verifying/guarded-servers";

const folder = testFolder();
const exporter = new InMemorySpanExporter();
const provider = new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
const observers = [createTracing(api), createMetrics(client, { registry: new client.Registry() })];
let server: TestIssuer;
let machine: Machine;
let guard: Guard;
beforeAll(async () => {
  provider.register(); // the context manager, and W3C trace context with baggage
  server = await new TestIssuer(await folder.rsaKey("realm.key")).start();
  const key = await folder.key("machine-a.key", "ES256");
  server.clients.set("machine-a", key);
});
beforeEach(() => {
  server.reset();
  exporter.reset();
  machine = openMachine({
    clientId: "machine-a",
    keyFile: folder.path("machine-a.key"),
    issuer: server.url,
    connectTo: server.connectTo,
    allowInsecureHttp: true,
    patienceMs: 0,
    log: () => {},
    observers,
  });
  const verify = createVerifier(machine.issuer, { audience: "machine-b" });
  guard = createGuard({ verify, scopes: ["profile"], observers, log: () => {} });
});
afterAll(async () => {
  await server.stop();
  await provider.shutdown();
  api.trace.disable();
  api.context.disable();
  api.propagation.disable();
  folder.remove();
});

const tracer = api.trace.getTracer("test");
const inSpan = <T>(work: () => Promise<T>) =>
  tracer.startActiveSpan("outer", (span) => work().finally(() => span.end()));
const named = (name: string) => exporter.getFinishedSpans().filter((span) => span.name === name);
const one = (name: string): ReadableSpan => {
  const [span, ...more] = named(name);
  expect([span?.name, more.length]).toEqual([name, 0]);
  return span!;
};

describe.each(SERVERS)("a call of one machine to another in %s", (_name, build) => {
  it("is one trace, from the caller's span to the verification of its token", async () => {
    const target = await listen(await build(guard));
    await inSpan(async () => expect((await machine.fetch(`${target.url}/api/me`)).status).toBe(200));
    await target.close();
    await machine.close();

    const outer = one("outer");
    const [grant, guarded] = [one("token request"), one("guarded request")];
    const [verification, keys] = [one("token verification"), one("keys request")];
    for (const span of [grant, guarded, verification, keys]) {
      expect(span.spanContext().traceId).toBe(outer.spanContext().traceId);
      expect(span.status.code).toBe(api.SpanStatusCode.UNSET);
    }
    const parents = [grant, guarded, verification, keys].map((span) => span.parentSpanContext?.spanId);
    expect(parents).toEqual([outer, outer, guarded, verification].map((span) => span.spanContext().spanId));
    expect([grant, guarded, verification, keys].map(({ kind }) => kind)).toEqual([
      api.SpanKind.CLIENT,
      api.SpanKind.INTERNAL,
      api.SpanKind.INTERNAL,
      api.SpanKind.CLIENT,
    ]);
    expect(grant.attributes).toEqual({
      "m2m.client_id": "machine-a",
      "m2m.issuer": server.url,
      "server.address": "issuer.test",
    });
    expect(guarded.attributes).toEqual({ "m2m.caller": "machine-a" });
    expect(verification.attributes).toEqual({ "m2m.issuer": server.url, "m2m.way": "offline" });
    const asked = server.received.find(({ path }) => path.endsWith("/token"))!;
    expect(asked.headers.traceparent).toBe(`00-${grant.spanContext().traceId}-${grant.spanContext().spanId}-01`);
  });
});

describe("spans", () => {
  it("have the code of a failure, and an error only where it is this process's or the issuer's", async () => {
    await guard(undefined);
    await guard("Bearer x.y.z");
    await guard(`Bearer ${await server.mint({ scope: "email" })}`);
    server.answers.set("/certs", () => ({ status: 500, body: "" }));
    const verify = createVerifier(machine.issuer, { audience: "machine-b" });
    await createGuard({ verify, observers, log: () => {} })(`Bearer ${await server.mint()}`);
    server.answers.set("/token", () => ({ status: 401, body: { error: "invalid_client" } }));
    await expect(machine.getToken()).rejects.toMatchObject({ code: "ERR_CLIENT_REFUSED" });
    const seen = named("guarded request").map(({ attributes, status }) => [
      attributes["error.type"],
      attributes["http.response.status_code"],
      attributes["m2m.caller"],
      status.code === api.SpanStatusCode.ERROR,
    ]);
    expect(seen).toEqual([
      ["NO_TOKEN", 401, undefined, false],
      ["ERR_TOKEN_MALFORMED", 401, undefined, false],
      ["ERR_TOKEN_SCOPE", 403, "machine-a", false],
      ["ERR_UNREACHABLE", 503, undefined, true],
    ]);
    expect(one("token request")).toMatchObject({
      attributes: { "error.type": "ERR_CLIENT_REFUSED" },
      status: { code: api.SpanStatusCode.ERROR },
    });
    await machine.close();
  });

  it("hold no token, no assertion and no key", async () => {
    const token = await machine.getToken();
    await guard(`Bearer ${token}`);
    await guard(`Bearer ${token}x`);
    await machine.close();
    const told = exporter.getFinishedSpans().map(({ name, attributes, events, status, links }) => {
      return { name, attributes, events, status, links };
    });
    expect(told.length).toBeGreaterThan(4);
    const text = JSON.stringify(told);
    expect(text).not.toContain("eyJ");
    expect(text).not.toContain(token.slice(-20));
  });

  it("belong to the active span rather than to a header of the caller", async () => {
    const header = () => "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    const request = { method: "GET", url: "http://api.test/", dpop: undefined, header };
    await guard("Bearer x.y.z", request);
    expect(one("guarded request").spanContext().traceId).toBe("0af7651916cd43dd8448eb211c80319c");
    exporter.reset();
    await inSpan(() => guard("Bearer x.y.z", request));
    expect(one("guarded request").parentSpanContext?.spanId).toBe(one("outer").spanContext().spanId);
    await machine.close();
  });
});

describe("the trace of a call", () => {
  it("stays the one that a request has already, and is not made up where there is none", async () => {
    const sent: (string | undefined)[] = [];
    const target = await listen((request, response) => {
      sent.push(request.headers.traceparent as string | undefined);
      response.end();
    });
    await inSpan(() => machine.fetch(target.url, { headers: { traceparent: "mine" } }));
    await machine.fetch(target.url);
    expect(sent).toEqual(["mine", undefined]);
    await Promise.all([target.close(), machine.close()]);
  });
});

describe("createTracing", () => {
  it("is refused without the API of OpenTelemetry", () => {
    for (const odd of [undefined, null, {}, { trace: api.trace }, tracer]) {
      expect(() => createTracing(odd as never)).toThrow("`api` must be @opentelemetry/api 1 as it is imported");
    }
  });
});
