import { Agent, MockAgent } from "undici";
import { afterEach, expect, it } from "vitest";
import { Dispatchers } from "../../network/dispatchers";

const SHOWN_TO_UNDICI_7 = Symbol.for("undici.globalDispatcher.1");
const OF_UNDICI_8 = Symbol.for("undici.globalDispatcher.2");
const globals = globalThis as Record<symbol, unknown>;
const before = [globals[SHOWN_TO_UNDICI_7], globals[OF_UNDICI_8]];

/** As undici 8, which Node.js 26 has, shows its own dispatcher to undici 7. */
class Dispatcher1Wrapper {}

function put(shown: unknown, own: unknown): void {
  [globals[SHOWN_TO_UNDICI_7], globals[OF_UNDICI_8]] = [shown, own];
}

afterEach(() => put(before[0], before[1]));

const way = () => new Dispatchers({}, { HTTPS_PROXY: "http://proxy.example:3128" }).for(new URL("https://a.example"));

it("a proxy of the environment is followed beside the default dispatcher, in whatever form Node.js shows it", () => {
  put(new Agent(), new Agent());
  expect(way()).toBeDefined();
  put(new Dispatcher1Wrapper(), new Agent());
  expect(way()).toBeDefined();
});

it("a dispatcher that the program has set for everything goes before it, likewise", () => {
  put(new MockAgent(), new MockAgent());
  expect(way()).toBeUndefined();
  put(new Dispatcher1Wrapper(), new MockAgent());
  expect(way()).toBeUndefined();
});
