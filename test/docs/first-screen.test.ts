// Holds the first screen of the README: what it is, how to start it, what one sees and how to take it down.
import { describe, expect, it } from "vitest";
import { read } from "./pages";

describe("the README's first screen", () => {
  const screen = read("README.md").split("\n").slice(0, 40).join("\n");

  it.each([
    "./m2m up",
    "./m2m test",
    "npx cdktf deploy",
    "npx cdktf diff",
    "npx cdktf destroy",
    "npm test",
    "./m2m down",
  ])("shows %s", (command) => expect(screen).toContain(command));

  it("shows what up prints, the console and its administrator", () => {
    for (const text of [
      "HTTP 200 from http://machine-b:3000/api/protected",
      "caller: machine-a",
      "http://localhost:8080",
      "change_me",
    ]) {
      expect(screen).toContain(text);
    }
  });
});
