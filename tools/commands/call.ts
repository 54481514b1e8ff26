import { plainLine } from "../../network/plain-text";
import { call, callByBash, token } from "../calls/call";
import { readEnvironment, readIssuer } from "../calls/environment";
import { command } from "../cli/command";
import { type Output, ToolError } from "../output";
import { openProject } from "../project/project";
import { localStates } from "../project/state";

export const callCommand = command({
  name: "call",
  words: "[CLIENT_ID]",
  help: "machine-a, or another client, calls the protected API",
  options: {
    bash: { help: "by the Bash client" },
    online: { help: "with verification by introspection" },
  },
  async run({ words: [clientId = "machine-a"], options, out }) {
    await callApi(out, { clientId, ...options });
    return 0;
  },
});

export const tokenCommand = command({
  name: "token",
  words: "CLIENT_ID",
  help: "print an access token of the client",
  async run({ words: [clientId = ""], out }) {
    await printToken(out, clientId);
    return 0;
  },
});

/** Has a machine call the protected API. Prints `HTTP 200` and the caller; any other answer is a failure. */
export async function callApi(
  out: Output,
  options: { clientId: string; bash: boolean; online: boolean },
): Promise<void> {
  const project = openProject();
  const environment = readEnvironment(project, localStates(project));
  if (options.bash) {
    const text = await callByBash(environment, options.clientId, options.online);
    out.result(text, { output: text.split("\n") });
    return;
  }
  const { status, body, wwwAuthenticate } = await call(environment, options.clientId, options.online);
  const { caller, verified } = (body ?? {}) as { caller?: string; verified?: string };
  if (status !== 200) {
    throw new ToolError(
      "call-failed",
      `${environment.api}${options.online ? "/online" : ""} answered HTTP ${status}${wwwAuthenticate ? ` (${wwwAuthenticate})` : ""}`,
    );
  }
  const lines = [`HTTP ${status}`, `caller: ${caller}`, `verified: ${verified}`].map(plainLine);
  out.result(lines.join("\n"), { status, answer: body });
}

/** Prints an access token, for `curl -H @-` and the like. */
export async function printToken(out: Output, clientId: string): Promise<void> {
  const project = openProject();
  const issuer = readIssuer(project, localStates(project));
  const accessToken = await token(issuer, clientId);
  const isBound = issuer.dpopBound.includes(clientId);
  if (isBound) out.warn("the token is bound to a key that only this run had: no API accepts it (DPoP)");
  const isForCertificate = issuer.certificateBound.includes(clientId);
  if (isForCertificate)
    out.warn("the token is bound to the client's certificate: it is good over connections with that alone");
  out.result(accessToken, { access_token: accessToken, token_type: isBound ? "DPoP" : "Bearer" });
}
