import { OptionError } from "../errors";
import type { ObservedOperation, ObservedOutcome, Observer } from "../observer";

// The part of @opentelemetry/api that is needed here. A program passes its own, so that this library depends on none.

/** A context of OpenTelemetry, which only OpenTelemetry looks into. */
type Context = object;

interface Span {
  setAttribute(name: string, value: string | number): unknown;
  setStatus(status: { code: number }): unknown;
  end(): void;
}

interface Tracer {
  startSpan(name: string, options: { kind: number; attributes: Record<string, string> }, context: never): Span;
}

/** @opentelemetry/api 1, as a program imports it (`import * as api from "@opentelemetry/api"`). */
export interface OpenTelemetry {
  readonly trace: {
    getTracer(name: string): Tracer;
    getSpan(context: never): unknown;
    setSpan(context: never, span: never): Context;
  };
  readonly context: { active(): Context; with<T>(context: never, work: () => T): T };
  readonly propagation: {
    inject(context: never, carrier: Record<string, string>): void;
    extract(context: never, carrier: never, getter: never): Context;
  };
}

/** `SpanKind` and `SpanStatusCode` of OpenTelemetry. */
const [INTERNAL, CLIENT, ERROR] = [0, 2, 2];

type Header = (name: string) => string | undefined;
/** Reads only what a propagator asks for. */
const getter = { get: (header: Header, name: string) => header(name), keys: () => [] };

const NAMES: Readonly<Record<ObservedOperation["name"], string>> = {
  token_request: "token request",
  verification: "token verification",
  keys_request: "keys request",
  guarded_request: "guarded request",
};

/**
 * Makes an observer that writes spans of OpenTelemetry, and puts the trace into requests of this process by the propagator
 * of the SDK, usually W3C `traceparent`:
 *
 * - `token request` and `keys request` (CLIENT): the issuer gets the trace
 * - `token verification` (INTERNAL): of a token that is not remembered
 * - `guarded request` (INTERNAL): a guard's verdict. It belongs to the active span, or else to the caller's trace
 *
 * `machine.fetch` sends the trace of the active span to the API. No attribute holds a token, an assertion or a key.
 *
 * Without an SDK, the API of OpenTelemetry does nothing.
 *
 * @example
 * ```ts
 * import * as api from "@opentelemetry/api";
 * import { createTracing, openMachine } from "cdktf-keycloak-m2m/machine";
 *
 * const machine = openMachine({
 *   clientId: "machine-a",
 *   keyFile: "certs/machine-a-signing.key",
 *   issuer: "https://sso.example.org/realms/example",
 *   observers: [createTracing(api)],
 * });
 * ```
 *
 * @throws {OptionError} `ERR_OPTION` for something else than the API of OpenTelemetry
 * @see W3C Trace Context
 */
export function createTracing(api: OpenTelemetry): Observer {
  if (typeof api?.trace?.getTracer !== "function" || typeof api.propagation?.inject !== "function" || !api.context) {
    throw new OptionError("`api` must be @opentelemetry/api 1 as it is imported: import * as api from it");
  }
  const { context, propagation, trace } = api;
  const tracer = trace.getTracer("cdktf-keycloak-m2m");
  const parentOf = (operation: ObservedOperation): Context => {
    const active = context.active();
    if (operation.name !== "guarded_request" || !operation.header || trace.getSpan(active as never)) return active;
    return propagation.extract(active as never, operation.header as never, getter as never);
  };
  return {
    begin(operation) {
      const parent = parentOf(operation);
      const kind = operation.name === "token_request" || operation.name === "keys_request" ? CLIENT : INTERNAL;
      const options = { kind: kind!, attributes: attributesOf(operation) };
      const span = tracer.startSpan(NAMES[operation.name], options, parent as never);
      const within = trace.setSpan(parent as never, span as never);
      return {
        run: (work) => context.with(within as never, work),
        end(outcome) {
          describe(span, outcome);
          span.end();
        },
      };
    },
    headers() {
      const carrier: Record<string, string> = {};
      propagation.inject(context.active() as never, carrier);
      return carrier;
    },
  };
}

function attributesOf(operation: ObservedOperation): Record<string, string> {
  if (operation.name === "guarded_request") return {};
  if (operation.name === "verification") return { "m2m.issuer": operation.issuer, "m2m.way": operation.way };
  const at = { "m2m.issuer": operation.issuer, "server.address": new URL(operation.issuer).hostname };
  return operation.name === "token_request" ? { ...at, "m2m.client_id": operation.clientId } : at;
}

/** What a caller does wrong is no error of this process. */
const faultOfCaller = /^(ERR_TOKEN_|NO_TOKEN$|INVALID_REQUEST$)/;

function describe(span: Span, { code, caller, status }: ObservedOutcome): void {
  if (caller !== undefined) span.setAttribute("m2m.caller", caller);
  if (status !== undefined) span.setAttribute("http.response.status_code", status);
  if (code === "OK") return;
  span.setAttribute("error.type", code);
  if (!faultOfCaller.test(code)) span.setStatus({ code: ERROR! });
}
