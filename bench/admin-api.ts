import { request } from "node:http";

/** A call to a Keycloak's admin API, below `/admin`; gives the answer's text. */
export type AdminApi = (method: string, path: string, body?: unknown, timeoutMs?: number) => Promise<string>;

/** The admin API as the first administrator, who logs in for each call: a token there lasts a minute. */
export function adminApi(url: string, password: string): AdminApi {
  return async (method, path, body, timeoutMs = 60_000) => {
    const authorization = `Bearer ${await login(url, password)}`;
    const text = body === undefined ? undefined : JSON.stringify(body);
    return send(method, `${url}/admin${path}`, { authorization }, "application/json", text, timeoutMs);
  };
}

async function login(url: string, password: string): Promise<string> {
  const form = { grant_type: "password", client_id: "admin-cli", username: "admin", password };
  const path = "/realms/master/protocol/openid-connect/token";
  const type = "application/x-www-form-urlencoded";
  const answer = await send("POST", url + path, {}, type, new URLSearchParams(form).toString(), 60_000);
  return (JSON.parse(answer) as { access_token: string }).access_token;
}

/** By node:http: fetch gives up by itself after five minutes without an answer. */
function send(
  method: string,
  url: string,
  headers: Record<string, string>,
  type: string,
  body: string | undefined,
  timeout: number,
): Promise<string> {
  return new Promise((resolve, reject) => {
    const call = request(url, { method, headers: { ...headers, "content-type": type }, timeout }, async (answer) => {
      const text = (await answer.setEncoding("utf8").toArray()).join("");
      if ((answer.statusCode ?? 500) < 400) resolve(text);
      else reject(new Error(`HTTP ${answer.statusCode} ${text.slice(0, 200)}`));
    });
    call.on("timeout", () => call.destroy(new Error(`no answer within ${timeout / 1000} s`)));
    call.on("error", reject);
    call.end(body);
  });
}
