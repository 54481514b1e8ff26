// The form: base64url, JSON, header parameters that want to be obeyed.

import { execFileSync } from "node:child_process";
import { type Case, type Input, jwk, SAYS } from "../case";
import { type Base, base64url, type Change, forge } from "../forge";

const malformed = (sent: string, token: (base: Base) => string, keycloak = SAYS.unreadable): Input => ({
  sent,
  token,
  verifier: "ERR_TOKEN_MALFORMED",
  keycloak,
});
const bent = (sent: string, change: Change | ((base: Base) => Change), keycloak = SAYS.unreadable) =>
  malformed(sent, (base) => forge(base, typeof change === "function" ? change(base) : change), keycloak);

/** Changes the text of one part after base64url, before the signature is made over it. */
const rewritten = (place: 0 | 1 | 2, change: (text: string) => string): Change => ({
  encode: (part, at) => (at === place ? change(base64url(part)) : base64url(part)),
});
const padded = (text: string) => text + "=".repeat((4 - (text.length % 4)) % 4 || 1);
const broken = (text: string, by: string) => text.slice(0, 20) + by + text.slice(20);

/** Signed by a foreign key, which the header brings along. */
const brought = (sent: string, header: (base: Base) => object, keycloak = SAYS.signature): Input => ({
  sent,
  token: (base) => forge({ ...base, key: base.foreign }, { header: { kid: base.key.kid, ...header(base) } }),
  verifier: "ERR_TOKEN_SIGNATURE",
  keycloak,
});

export const encodingCases: Case[] = [
  {
    number: 13,
    title: "base64url that is not strict, but signed in this form",
    inputs: [
      bent("`=` after the signature", rewritten(2, padded), "accepted"),
      bent("`=` after the header", rewritten(0, padded), "accepted"),
      bent("`=` after the payload", rewritten(1, padded)),
      bent(
        "a blank in the signature",
        rewritten(2, (text) => broken(text, " ")),
        SAYS.signature,
      ),
      bent(
        "a blank in the payload",
        rewritten(1, (text) => broken(text, " ")),
      ),
      bent(
        "a line break in the signature",
        rewritten(2, (text) => broken(text, "\n")),
        SAYS.signature,
      ),
      bent(
        "a line break in the header",
        rewritten(0, (text) => broken(text, "\r\n")),
      ),
      malformed("`+` and `/` in the signature", (base) => withOtherAlphabet(base), "accepted"),
      bent(
        "a sign outside of any alphabet",
        rewritten(2, (text) => broken(text, "*")),
      ),
      malformed("stray bits in the last sign of the signature", (base) => strayBits(forge(base)), "accepted"),
    ],
  },
  {
    number: 14,
    title: "a key in the header; nobody fetches the address in it",
    inputs: [
      brought("`jwk`", (base) => ({ jwk: jwk(base.foreign) })),
      brought("`jwk`, and its `kid`", (base) => ({ kid: base.foreign.kid, jwk: jwk(base.foreign) }), SAYS.key),
      brought("`x5c`", (base) => ({ x5c: [certificate(base)] })),
      brought("`jku`", (base) => ({ jku: base.watched })),
      brought("`jku`, and its `kid`", (base) => ({ kid: base.foreign.kid, jku: base.watched }), SAYS.key),
      brought("`x5u`", (base) => ({ x5u: base.watched })),
      brought("an address as `kid`", (base) => ({ kid: base.watched }), SAYS.key),
    ],
  },
  {
    number: 15,
    title: "header parameters that must be understood",
    inputs: [
      bent("`crit` names an unknown one", { header: { crit: ["x"], x: 1 } }, "accepted"),
      bent("`crit` is empty", { header: { crit: [] } }, "accepted"),
      bent("`crit` names one twice", { header: { crit: ["x", "x"], x: 1 } }, "accepted"),
      bent("`crit` names `alg`", { header: { crit: ["alg"] } }, "accepted"),
      bent("`crit` is a text", { header: { crit: "exp" } }, "accepted"),
      bent(
        "`b64` false, as `crit` says",
        {
          header: { b64: false, crit: ["b64"] },
        },
        "accepted",
      ),
      bent("`b64` false, without `crit`", { header: { b64: false } }, "accepted"),
    ],
  },
  {
    number: 16,
    title: "the JSON form instead of the compact one",
    inputs: [
      malformed("flattened", (base) => {
        const [head, payload, signature] = forge(base).split(".");
        return JSON.stringify({ protected: head, payload, signature });
      }),
      malformed("general", (base) => {
        const [head, payload, signature] = forge(base).split(".");
        return JSON.stringify({ payload, signatures: [{ protected: head, signature }] });
      }),
    ],
  },
  {
    number: 17,
    title: "the same name twice",
    inputs: [
      bent("`aud`, the good one last", { payloadText: twice('"aud":"elsewhere"') }, "accepted"),
      bent(
        "`aud`, the good one first",
        { payloadText: (json) => json.replace(/}$/, ',"aud":"elsewhere"}') },
        SAYS.audience,
      ),
      bent("`sub`, the good one last", { payloadText: twice('"sub":"somebody-else"') }, "accepted"),
      bent("`exp`, written with an escape", { payloadText: twice('"\\u0065xp":4000000000') }, "accepted"),
      bent("`alg`, the good one last", { headerText: twice('"alg":"none"') }, "accepted"),
      bent("`kid`, the good one last", { headerText: twice('"kid":"unknown"') }, "accepted"),
    ],
  },
  {
    number: 18,
    title: "a payload or header that is not a JSON object in UTF-8",
    inputs: [
      bent("invalid UTF-8 in a claim", { payloadText: (json) => invalidUtf8(json) }),
      bent("invalid UTF-8 in the header", { headerText: (json) => invalidUtf8(json) }),
      bent("a byte order mark before the payload", { payloadText: (json) => `\ufeff${json}` }, "accepted"),
      bent("a byte order mark before the header", { headerText: (json) => `\ufeff${json}` }, "accepted"),
      bent("UTF-16", { payloadText: (json) => Buffer.from(json, "utf16le") }, "accepted"),
      ...["[]", "null", '"text"', "1", "true", "{", ""].map((text) =>
        bent(text === "" ? "an empty payload" : `the payload \`${text}\``, { payloadText: () => text }),
      ),
      bent("a list around the claims", { payloadText: (json) => `[${json}]` }),
      bent("something after the claims", { payloadText: (json) => `${json}{}` }, "accepted"),
      bent("the header `null`", { headerText: () => "null" }),
      bent("the header `[]`", { headerText: () => "[]" }),
      {
        sent: "1,100 lists in one another, in a claim nobody reads",
        token: (base) => forge(base, { payloadText: nested }),
        verifier: "accepted",
        keycloak: SAYS.unreadable,
      },
    ],
  },
];

