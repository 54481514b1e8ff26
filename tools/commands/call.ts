import { shown } from "../../constructs/keys/shown";
import { plainLine } from "../../network/plain-text";
import { call, callByBash, token } from "../calls/call";
import { WHERE } from "../calls/choose-client";
import { findCaller, KEY_FILE, type Wanted } from "../calls/find-environment";
import { command, usage } from "../cli/command";
import { type Output, ToolError } from "../output";
import { openProject } from "../project/project";

export const callCommand = command({
  name: "call",
  words: "[CLIENT_ID]",
  help: "machine-a, or another client, calls the protected API",
  options: {
    bash: { help: "by the Bash client" },
    online: { help: "with verification by introspection" },
    url: { value: "URL", help: "another address than that of the project's API" },
    ...WHERE,
    ...KEY_FILE,
  },
  async run({ words: [clientId], options, out }) {
    await callApi(out, { clientId, calls: true, ...options });
    return 0;
  },
});

export const tokenCommand = command({
  name: "token",
  words: "CLIENT_ID",
  help: "print an access token of the client",
  options: { ...WHERE, ...KEY_FILE },
  async run({ words: [clientId = ""], options, out }) {
    await printToken(out, { clientId, calls: false, ...options });
    return 0;
  },
});

/** Has a machine call the protected API. Prints `HTTP 200` and the caller; any other answer is a failure. */
async function callApi(out: Output, options: Wanted & { bash: boolean; online: boolean }): Promise<void> {
  checkUrl(options);
  const { clientId, environment } = await findCaller(openProject(), out, options);
  if (options.bash) {
    const text = await callByBash(environment, clientId, options.online);
    out.result(text, { output: text.split("\n") });
    return;
  }
  const { status, body, wwwAuthenticate } = await call(environment, clientId, options.online);
  const { caller, verified } = (body ?? {}) as { caller?: string; verified?: string };
  if (status !== 200) {
    throw new ToolError(
      "call-failed",
      `${environment.api}${options.online ? "/online" : ""} answered HTTP ${status}${wwwAuthenticate ? ` (${wwwAuthenticate})` : ""}`,
    );
  }
  // An API of somebody's own need not say these two.
  const said = Object.entries({ caller, verified }).filter(([, value]) => value !== undefined);
  const lines = [`HTTP ${status}`, ...said.map(([name, value]) => `${name}: ${value}`)].map(plainLine);
  out.result(lines.join("\n"), { status, answer: body });
}

/** Reads `--url`. */
function checkUrl({ url, online }: { readonly url?: string; readonly online: boolean }): void {
  if (url === undefined) return;
  if (online) throw usage("--online is for the project's own API; give its address by --url alone");
  if (URL.canParse(url) && /^https?:$/.test(new URL(url).protocol)) return;
  throw usage(`--url must be an http or https address, got: ${shown(url)}`);
}

/** Prints an access token, for `curl -H @-` and the like. */
async function printToken(out: Output, wanted: Wanted): Promise<void> {
  const { clientId, environment: issuer } = await findCaller(openProject(), out, wanted);
  const accessToken = await token(issuer, clientId);
  const isBound = issuer.dpopBound.includes(clientId);
  if (isBound) out.warn("the token is bound to a key that only this run had: no API accepts it (DPoP)");
  const isForCertificate = issuer.certificateBound.includes(clientId);
  if (isForCertificate)
    out.warn("the token is bound to the client's certificate: it is good over connections with that alone");
  out.result(accessToken, { access_token: accessToken, token_type: isBound ? "DPoP" : "Bearer" });
}
