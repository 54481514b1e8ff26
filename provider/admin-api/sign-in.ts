import { withCode } from "../../constructs/contract/provider-errors";
import { readTextFile, UnreadableFile } from "../../constructs/keys/read-file";
import { shown } from "../../constructs/keys/shown";
import { DiagnosticError, problem } from "../protocol/diagnostics";
import { type Fault, KeycloakError, NotKeycloakError } from "./errors";
import { jsonOf, statusFault } from "./faults";

/** How the provider proves who it is. */
export interface Credentials {
  realm: string;
  clientId?: string | undefined;
  clientSecret?: string | undefined;
  username?: string | undefined;
  password?: string | undefined;
  /** A token from elsewhere. It is used as it is, and cannot be renewed. */
  accessToken?: string | undefined;
  /** A private key in PEM, to sign assertions with (RFC 7523). */
  signingKey?: string | undefined;
  signingAlgorithm: string;
  /** An assertion that somebody else has signed, or the file in which somebody puts a new one from time to time. */
  assertion?: string | undefined;
  assertionFile?: string | undefined;
}

interface Token {
  text: string;
  renewAt: number;
}

type Post = (form: URLSearchParams) => Promise<Response>;
type IssuerOf = () => Promise<string>;

const ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/** Keeps one access token for all calls, and renews it before it expires. There is one login at a time. */
export class SignIn {
  readonly #credentials: Credentials;
  readonly #post: Post;
  readonly #issuer: IssuerOf;
  #token: Token | undefined;
  #pending: Promise<Token> | undefined;
  /** Counts renewals: the token of a login that began before the last renewal is not used. */
  #generation = 0;
  #refused: KeycloakError | undefined;
  /** Keycloak knows a certificate's key by this key id. A key that others publish may have another id there. */
  #withKid = true;

  constructor(credentials: Credentials, post: Post, issuer: IssuerOf) {
    this.#credentials = credentials;
    this.#post = post;
    this.#issuer = issuer;
  }

  async accessToken(): Promise<string> {
    if (this.#credentials.accessToken) return this.#credentials.accessToken;
    // A refusal holds for the whole run: repeating a wrong password could lock the account.
    if (this.#refused) throw this.#refused;
    if (this.#token && Date.now() < this.#token.renewAt) return this.#token.text;
    const generation = this.#generation;
    this.#pending ??= this.#signIn();
    const pending = this.#pending;
    const token = await pending.finally(() => {
      if (this.#pending === pending) this.#pending = undefined;
    });
    if (generation !== this.#generation) return this.accessToken();
    this.#token = token;
    return token.text;
  }

  /** The token was not accepted, or it lacks rights that were added since. */
  renew(): void {
    this.#generation += 1;
    this.#token = undefined;
    this.#pending = undefined;
  }

  async #signIn(): Promise<Token> {
    const begun = Date.now();
    const response = await this.#post(await this.#form());
    const body = (await jsonOf(response)) as { access_token?: string; expires_in?: number } | undefined;
    if (response.ok && body?.access_token) {
      const lifetime = (body.expires_in ?? 60) * 1000;
      return { text: body.access_token, renewAt: begun + lifetime - Math.min(lifetime / 2, 15_000) };
    }
    // A page from a proxy is not a refusal: the next login may reach Keycloak.
    if (response.ok) throw new NotKeycloakError("an answer to the login that holds no token");
    const fault = statusFault(response.status, body);
    if (this.#credentials.signingKey && this.#withKid && fault.status === 400) {
      this.#withKid = false;
      return this.#signIn();
    }
    const error = this.#refusal(fault, (body as { error?: string } | undefined)?.error);
    if (!fault.temporary) this.#refused = error;
    throw error;
  }

  async #form(): Promise<URLSearchParams> {
    const { clientId, clientSecret, username, password } = this.#credentials;
    const form = new URLSearchParams(clientId ? { client_id: clientId } : {});
    if (username) {
      form.set("grant_type", "password");
      form.set("username", username);
      form.set("password", password ?? "");
      if (clientSecret) form.set("client_secret", clientSecret);
      return form;
    }
    form.set("grant_type", "client_credentials");
    const assertion = await this.#assertion();
    if (assertion) {
      form.set("client_assertion_type", ASSERTION_TYPE);
      form.set("client_assertion", assertion);
    } else if (clientSecret) form.set("client_secret", clientSecret);
    return form;
  }

  async #assertion(): Promise<string | undefined> {
    const { assertion, assertionFile, signingKey, signingAlgorithm, clientId } = this.#credentials;
    if (assertion) return assertion;
    if (assertionFile) return readAssertion(assertionFile);
    if (!signingKey) return undefined;
    const { signAssertion } = await import("./sign-in-assertion.js");
    const issuer = await this.#issuer();
    return signAssertion({ clientId: String(clientId), issuer, signingKey, signingAlgorithm, withKid: this.#withKid });
  }

  #refusal(fault: Fault, code: string | undefined): KeycloakError {
    const { realm, clientId, username, signingKey, assertion, assertionFile } = this.#credentials;
    const who = username
      ? `user "${shown(username)}"`
      : clientId
        ? `client "${shown(clientId)}"`
        : "the client of jwt_token";
    const summary = `Keycloak refused the login of ${who} in realm "${realm}"`;
    const signed = !username && (signingKey || assertion || assertionFile);
    const remedy =
      fault.status === 404
        ? `There is no realm "${realm}" at this url: check the provider's url, base_path and realm.`
        : code === "invalid_grant"
          ? "Set the provider's username and password (or KEYCLOAK_USER and KEYCLOAK_PASSWORD) to the administrator's. The bootstrap password counts only at the first start of a database; a kept volume keeps the old one."
          : signed
            ? "Check that the client signs in with signed JWTs (client-jwt), that Keycloak has the public half of this key under this algorithm, and that the clocks agree."
            : `Check that client "${clientId}" exists in realm "${realm}", its secret, and that it allows this kind of login.`;
    return new KeycloakError(fault, withCode(summary, "sign-in-refused"), `The answer was ${fault.got}. ${remedy}`);
  }
}

/** Read at each login: an assertion is good for one login, and the file then holds a new one. */
function readAssertion(file: string): string {
  try {
    return readTextFile(file).trim();
  } catch (error) {
    if (!(error instanceof UnreadableFile)) throw error;
    const { got } = error;
    const summary = `jwt_token_file ${shown(file)} cannot be read, got: ${got}`;
    throw new DiagnosticError(problem(summary, "Put a signed assertion there, readable for this user."));
  }
}
