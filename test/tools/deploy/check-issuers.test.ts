import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { realmMarker } from "../../../constructs/contract/markers";
import { checkIssuers } from "../../../tools/deploy/check-issuers";
import type { Stack } from "../../../tools/project/project";
import { recordOutput } from "../parts";

const DISCOVERY = "/realms/r/.well-known/openid-configuration";

let answer: { status: number; body: string };
let asked: string[];
const server = createServer((request, response) => {
  asked.push(request.url!);
  response.writeHead(answer.status).end(answer.body);
});
let url: string;
beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
beforeEach(() => {
  asked = [];
});
afterAll(() => void server.close());

/** What is told of a realm that each of some stacks refers to. */
async function told(issuer: string, stacks = 1, realmName = "r"): Promise<string[]> {
  const [path, realm] = realmMarker("address", { url, realmName, issuer });
  const json = { terraform: {}, "//": { realms: { [path]: realm } } };
  const stack: Stack = { name: "m2m", folder: "/", json, remarks: [] };
  const out = recordOutput();
  await checkIssuers(Array(stacks).fill(stack), out);
  return out.warned;
}

describe("the issuer of a realm", () => {
  it("is asked for once at the server's own address, and not mentioned if it is as declared", async () => {
    answer = { status: 200, body: JSON.stringify({ issuer: "https://sso.example/realms/r" }) };
    expect(await told("https://sso.example/realms/r", 3)).toEqual([]);
    expect(asked).toEqual([DISCOVERY]);
  });

  it("is told where Keycloak says another, with both ways to mend it", async () => {
    answer = { status: 200, body: JSON.stringify({ issuer: `${url}/realms/r` }) };
    const [text, ...more] = await told("https://sso.example/realms/r");
    expect(text).toContain(
      `Keycloak says that the issuer of realm r is ${url}/realms/r, but it is declared as https://sso.example/realms/r`,
    );
    expect(text).toMatch(/`issuerBase` .* frontend URL/);
    expect(more).toEqual([]);
  });

  it("is not asked for in realm master, whose clients are not told it", async () => {
    expect(await told("https://sso.example/realms/master", 1, "master")).toEqual([]);
    expect(asked).toEqual([]);
  });

  it.each([
    ["HTTP 404", { status: 404, body: "" }],
    ["no issuer in it", { status: 200, body: "{}" }],
    ["Unexpected token", { status: 200, body: "<html>" }],
  ])("is said to be unknown where the answer is not one: %s", async (why, given) => {
    answer = given;
    const [text] = await told("https://sso.example/realms/r");
    expect(text).toContain(`the issuer of realm r was not checked: ${url}${DISCOVERY} gave ${why}`);
  });
});
