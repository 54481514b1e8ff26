import { TokenError } from "../errors";

/** Longer ones are refused unread: the header that carries a token is limited to as much by most servers. */
const mostCharacters = 16_384;
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

export interface ParsedToken {
  readonly header: Readonly<Record<string, unknown>>;
  readonly payload: Readonly<Record<string, unknown>>;
}

/**
 * Reads a signed JWT in compact form, strictly where parsers are lax: base64url without padding, white space, other
 * alphabets and stray bits; UTF-8 without a byte order mark; one JSON object each for header and payload, no member name
 * twice. A header that asks for an extension (`crit`, `b64`) is refused, since none is understood.
 *
 * Does not check: the signature, or any claim.
 *
 * @throws {TokenError} `ERR_TOKEN_MALFORMED`
 * @see RFC 7515 sections 2, 4 and 5.2, RFC 8725 section 2.4
 */
export function parseToken(token: string): ParsedToken {
  if (token.length > mostCharacters) throw malformed(`must have at most ${mostCharacters} characters`);
  const parts = token.split(".");
  const [header, payload, signature] = parts.map(decode);
  if (parts.length !== 3 || !header || !payload || !signature) {
    throw malformed("must be a signed JWT: three parts in base64url");
  }
  const protectedHeader = readObject(header, "header");
  if ("crit" in protectedHeader || "b64" in protectedHeader) throw malformed("must not ask for extensions");
  if ("kid" in protectedHeader && typeof protectedHeader.kid !== "string") throw malformed("must name its key in text");
  return { header: protectedHeader, payload: readObject(payload, "payload") };
}

function decode(part: string): Buffer | undefined {
  const bytes = Buffer.from(part, "base64url");
  return bytes.toString("base64url") === part ? bytes : undefined;
}

function readObject(bytes: Buffer, what: string): Record<string, unknown> {
  let text: string;
  let value: unknown;
  try {
    text = decoder.decode(bytes);
    value = JSON.parse(text);
  } catch {
    throw malformed(`must have a ${what} in JSON`); // the cause is left out: it quotes the text
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw malformed(`must have an object as its ${what}`);
  }
  if (countNames(text) !== countMembers(value)) throw malformed(`must not have a name twice in its ${what}`);
  return value as Record<string, unknown>;
}

/** Names of members in a JSON text: the strings that a colon follows. */
function countNames(json: string): number {
  let count = 0;
  for (const [, colon] of json.matchAll(/"(?:[^"\\]|\\.)*"(\s*:)?/g)) if (colon) count++;
  return count;
}

/** Members that are left after parsing; without recursion, since nesting is the sender's choice. */
function countMembers(root: object): number {
  let count = 0;
  const open: unknown[] = [root];
  while (open.length > 0) {
    const value = open.pop();
    if (typeof value !== "object" || value === null) continue;
    const inside = Object.values(value);
    if (!Array.isArray(value)) count += inside.length;
    for (const one of inside) open.push(one);
  }
  return count;
}

function malformed(rule: string): TokenError {
  return new TokenError("ERR_TOKEN_MALFORMED", `the token ${rule}`);
}
