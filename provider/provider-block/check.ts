import { withCode } from "../../constructs/contract/provider-errors";
import { quoted, shown } from "../../constructs/keys/shown";
import { isSet } from "../engine/rules";
import { type Diagnostic, problem } from "../protocol/diagnostics";
import { isUnknown, type ObjectValue } from "../protocol/values";
import { argumentValue, type Environment, providerArguments } from "./arguments";

const ENVIRONMENT: { [argument: string]: string } = { username: "KEYCLOAK_USER", password: "KEYCLOAK_PASSWORD" };

/** Node.js has no timer above about 24 days. A day is more than any answer needs. */
const LONGEST_TIMEOUT_SECONDS = 86_400;

/** The problems of the provider block, so far as its values are known. */
export function checkConfiguration(config: ObjectValue, environment: Environment = process.env): Diagnostic[] {
  const problems = Object.entries(providerArguments).flatMap(([name, { unsupported }]) => {
    const value = argumentValue(name, config, environment);
    if (!unsupported || !isSet(value) || value === false || value === "") return [];
    return [problem(`${name} is not supported by the embedded Keycloak provider`, unsupported, [name])];
  });
  const get = (name: string) => argumentValue(name, config, environment);
  if (typeof get("url") === "string" && !/^https?:\/\/[^/]/.test(get("url") as string)) {
    const summary = `url must be an http or https address, got: ${quoted(get("url"))}`;
    problems.push(problem(summary, 'For example "http://localhost:8080".', ["url"]));
  }
  const timeout = get("client_timeout");
  if (!isUnknown(timeout) && !(Number(timeout) >= 0 && Number(timeout) <= LONGEST_TIMEOUT_SECONDS)) {
    const summary = `client_timeout must be between 0 and ${LONGEST_TIMEOUT_SECONDS} seconds, got: ${shown(timeout)}`;
    problems.push(problem(summary, "0 means no limit.", ["client_timeout"]));
  }
  return [...problems, ...checkLogin((name) => isSet(get(name)) && get(name) !== "")];
}

/** Checks the way to sign in. The ways are in their order of precedence. */
function checkLogin(given: (name: string) => boolean): Diagnostic[] {
  if (given("access_token")) return [];
  if (given("username") !== given("password")) {
    const [missing, there] = given("username") ? ["password", "username"] : ["username", "password"];
    const summary = withCode(`${missing} must be set beside ${there}`, "sign-in-incomplete");
    return [problem(summary, `Or set ${ENVIRONMENT[missing!]} in the environment.`)];
  }
  const signed = given("jwt_token") || given("jwt_token_file");
  const ways = ["username", "client_secret", "jwt_signing_key"];
  if (!signed && !ways.some(given)) {
    return [
      problem(
        withCode("a way to log in must be set", "sign-in-incomplete"),
        "One of: username and password; client_secret; jwt_signing_key; jwt_token or jwt_token_file; access_token. " +
          "Or set KEYCLOAK_USER and KEYCLOAK_PASSWORD, KEYCLOAK_CLIENT_SECRET, KEYCLOAK_JWT_SIGNING_KEY, KEYCLOAK_JWT_TOKEN, " +
          "KEYCLOAK_JWT_TOKEN_FILE or KEYCLOAK_ACCESS_TOKEN in the environment.",
      ),
    ];
  }
  if (given("client_id") || (signed && !given("username"))) return [];
  return [problem("client_id must be set", 'For example "admin-cli", or set KEYCLOAK_CLIENT_ID.', ["client_id"])];
}
