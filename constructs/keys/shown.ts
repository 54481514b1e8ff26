import { relative } from "node:path";

/**
 * A value that somebody gave, as a message shows it: itself, or its kind and length if it may be a key. Where a path, a
 * name or an address is expected, the text of a key is given by mistake: `KEY_FILE="$(cat machine.key)"`.
 *
 * Whatever a message repeats goes through here. What was checked to be something else, such as a key id, need not.
 */
export function shown(value: unknown): string {
  if (typeof value === "object" && value !== null) return `an object (${value.constructor?.name ?? "no class"})`;
  if (typeof value === "function" || typeof value === "symbol") return `a ${typeof value}`;
  const text = String(value);
  return mayBeKey(text) ? `(${kindOf(text)} of ${text.length} characters, not shown: it may be a key)` : text;
}

/** The same for a value of any form, with quotes around a text and a list as JSON. */
export function quoted(value: unknown): string {
  if (typeof value !== "string" && !Array.isArray(value)) return shown(value);
  const text = typeof value === "string" ? value : value.map((one) => String(one)).join("\n");
  return mayBeKey(text) ? shown(text) : JSON.stringify(value);
}

/** A part of a text, such as an entry of a list, if all of the text can be shown. */
export function shownPart(part: string, whole: string): string {
  return mayBeKey(whole) ? shown(whole) : shown(part);
}

/** A path as messages have it: from the working folder, if it is below. */
export function shownPath(path: string): string {
  if (mayBeKey(path)) return shown(path);
  const fromHere = relative(process.cwd(), path);
  return fromHere.startsWith("..") ? path : fromHere;
}

/**
 * Takes keys and tokens out of a text that others wrote, such as an error of another library. It is the last line of
 * defence: it knows long keys only. A short one looks like a key id, which messages need.
 */
export function redact(text: string): string {
  return text
    .replace(/-----BEGIN [^-]*-----[\s\S]*?(-----END [^-]*-----|$)/g, "[pem]")
    .replace(/eyJ[\w-]{10,}(\.[\w-]*)*/g, "[jwt]")
    .replace(/(\\*"(?:d|p|q|dp|dq|qi|k)\\*"\s*:\s*\\*")[\w+/=-]+/g, "$1[key]")
    .replace(/[\w+/=-]{64,}/g, (run) => (isChecksum(run) || !isMixed(run, run.length) ? run : "[key]"));
}

/** No name of a file is longer, and no path (Linux). */
const NAME_MAX = 255;
const PATH_MAX = 4096;

function mayBeKey(text: string): boolean {
  if (text.length < 16) return false;
  return (
    text.length > PATH_MAX ||
    text.split(/[/\\]/).some((name) => Buffer.byteLength(name) > NAME_MAX) ||
    kindOf(text) !== PLAIN ||
    [text, ...text.split(/[/\\]/)].some((part) => KEY_OF_32_BYTES.test(part)) ||
    isMixed(text.replaceAll(UUID, "/"), 40)
  );
}

const PLAIN = "a text";
/** As base64 has 32 bytes, with each kind of character: a private key of P-256 or Ed25519, of which nothing else tells. */
const KEY_OF_32_BYTES = /^(?=.*[a-z])(?=.*[A-Z])(?=.*\d)[\w+/-]{43}=?$/;
const UUID = /\b[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}\b/gi;

/** What a text is by its form alone. */
function kindOf(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they tell bytes from text
  if (/[\0-\x08\x0e-\x1f\x7f-\x9f\ufffd]/.test(text)) return "binary data";
  if (/-----BEGIN|PRIVATE[ +_%\d]*KEY/.test(text)) return "a PEM text";
  if (/"(kty|keys|d)\\?"\s*:/.test(text)) return "a JSON text";
  if (/^(?=.*\d)[\da-f\s]{48,}$/i.test(text) || /([\da-f]{2}[:\s,]+){15}/i.test(text)) return "a hexadecimal text";
  if (/(\d{1,3}[,\s]+){15}/.test(text)) return "a list of numbers";
  return words(text, 48).some((word) => !/^([a-z]+|[A-Z]+)$/.test(word)) ? "an encoded text" : PLAIN;
}

/** Letters and digits without anything between them. Names and paths have no such words. */
function words(text: string, least: number): string[] {
  return text.match(/[A-Za-z\d+=]+/g)?.filter((word) => word.length >= least) ?? [];
}

/**
 * Whether a text has a part of some length that looks like random data in base64: lower case, upper case and digits take
 * turns at five in ten places there, and a sign stands at one in thirty. In names few places change, and more have signs.
 * Few keys of 32 bytes pass for a name, and no longer ones.
 */
function isMixed(text: string, length: number): boolean {
  const most = 0.125 * length;
  return (text.match(/[\w+/=-]+/g) ?? []).some((run) => {
    let changes = 0;
    for (let at = 1; at < run.length; at++) {
      changes += changeAt(run, at);
      if (at >= length) changes -= changeAt(run, at - length + 1);
      if (at >= length - 1 && changes >= most) return true;
    }
    return false;
  });
}

/** One where a character is of another class than the one before. A capital belongs to the word that it begins. */
function changeAt(run: string, at: number): -1 | 0 | 1 {
  const [former, before, here] = [classOf(run, at - 2), classOf(run, at - 1), classOf(run, at)];
  if (here === SIGN) return -1;
  if (before === SIGN || before === here) return 0;
  return before === UPPER && here === LOWER && former !== UPPER ? 0 : 1;
}

const [SIGN, DIGIT, UPPER, LOWER] = [0, 1, 2, 3] as const;

function classOf(run: string, at: number) {
  const code = run.charCodeAt(at); // NaN before the first
  if (code >= 48 && code <= 57) return DIGIT;
  if (code >= 65 && code <= 90) return UPPER;
  return code >= 97 && code <= 122 ? LOWER : SIGN;
}

/** SHA-1 to SHA-512 in hexadecimal, which messages on downloads and images have. */
function isChecksum(run: string): boolean {
  return /^[\da-f]+$/.test(run) && [40, 64, 96, 128].includes(run.length);
}
