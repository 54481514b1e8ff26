import { describe, expect, it } from "vitest";
import { statusPage } from "../../../tools/status/page";
import { printStatus } from "../../../tools/status/print";
import { STATUS, UNKNOWN } from "./example";

describe("the status in a terminal and in a pipe", () => {
  it("has a block for each question, its columns below each other", () => {
    expect(printStatus(STATUS)).toBe(`http://localhost:8080
  keycloak   up
  machine-b  DOWN

alerts
  critical  MachineDown: the machine machine-b does not answer, since 2026-11-30T10:00:00Z
    Look at the container and its log.
    docs/monitoring.md#machinedown

tokens in the last hour
  sjwt <b>a</b>   12 granted  0 refused
  sjwt machine-a  3 granted   7 refused  invalid_client_credentials 7

calls in the last hour
  machine-a → machine-b  40 passed  2 refused  ERR_TOKEN_EXPIRED 2

signing keys
  machine-a  fW2aBcDe RS256  since 2026-11-01  until 2099-11-01, 900 days left

certificates
  certs/b-tls.crt  peer  until 2020-01-01, HAS ENDED`);
  });

  it("says why nothing is known, in place of figures", () => {
    expect(printStatus({ ...STATUS, servers: [UNKNOWN] })).toMatch(
      /^http:\/\/localhost:8080\n {2}no answer; `m2m up` brings a container back\n\nsigning keys\n/,
    );
  });
});

describe("the status as a page", () => {
  const page = statusPage(STATUS);

  it("holds what others named as text", () => {
    expect(page).toContain("&lt;b&gt;a&lt;/b&gt;");
    expect(page).not.toContain("<b>a</b>");
  });

  it("says in words what it colours", () => {
    expect(page).toContain('<td class="bad">DOWN</td>');
    expect(page).toContain("until 2020-01-01, HAS ENDED</td>");
  });

  it("needs nothing else: no script, and no address to load from", () => {
    expect(page).not.toMatch(/<script|<link|src=|url\(/);
    expect(page).toContain("default-src 'none'");
  });

  it("says why nothing is known, in place of figures", () => {
    expect(statusPage({ ...STATUS, servers: [UNKNOWN] })).toContain('<p class="bad">no answer;');
  });
});
