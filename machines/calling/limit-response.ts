import { IssuerError } from "../errors";

/** Ends the body of an answer with an error if it is longer than `mostBytes`. -1: no limit. */
export function limitResponse(response: Response, mostBytes: number, from: string): Response {
  const { body, status, statusText, headers } = response;
  if (!body || mostBytes < 0) return response;
  let bytes = 0;
  const limited = body.pipeThrough(
    new TransformStream<Uint8Array, Uint8Array>({
      transform(chunk, controller) {
        bytes += chunk.byteLength;
        if (bytes <= mostBytes) controller.enqueue(chunk);
        else
          controller.error(
            new IssuerError("ERR_ISSUER_RESPONSE", `${from} answered with more than ${mostBytes} bytes`),
          );
      },
    }),
  );
  return new Response(limited, { status, statusText, headers });
}
