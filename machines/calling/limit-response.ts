import { IssuerError } from "../errors";

/**
 * Ends the body of an answer with an error if it is longer than `mostBytes` (-1: no limit), or if it breaks off.
 *
 * @param brokenOff the error to throw in place of one that the connection gives
 */
export function limitResponse(
  response: Response,
  mostBytes: number,
  from: string,
  brokenOff: (cause: unknown) => unknown,
): Response {
  const { body, status, statusText, headers } = response;
  if (!body || mostBytes < 0) return response;
  // It holds the whole answer until somebody reads: undici drops a body that nobody has begun to read when the answer that it is of
  // is collected. Read later, it would be empty, without an error. When this one is collected too, the connection is free again.
  async function* limited(answer: Response) {
    let bytes = 0;
    try {
      for await (const chunk of answer.body as unknown as AsyncIterable<Uint8Array>) {
        bytes += chunk.byteLength;
        if (bytes > mostBytes) break;
        yield chunk;
      }
    } catch (cause) {
      throw brokenOff(cause);
    }
    if (bytes <= mostBytes) return;
    throw new IssuerError("ERR_ISSUER_RESPONSE", `${from} answered with more than ${mostBytes} bytes`);
  }
  const chunks = limited(response);
  const iterator = {
    next: () => chunks.next(),
    // A generator that has not begun ends without a trace.
    return: async () => {
      if (body.locked) await chunks.return(undefined);
      else await body.cancel();
      return { done: true as const, value: undefined };
    },
  };
  const stream = ReadableStream.from({ [Symbol.asyncIterator]: () => iterator });
  return new Response(stream as unknown as ConstructorParameters<typeof Response>[0], { status, statusText, headers });
}
