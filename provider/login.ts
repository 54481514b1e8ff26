import { type Fault, KeycloakError, statusFault } from "./keycloak-errors";

/** How the provider proves who it is. */
export interface Credentials {
  realm: string;
  clientId: string;
  clientSecret?: string | undefined;
  username?: string | undefined;
  password?: string | undefined;
}

interface Token {
  text: string;
  renewAt: number;
}

type Post = (form: URLSearchParams) => Promise<Response>;

/** Keeps an access token: one login at a time, renewed before it runs out, shared by all calls. */
export class Login {
  readonly #credentials: Credentials;
  readonly #post: Post;
  #token: Token | undefined;
  #pending: Promise<Token> | undefined;
  #refused: KeycloakError | undefined;

  constructor(credentials: Credentials, post: Post) {
    this.#credentials = credentials;
    this.#post = post;
  }

  async accessToken(): Promise<string> {
    // Refused once is refused for the whole run: repeating a wrong password would lock the account.
    if (this.#refused) throw this.#refused;
    if (this.#token && Date.now() < this.#token.renewAt) return this.#token.text;
    this.#pending ??= this.#login().finally(() => {
      this.#pending = undefined;
    });
    this.#token = await this.#pending;
    return this.#token.text;
  }

  /** The token was not accepted, or rights were added that it does not carry yet. */
  renew(): void {
    this.#token = undefined;
  }

  async #login(): Promise<Token> {
    const begun = Date.now();
    const response = await this.#post(this.#form());
    const body = (await response.json().catch(() => undefined)) as { access_token?: string; expires_in?: number };
    if (response.ok && body?.access_token) {
      const lifetime = (body.expires_in ?? 60) * 1000;
      return { text: body.access_token, renewAt: begun + lifetime - Math.min(lifetime / 2, 15_000) };
    }
    const fault = statusFault(response.status, body);
    const error = this.#refusal(fault, (body as { error?: string } | undefined)?.error);
    if (!fault.temporary) this.#refused = error;
    throw error;
  }

  #form(): URLSearchParams {
    const { clientId, clientSecret, username, password } = this.#credentials;
    const form = new URLSearchParams({ client_id: clientId });
    if (clientSecret) form.set("client_secret", clientSecret);
    form.set("grant_type", username ? "password" : "client_credentials");
    if (username) form.set("username", username);
    if (username && password) form.set("password", password);
    return form;
  }

  #refusal(fault: Fault, code: string | undefined): KeycloakError {
    const { realm, clientId, username } = this.#credentials;
    const who = username ? `user "${username}"` : `client "${clientId}"`;
    const summary = `Keycloak refused the login of ${who} in realm "${realm}"`;
    const remedy =
      fault.status === 404
        ? `There is no realm "${realm}" at this url: check the provider's url, base_path and realm.`
        : code === "invalid_grant"
          ? "Set the provider's username and password (or KEYCLOAK_USER and KEYCLOAK_PASSWORD) to the administrator's. The bootstrap password counts only at the first start of a database; a kept volume keeps the old one."
          : `Check that client "${clientId}" exists in realm "${realm}", its secret, and that it allows this kind of login.`;
    return new KeycloakError(fault, summary, `The answer was ${fault.got}. ${remedy}`);
  }
}
