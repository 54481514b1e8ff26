import { describe, expect, it } from "vitest";
import { TokenError } from "../../machines/errors";
import { addHeaders, joinObservers, note, type Observer, observe, watch } from "../../machines/observer";

const operation = { name: "guarded_request" } as const;
const failing: Observer = {
  begin: () => {
    throw new Error("begin");
  },
  note: () => {
    throw new Error("note");
  },
  watch: () => {
    throw new Error("watch");
  },
  headers: () => {
    throw new Error("headers");
  },
};

/** Writes down what it is told. */
function writing(name: string, lines: unknown[]): Observer {
  return {
    begin: ({ name: what }) => ({
      run: (work) => {
        lines.push(`${name} runs ${what}`);
        return work();
      },
      end: (outcome) => lines.push([name, outcome]),
    }),
    note: (event) => lines.push([name, event]),
    watch: () => () => lines.push(`${name} ends`),
    headers: () => ({ [name]: "1", both: name }),
  };
}

describe("observe", () => {
  it("does the work alone where nobody observes", () => {
    const work = Promise.resolve(1);
    expect(observe(undefined, operation, () => work)).toBe(work);
    expect(joinObservers(undefined)).toBeUndefined();
    expect(joinObservers([])).toBeUndefined();
  });

  it("tells all observers, nested in their order, how it ended", async () => {
    const lines: unknown[] = [];
    const observer = joinObservers([writing("a", lines), {}, writing("b", lines)]);
    expect(
      await observe(
        observer,
        operation,
        async () => 1,
        () => ({ code: "OK", caller: "c" }),
      ),
    ).toBe(1);
    const error = new TokenError("ERR_TOKEN_CLAIM", "x");
    await expect(observe(observer, operation, () => Promise.reject(error))).rejects.toBe(error);
    await expect(observe(observer, operation, () => Promise.reject(new RangeError()))).rejects.toThrow(RangeError);
    const runs = ["a runs guarded_request", "b runs guarded_request"];
    const ends = (outcome: object) => [
      ["b", outcome],
      ["a", outcome],
    ];
    expect(lines).toEqual([
      ...[...runs, ...ends({ code: "OK", caller: "c" })],
      ...[...runs, ...ends({ code: "ERR_TOKEN_CLAIM" })],
      ...[...runs, ...ends({ code: "OTHER" })],
    ]);
  });

  it("goes on where an observer fails, and tells the others", async () => {
    const lines: unknown[] = [];
    for (const observers of [[failing], [failing, writing("a", lines)], [writing("a", lines), failing]]) {
      lines.length = 0;
      const observer = joinObservers(observers)!;
      expect(await observe(observer, operation, async () => 1)).toBe(1);
      note(observer, { name: "replayed_proof" });
      watch(observer, { use: "tls", clientId: "x", read: () => undefined })();
      const headers = new Headers();
      addHeaders(observer, headers);
      const told = observers.length === 1 ? 0 : 4;
      expect([lines.length, [...headers].length]).toEqual([told, told / 2]);
    }
    const odd: Observer = {
      begin: () => ({
        end: () => {
          throw new Error("end");
        },
      }),
    };
    expect(await observe(odd, operation, async () => 1)).toBe(1);
  });

  it("does the work once, and gives its value, whatever an observer makes of it", async () => {
    const runs: ((work: () => unknown) => unknown)[] = [
      () => {
        throw new Error("run");
      },
      (work) => {
        work();
        throw new Error("run");
      },
      () => "forged",
      (work) => [work(), work()],
      async (work) => await work(),
    ];
    for (const run of runs) {
      const odd: Observer = { begin: () => ({ run: run as never, end: () => {} }) };
      for (const observer of [odd, joinObservers([odd, writing("a", [])]), joinObservers([writing("a", []), odd])]) {
        let times = 0;
        expect(await observe(observer, operation, async () => ++times)).toBe(1);
        const error = new TokenError("ERR_TOKEN_CLAIM", "x");
        await expect(observe(observer, operation, () => Promise.reject(error))).rejects.toBe(error);
      }
    }
  });

  it("goes on where an observer fails later, or has headers that cannot be sent", async () => {
    const later = async () => {
      throw new Error("later"); // which would end the process, if nobody took it
    };
    const odd: Observer = { begin: () => ({ end: later }), note: later, headers: () => ({ "a b": "1", c: "\n\0" }) };
    expect(await observe(odd, operation, async () => 1)).toBe(1);
    note(odd, { name: "replayed_proof" });
    addHeaders(odd, new Headers());
    await new Promise(setImmediate);
  });

  it("leaves headers that a request has", () => {
    const headers = new Headers({ both: "mine" });
    addHeaders(joinObservers([writing("a", []), writing("b", [])]), headers);
    expect(Object.fromEntries(headers)).toEqual({ a: "1", b: "1", both: "mine" });
  });
});

it("observers are a list, which is checked at once", () => {
  for (const odd of [{}, "x", [1], [null], null]) {
    expect(() => joinObservers(odd as never)).toThrow(
      "`observers` must be a list, such as [createMetrics(client)], got: ",
    );
  }
});
