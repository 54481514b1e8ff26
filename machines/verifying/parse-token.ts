import { TokenError } from "../errors";

/** Longer tokens are refused unread. Most servers limit the header that carries a token to this length. */
const mostCharacters = 16_384;
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

export interface ParsedToken {
  readonly header: Readonly<Record<string, unknown>>;
  readonly payload: Readonly<Record<string, unknown>>;
}

/**
 * Reads a signed JWT in compact form. It is stricter than most parsers:
 *
 * - base64url has no padding, white space, characters of other alphabets, or stray bits
 * - the text is UTF-8 without a byte order mark
 * - header and payload are one JSON object each, without a repeated member name
 * - the header asks for no extension (`crit`, `b64`), since none is supported
 *
 * Does not check: the signature, or any claim.
 *
 * @throws {TokenError} `ERR_TOKEN_MALFORMED`
 * @see RFC 7515 sections 2, 4 and 5.2, RFC 8725 section 2.4
 */
export function parseToken(token: string): ParsedToken {
  checkText(token);
  const parts = token.split(".");
  const [header, payload, signature] = parts.map(decode);
  if (parts.length !== 3 || !header || !payload || !signature) {
    throw malformed("must be a signed JWT: three parts in base64url");
  }
  const protectedHeader = readObject(header, "header");
  if ("crit" in protectedHeader || "b64" in protectedHeader) throw malformed("must not ask for extensions");
  if ("kid" in protectedHeader && typeof protectedHeader.kid !== "string")
    throw malformed("must have text as its `kid`");
  return { header: protectedHeader, payload: readObject(payload, "payload") };
}

/** Whether a token is text, and not too long to work with. */
export function isText(token: string): boolean {
  return typeof token === "string" && token.length <= mostCharacters;
}

/** Checks that a token is text, and not too long to work with. @throws {TokenError} `ERR_TOKEN_MALFORMED` */
export function checkText(token: string): void {
  if (typeof token !== "string") throw malformed(`must be text, got: ${token === null ? "null" : typeof token}`);
  if (token.length > mostCharacters) throw malformed(`must have at most ${mostCharacters} characters`);
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
    throw malformed(`must have a ${what} in JSON`); // without the cause, which quotes the text
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw malformed(`must have an object as its ${what}`);
  }
  if (countNames(text) !== countMembers(value)) throw malformed(`must not repeat a member name in its ${what}`);
  return value as Record<string, unknown>;
}

/** Counts the names of members in a JSON text: the strings before a colon. */
function countNames(json: string): number {
  let count = 0;
  for (const [, colon] of json.matchAll(/"(?:[^"\\]|\\.)*"(\s*:)?/g)) if (colon) count++;
  return count;
}

/** Counts the members after parsing. It does not recurse, since the sender chooses the depth. */
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
