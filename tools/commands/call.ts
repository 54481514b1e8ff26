import { call, callByBash, readEnvironment, readIssuer, token } from "../calls/machines";
import { type Output, ToolError } from "../output";
import { openProject } from "../project/project";
import { localStates } from "../project/state";

/** A machine calls the protected API: prints `HTTP 200` and the caller; anything but 200 is a failure. */
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
  out.result(`HTTP ${status}\ncaller: ${caller}\nverified: ${verified}`, { status, answer: body });
}

/** An access token on stdout, for `curl -H @-` and the like. */
export async function printToken(out: Output, clientId: string): Promise<void> {
  const project = openProject();
  const accessToken = await token(readIssuer(project, localStates(project)), clientId);
  out.result(accessToken, { access_token: accessToken, token_type: "Bearer" });
}
