import { decodeJwt } from "jose";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type Issuer, openIssuer } from "../../../machines/calling/open-issuer";
import { requestToken } from "../../../machines/calling/request-token";
import { createSkewedClock } from "../../../machines/calling/skewed-clock";
import { createVerifier } from "../../../machines/verifying/verify-token";
import { TestIssuer, type TestKey, testFolder } from "../issuer-fixture";

const lines: string[] = [];
const log = (line: string) => lines.push(line);
beforeEach(() => {
  lines.length = 0;
});

describe("createSkewedClock", () => {
  const start = 1_700_000_000_000;
  /** A machine's clock, and answers of an issuer whose clock is `seconds` ahead of it; each takes `tripMs`. */
  function setUp() {
    let machine = start;
    const clock = createSkewedClock(() => new Date(machine), "the-issuer", log);
    return {
      clock,
      offset: () => clock.issuerNow().getTime() - machine,
      /** The `fraction` of the issuer's second that has passed when it answers. */
      answer(seconds: number, tripMs = 0, fraction = 0) {
        machine = Math.floor(machine / 1000 + 10) * 1000 + fraction; // some other moment
        const sentAt = new Date(machine);
        machine += tripMs;
        clock.observe(new Date(Math.floor((sentAt.getTime() + tripMs / 2 + seconds * 1000) / 1000) * 1000), sentAt);
      },
    };
  }

  it("takes the machine's clock as it is until it learns better", () => {
    expect([setUp().offset(), lines]).toEqual([0, []]);
  });

  it.each([2.6, 15, 299, -2.6, -15, -299])("corrects %d s, to a second", (seconds) => {
    const { answer, offset } = setUp();
    for (const fraction of [0, 400, 999]) {
      answer(seconds, 40, fraction);
      expect(Math.abs(offset() - seconds * 1000)).toBeLessThanOrEqual(600);
    }
    expect(lines).toHaveLength(1);
    const side = seconds > 0 ? "behind" : "ahead of";
    expect(lines[0]).toMatch(
      new RegExp(`^machine: this machine's clock is \\d+ s ${side} that of the-issuer; assertions are dated by`),
    );
  });

  it.each([0, 1, 1.4, -1, -1.4])("lets %d s be, wherever in the second an answer comes", (seconds) => {
    const { answer, offset } = setUp();
    for (const fraction of [0, 250, 500, 999]) {
      answer(seconds, 0, fraction);
      expect(offset()).toBe(0);
    }
    expect(lines).toEqual([]);
  });

  it.each([302, 3600, 1e6, -302, -3600])("reports %d s once, and does not follow", (seconds) => {
    const { answer, offset } = setUp();
    for (let i = 0; i < 5; i++) answer(seconds, 0, 300 * i);
    expect(offset()).toBe(0);
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain("more than the 300 s that are corrected; set the clock");
  });

  it("does not take a slow answer for a wrong clock", () => {
    const { answer, offset } = setUp();
    answer(0, 5000);
    answer(4, 5000); // within 2 s and half of the way
    expect([offset(), lines]).toEqual([0, []]);
    answer(6, 5000);
    expect(offset()).not.toBe(0);
  });

  it("says so once when the clocks part, part further, and agree again", () => {
    const { answer, offset } = setUp();
    for (const seconds of [30, 30, 31, 29, 60, 60, 0, 0, 1, 30]) answer(seconds);
    expect(lines.map((line) => /(\d+ s behind|agrees)/.exec(line)?.[0])).toEqual([
      "31 s behind",
      "61 s behind",
      "agrees",
      "31 s behind",
    ]);
    answer(0);
    expect(offset()).toBe(0);
  });

  it("ignores what is no time", () => {
    const { clock, offset } = setUp();
    for (const odd of [new Date(Number.NaN), new Date("yesterday"), new Date(8.64e15 + 1)])
      clock.observe(odd, new Date());
    expect([offset(), lines]).toEqual([0, []]);
  });
});

