import { withCode } from "../../constructs/contract/provider-errors";
import type { ConnectionSettings } from "../admin-api/keycloak";
import { flag, number, optional, text, textMap } from "../engine/fields";
import { isSet } from "../engine/rules";
import { type Attribute, mapValues } from "../engine/table";
import { type Diagnostic, problem } from "../protocol/diagnostics";
import type { Schema } from "../protocol/schema";
import { isUnknown, isWhollyKnown, type ObjectValue, type Value } from "../protocol/values";

/** The arguments of the provider block, with the environment variables that stand in for them. */
interface Argument extends Attribute {
  environment?: string;
  fallback?: Value;
}

const secretText = { ...text, ...optional, sensitive: true } as const;

const providerArguments: { [name: string]: Argument } = {
  url: { ...text, required: true, environment: "KEYCLOAK_URL" },
  admin_url: { ...text, ...optional, environment: "KEYCLOAK_ADMIN_URL" },
  base_path: { ...text, ...optional, environment: "KEYCLOAK_BASE_PATH" },
  realm: { ...text, ...optional, environment: "KEYCLOAK_REALM", fallback: "master" },
  client_id: { ...text, ...optional, environment: "KEYCLOAK_CLIENT_ID" },
  client_secret: { ...text, ...optional, environment: "KEYCLOAK_CLIENT_SECRET" },
  username: { ...text, ...optional, environment: "KEYCLOAK_USER" },
  password: { ...text, ...optional, environment: "KEYCLOAK_PASSWORD" },
  access_token: { ...text, ...optional, environment: "KEYCLOAK_ACCESS_TOKEN" },
  jwt_signing_alg: { ...text, ...optional, fallback: "RS256" },
  jwt_signing_key: { ...secretText, environment: "KEYCLOAK_JWT_SIGNING_KEY" },
  jwt_token: { ...secretText, environment: "KEYCLOAK_JWT_TOKEN" },
  jwt_token_file: { ...text, ...optional, environment: "KEYCLOAK_JWT_TOKEN_FILE" },
  client_timeout: { ...number, ...optional, environment: "KEYCLOAK_CLIENT_TIMEOUT", fallback: 15 },
  // The first call logs in, whatever this says: a plan of what does not exist yet needs no server.
  initial_login: { ...flag, ...optional },
  root_ca_certificate: { ...text, ...optional },
  tls_insecure_skip_verify: { ...flag, ...optional },
  tls_client_certificate: { ...text, ...optional },
  tls_client_private_key: { ...text, ...optional },
  additional_headers: { ...textMap, ...optional },
  // Nothing here depends on the server's version, so it is taken and not used.
  keycloak_version: { ...text, ...optional, environment: "KEYCLOAK_VERSION" },
  red_hat_sso: { ...flag, ...optional, unsupported: "Red Hat Single Sign-On 7 is not supported." },
};

const ENVIRONMENT: { [argument: string]: string } = { username: "KEYCLOAK_USER", password: "KEYCLOAK_PASSWORD" };

/** Node.js has no timer for more than some 24 days; a day is more than any answer is worth. */
const LONGEST_TIMEOUT_SECONDS = 86_400;

type Environment = { [name: string]: string | undefined };

/** The provider block's schema; what the environment gives need not be configured. */
export function configurationSchema(environment: Environment = {}): Schema {
  const attributes = mapValues(providerArguments, ({ type, required, sensitive, environment: variable }) => {
    const given = required && variable && environment[variable];
    return {
      type,
      description_kind: "plain" as const,
      ...(required && !given ? { required } : { optional: true }),
      ...(sensitive && { sensitive }),
    };
  });
  return { version: 0, block: { attributes } };
}

/** What is wrong with the provider block, as far as it is known. */
export function checkConfiguration(config: ObjectValue, environment: Environment = process.env): Diagnostic[] {
  const problems = Object.entries(providerArguments).flatMap(([name, { unsupported }]) => {
    const value = argumentValue(name, config, environment);
    if (!unsupported || !isSet(value) || value === false || value === "") return [];
    return [problem(`${name} is not supported by the embedded Keycloak provider`, unsupported, [name])];
  });
  const get = (name: string) => argumentValue(name, config, environment);
  if (typeof get("url") === "string" && !/^https?:\/\/[^/]/.test(get("url") as string)) {
    const summary = `url must be an http or https address, got: ${JSON.stringify(get("url"))}`;
    problems.push(problem(summary, 'For example "http://localhost:8080".', ["url"]));
  }
  const timeout = get("client_timeout");
  if (!isUnknown(timeout) && !(Number(timeout) >= 0 && Number(timeout) <= LONGEST_TIMEOUT_SECONDS)) {
    const summary = `client_timeout must be between 0 and ${LONGEST_TIMEOUT_SECONDS} seconds, got: ${timeout}`;
    problems.push(problem(summary, "0 waits for an answer without end.", ["client_timeout"]));
  }
  return [...problems, ...checkLogin((name) => isSet(get(name)) && get(name) !== "")];
}

/** Which of the ways to log in is meant, in the order in which they win over one another. */
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

/** The connection described by the provider block, or null while a part of it is not known yet. */
export function connectionSettings(
  config: ObjectValue,
  environment: Environment = process.env,
): ConnectionSettings | null {
  const values = mapValues(providerArguments, (_argument, name) => argumentValue(name, config, environment));
  if (!Object.values(values).every(isWhollyKnown)) return null;
  const string = (name: string) => (values[name] ? String(values[name]) : undefined);
  const path = string("base_path") ?? "";
  const address = (name: string) => string(name) && `${string(name)!.replace(/\/+$/, "")}${path}`;
  const tls = {
    ...(string("root_ca_certificate") && { ca: string("root_ca_certificate")! }),
    ...(string("tls_client_certificate") && { cert: string("tls_client_certificate")! }),
    ...(string("tls_client_private_key") && { key: string("tls_client_private_key")! }),
    ...(values.tls_insecure_skip_verify === true && { rejectUnauthorized: false }),
  };
  return {
    url: address("url")!,
    adminUrl: address("admin_url") ?? address("url")!,
    realm: string("realm")!,
    clientId: string("client_id"),
    clientSecret: string("client_secret"),
    username: string("username"),
    password: string("password"),
    accessToken: string("access_token"),
    signingKey: string("jwt_signing_key"),
    signingAlgorithm: string("jwt_signing_alg")!,
    assertion: string("jwt_token"),
    assertionFile: string("jwt_token_file"),
    timeoutMs: Number(values.client_timeout) * 1000,
    headers: (values.additional_headers ?? {}) as { [name: string]: string },
    tls: Object.keys(tls).length ? tls : undefined,
  };
}

/** The configured value, else the environment's, else the fallback. */
function argumentValue(name: string, config: ObjectValue, environment: Environment): Value {
  const configured = config[name] ?? null;
  if (configured !== null || isUnknown(configured)) return configured;
  const { environment: variable, fallback } = providerArguments[name]!;
  return (variable && environment[variable]) || (fallback ?? null);
}
