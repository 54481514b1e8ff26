/** The most characters of a line. */
const mostCharacters = 2000;
/** Control characters, line ends of Unicode, halves of characters, and what turns the direction of writing. */
const unsafe = /[\p{Cc}\p{Zl}\p{Zp}\p{Cs}\p{Bidi_Control}]+/gu;

/**
 * Makes one line of a text from outside. What could end a line, move a terminal's cursor or hide a text becomes a space.
 * Everything that goes into a log or a message passes here.
 */
export function plainLine(text: string): string {
  const line = text.replace(unsafe, " ");
  return line.length > mostCharacters ? `${line.slice(0, mostCharacters)}…` : line;
}

/** Whether a text is one line, and shows all that it holds. */
export function isPlain(text: string): boolean {
  return text.search(unsafe) < 0;
}
