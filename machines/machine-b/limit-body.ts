import type { IncomingMessage } from "node:http";
import type { Context, Next } from "hono";

/** What `@hono/node-server` adds to a request. It is missing in process, where a GET cannot have a body. */
export interface Bindings {
  readonly incoming?: IncomingMessage;
}

/** Bytes that a request's body may have. No route uses one. */
const mostBytes = 16 * 1024;

/**
 * Answers 413 to a request with a longer body. It stands behind the guard of a route, so nobody without a token makes
 * the server wait for a body. A body that tells its length is not read at all.
 *
 * `bodyLimit` of Hono does not see the body of a GET, since `Request` has none.
 */
export async function limitBody(c: Context<{ Bindings: Bindings }>, next: Next): Promise<Response | undefined> {
  const isLong = Number(c.req.header("content-length") ?? 0) > mostBytes;
  if (isLong || (c.req.header("transfer-encoding") && (await isLongStream(c.env?.incoming)))) {
    return c.json({ error: "content_too_large" }, 413);
  }
  await next();
  return undefined;
}

/** Reads until the end or the limit. A caller that goes away ends it too. */
function isLongStream(incoming: IncomingMessage | undefined): Promise<boolean> {
  return new Promise((resolve) => {
    let bytes = 0;
    incoming?.on("data", (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > mostBytes) resolve(true);
    });
    incoming?.on("error", () => resolve(false));
    incoming?.on("close", () => resolve(false));
    incoming?.on("end", () => resolve(false));
    if (!incoming || incoming.destroyed) resolve(false);
  });
}
