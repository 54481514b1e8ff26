import { readFileSync } from "node:fs";
import { request } from "node:http";
import { request as secureRequest } from "node:https";

/** A call to a Keycloak's admin API, below `/admin`; gives the answer's text. */
export type AdminApi = (method: string, path: string, body?: unknown, timeoutMs?: number) => Promise<string>;

/** The admin API as the first administrator, who logs in for each call: a token there lasts a minute. */
export function adminApi(url: string, password: string, caFile?: string): AdminApi {
  const send = sender(caFile);
  return async (method, path, body, timeoutMs = 60_000) => {
    const authorization = `Bearer ${await login(send, url, password)}`;
    const text = body === undefined ? undefined : JSON.stringify(body);
    return send(method, `${url}/admin${path}`, { authorization }, "application/json", text, timeoutMs);
  };
}

type Send = (
  method: string,
  url: string,
  headers: Record<string, string>,
  type: string,
  body: string | undefined,
  timeoutMs: number,
) => Promise<string>;

async function login(send: Send, url: string, password: string): Promise<string> {
  const form = { grant_type: "password", client_id: "admin-cli", username: "admin", password };
  const path = "/realms/master/protocol/openid-connect/token";
  const type = "application/x-www-form-urlencoded";
  const answer = await send("POST", url + path, {}, type, new URLSearchParams(form).toString(), 60_000);
  return (JSON.parse(answer) as { access_token: string }).access_token;
}

/** By node:http: fetch gives up by itself after five minutes without an answer. */
function sender(caFile?: string): Send {
  const trust = caFile === undefined ? {} : { ca: readFileSync(caFile) };
  const call = caFile === undefined ? request : secureRequest;
  return (method, url, headers, type, body, timeout) =>
    new Promise((resolve, reject) => {
      const options = { method, headers: { ...headers, "content-type": type }, timeout, ...trust };
      const sent = call(url, options, async (answer) => {
        const text = (await answer.setEncoding("utf8").toArray()).join("");
        if ((answer.statusCode ?? 500) < 400) resolve(text);
        else reject(new Error(`HTTP ${answer.statusCode} ${text.slice(0, 200)}`));
      });
      sent.on("timeout", () => sent.destroy(new Error(`no answer within ${timeout / 1000} s`)));
      sent.on("error", reject);
      sent.end(body);
    });
}
