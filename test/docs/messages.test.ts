// Holds the messages that the documentation quotes: the code has them.
import { expect, it } from "vitest";
import { EXISTS_ALREADY } from "../../constructs/contract/provider-errors";
import { ANY_KEY } from "../../constructs/keys/algorithms";
import { CONSTRUCT_PAGES, codeSpans, firstCells, read, section, sources } from "./pages";

/** The sources, with texts put together that are written in parts. */
const code = [read("m2m"), sources("constructs", "machines", "network", "provider", "tools")]
  .join("\n")
  .replaceAll(/["'`]\s*\+\s*["'`]/g, "")
  .replaceAll("\\`", "`")
  .replaceAll(/\$\{ANY_KEY\}/g, ANY_KEY)
  .replaceAll(/\$\{EXISTS_ALREADY\}/g, EXISTS_ALREADY);

/** Messages are quoted with `…` for what differs from case to case. */
function unknown(messages: readonly string[]): string[] {
  return messages
    .flatMap((message) => message.split("…").map((part) => part.trim()))
    .filter((part) => part.length > 5 && !code.includes(part));
}

it("the messages in troubleshooting are in the code", () => {
  const messages = firstCells(read("docs/troubleshooting.md"))
    .filter((cell) => cell.startsWith("`"))
    .flatMap(codeSpans);
  expect(messages.length).toBeGreaterThan(40);
  expect(unknown(messages)).toEqual([]);
});

it.each([...CONSTRUCT_PAGES].filter(([name]) => name !== "PrivateLocalBackend"))(
  "the messages on the page of %s are in the code",
  (_, page) => {
    const messages = firstCells(section(page, "Errors"))
      .filter((cell) => cell.startsWith("`"))
      .flatMap(codeSpans);
    expect(messages.length).toBeGreaterThan(4);
    expect(unknown(messages)).toEqual([]);
  },
);
