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
  // Begins to read now: undici drops the body of an answer that nobody reads when the answer itself is collected, and this one is
  // not handed on. The text would be empty, without an error.
  const chunks = (body as unknown as AsyncIterable<Uint8Array>)[Symbol.asyncIterator]();
  async function* limited() {
    let bytes = 0;
    try {
      for await (const chunk of { [Symbol.asyncIterator]: () => chunks }) {
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
  const stream = ReadableStream.from(limited());
  return new Response(stream as unknown as ConstructorParameters<typeof Response>[0], { status, statusText, headers });
}