function twice(member: string): (json: string) => string {
  return (json) => json.replace(/^{/, `{${member},`);
}

function invalidUtf8(json: string): Buffer {
  return Buffer.concat([Buffer.from(json.replace(/}$/, ',"x":"')), Buffer.from([0xc3, 0x28]), Buffer.from('"}')]);
}

function nested(json: string): string {
  return json.replace(/}$/, `,"x":${"[".repeat(1100)}${"]".repeat(1100)}}`);
}

/** A token whose signature has a sign in which the two alphabets differ. */
function withOtherAlphabet(base: Base): string {
  for (let attempt = 0; ; attempt++) {
    const parts = forge(base, { claims: { attempt } }).split(".");
    const signature = parts[2]!.replaceAll("-", "+").replaceAll("_", "/");
    if (signature !== parts[2]) return parts.with(2, signature).join(".");
  }
}

/** The last sign of 64 or 256 bytes has bits to spare: another sign stands for the same bytes. */
function strayBits(token: string): string {
  const signs = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  return token.slice(0, -1) + signs[signs.indexOf(token.at(-1)!) ^ 1];
}

/** A certificate for the foreign key, signed by itself. */
function certificate(base: Base): string {
  const options = [
    "req",
    "-x509",
    "-key",
    base.foreign.file,
    "-subj",
    "/CN=machine-a",
    "-days",
    "1",
    "-outform",
    "DER",
  ];
  return execFileSync("openssl", options, { stdio: ["ignore", "pipe", "ignore"] }).toString("base64");
}
