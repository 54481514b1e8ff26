// What the arguments of `fetch` say of one request.

/** Takes a `Request` apart: only the `fetch` that it comes from may know its class. */
export function plainRequest(input: string | URL | Request, init: RequestInit = {}): [string, RequestInit] {
  if (!(input instanceof Request)) return [String(input), init];
  const { url, method, headers, body, signal, integrity } = input;
  // A `Request` says "follow" even if nobody asked for it. The default of the underlying `fetch` applies then.
  const redirect = input.redirect !== "follow" && { redirect: input.redirect };
  const sent = body && { body, duplex: "half" };
  return [url, { method, headers, signal, integrity, ...redirect, ...sent, ...init } as RequestInit];
}

/** Waits, and fails with the signal's reason if the signal is first. */
export async function orAborted<T>(waited: Promise<T>, signal?: AbortSignal | null): Promise<T> {
  if (!signal) return waited;
  let stop = () => {};
  const aborted = new Promise<never>((_, reject) => {
    stop = () => reject(signal.reason);
    if (signal.aborted) stop();
    else signal.addEventListener("abort", stop);
  });
  try {
    return await Promise.race([aborted, waited]);
  } finally {
    signal.removeEventListener("abort", stop);
  }
}

/** The same request with more headers. */
export function withHeaders(init: RequestInit, more: Readonly<Record<string, string>>): RequestInit {
  const headers = new Headers(init.headers);
  for (const [name, value] of Object.entries(more)) headers.set(name, value);
  return { ...init, headers };
}

/** The method as `fetch` sends it: it writes these in upper case, and no others. */
export function methodOf({ method = "GET" }: RequestInit): string {
  return /^(delete|get|head|options|post|put)$/i.test(method) ? method.toUpperCase() : method;
}

/** Whether a body can be sent only once. */
export function isStream(body: unknown): boolean {
  return typeof body === "object" && body !== null && (body instanceof ReadableStream || Symbol.asyncIterator in body);
}