describe("a machine with a wrong clock", () => {
  const folder = testFolder();
  let server: TestIssuer;
  let signingKey: TestKey;
  let issuer: Issuer;
  /** What the machine's clock is ahead of the issuer's, in seconds. */
  const open = (ahead: number) => {
    const now = () => new Date(Date.now() + ahead * 1000);
    const at = { issuer: server.url, connectTo: server.connectTo, allowInsecureHttp: true };
    issuer = openIssuer({ ...at, now, log });
    return issuer;
  };
  /** Has all answers come with these headers, or without a `Date`. */
  const answerWith = (more: { headers?: Record<string, string>; dated?: boolean }) => {
    for (const [path, answer] of server.answers) {
      server.answers.set(path, async (received) => ({ ...(await answer(received)), ...more }));
    }
  };
  const grant = () => requestToken(issuer, { clientId: "machine-a", signingKey });
  const issuedAt = () => {
    const form = server.received.findLast(({ path }) => path.endsWith("/token"))!.form;
    return decodeJwt(form.get("client_assertion")!).iat! - Date.now() / 1000;
  };
  beforeAll(async () => {
    server = await new TestIssuer(await folder.rsaKey("realm.key")).start();
    signingKey = await folder.rsaKey("machine-a.key");
    server.clients.set("machine-a", signingKey);
  });
  beforeEach(() => server.reset());
  afterAll(async () => {
    await server.stop();
    folder.remove();
  });

  it.each([-250, -40, 40, 250])("%d s ahead gets its token at the first attempt", async (ahead) => {
    open(ahead);
    expect(await grant()).toMatchObject({ expiresInSeconds: 300 });
    expect(Math.abs(issuedAt())).toBeLessThan(3);
    await grant();
    expect(lines).toHaveLength(1);
  });

  it.each([
    ["one that caches have kept for a while", { headers: { age: "120" } }],
    ["none", { dated: false }],
    ["one that is not a date", { headers: { date: "soon" } }],
  ])("does not follow a Date header like this: %s", async (_name, more) => {
    answerWith(more);
    open(40);
    await expect(grant()).rejects.toMatchObject({ code: "ERR_CLIENT_REFUSED" }); // dated by its own clock
    expect(Math.round(issuedAt())).toBeGreaterThanOrEqual(38);
    expect(lines).toEqual([]);
  });

  it("learns from a granted token where answers have no Date, as Keycloak's have none", async () => {
    answerWith({ dated: false });
    open(-40); // old enough assertions are taken, so that a first token is granted
    await grant();
    expect(Math.round(issuedAt())).toBeLessThanOrEqual(-38);
    await grant();
    expect(Math.abs(issuedAt())).toBeLessThan(3);
    expect(lines).toHaveLength(1);
  });

  it.each([
    ["is opaque", "opaque"],
    [
      "says no time",
      `${Buffer.from("{}").toString("base64url")}.${Buffer.from('{"iat":"x"}').toString("base64url")}.x`,
    ],
  ])("learns nothing from a token that %s", async (_name, accessToken) => {
    const body = { access_token: accessToken, token_type: "Bearer", expires_in: 300 };
    server.answers.set("/token", () => ({ body }));
    answerWith({ dated: false });
    open(-40);
    for (let i = 0; i < 2; i++) expect((await grant()).accessToken).toBe(accessToken);
    expect(Math.round(issuedAt())).toBeLessThanOrEqual(-38);
  });

  describe("where the issuer's clock is set, and its answers have no Date", () => {
    let issuerIsAheadMs = 0;
    const issuerNow = () => Math.floor((Date.now() + issuerIsAheadMs) / 1000);
    const body = { error: "invalid_client", error_description: "Token is not active" };
    beforeEach(() => {
      server.answers.set("/token", async ({ form }) => {
        const { iat = 0, exp = 0 } = decodeJwt(form.get("client_assertion")!);
        if (iat > issuerNow() + 15 || exp < issuerNow()) return { status: 400, body };
        const access_token = await server.mint({ iat: issuerNow(), exp: issuerNow() + 300 });
        return { body: { access_token, token_type: "Bearer", expires_in: 300 } };
      });
      answerWith({ dated: false });
    });

    it("forward and back, every token is granted, by one more request where the clock was set", async () => {
      open(0);
      for (const [ahead, requests] of [
        [0, 1],
        [40, 1], // old enough assertions are taken
        [40, 1],
        [0, 2],
        [0, 1],
        [-20, 2],
      ] as const) {
        issuerIsAheadMs = ahead * 1000;
        const before = server.received.length;
        // The last one is ahead for both clocks that are known: nothing helps there.
        await grant().catch((error) => expect([ahead, error.code]).toEqual([-20, "ERR_CLIENT_REFUSED"]));
        expect(server.received.length - before, `${ahead}`).toBeLessThanOrEqual(requests + 1); // and metadata
      }
    });

    it("back, every one of many requests at once is granted", async () => {
      open(0);
      issuerIsAheadMs = 40_000;
      await grant();
      issuerIsAheadMs = 0;
      await Promise.all(Array.from({ length: 20 }, grant));
    });

    it("a refusal for another reason makes it forget nothing", async () => {
      const judging = server.answers.get("/token")!;
      open(0);
      issuerIsAheadMs = 40_000;
      await grant();
      server.answers.set("/token", () => ({ status: 400, body, dated: false }));
      for (let i = 0; i < 3; i++) await expect(grant()).rejects.toMatchObject({ code: "ERR_CLIENT_REFUSED" });
      server.answers.set("/token", judging);
      issuerIsAheadMs = 70_000; // within reach of what was learned alone
      await grant();
    });
  });

  it("judges tokens by its own clock all the same", async () => {
    const verify = createVerifier(open(250), { audience: "machine-b" });
    await expect(verify(await server.mint({ exp: Math.floor(Date.now() / 1000) + 200 }))).rejects.toMatchObject({
      code: "ERR_TOKEN_EXPIRED",
    });
  });
});

describe("a clock that is set right", () => {
  it("is believed at once, and what was learned of it before is dropped", () => {
    let wrongMs = -40_000;
    const now = () => new Date(Date.now() + wrongMs);
    const clock = createSkewedClock(now, "http://issuer.test", () => {});
    clock.observe(new Date(), now());
    expect(Math.abs(clock.issuerNow().getTime() - Date.now())).toBeLessThan(2000);
    wrongMs = 0;
    expect(Math.abs(clock.issuerNow().getTime() - Date.now())).toBeLessThan(2000);
  });
});

describe("a clock that is left after a refusal", () => {
  it("is left, although the refusal itself has taught almost the same again", () => {
    const clock = createSkewedClock(
      () => new Date(),
      "http://issuer.test",
      () => {},
    );
    const learn = (aheadMs: number) => clock.observe(new Date(Date.now() + aheadMs), new Date());
    learn(40_000);
    const refused = clock.offset();
    learn(40_300); // such as by a proxy whose clock dates the answers of an issuer whose own is right
    expect(clock.leave(refused)).toBe(true);
    expect(clock.offset()).toBe(0);
  });

  it("is not left again for another request that was refused with it", () => {
    const clock = createSkewedClock(
      () => new Date(),
      "http://issuer.test",
      () => {},
    );
    clock.observe(new Date(Date.now() + 40_000), new Date());
    const refused = clock.offset();
    for (let request = 0; request < 3; request++) {
      expect(clock.leave(refused)).toBe(true);
      expect(clock.offset()).toBe(0);
    }
  });
});
