import { flag, number, optional, text, textMap } from "../engine/fields";
import { mapValues } from "../engine/map-values";
import type { Attribute } from "../engine/table";
import type { Schema } from "../protocol/schema";
import { isUnknown, type ObjectValue, type Value } from "../protocol/values";

/** An argument of the provider block, and the environment variable and the value that may stand in for it. */
interface Argument extends Attribute {
  environment?: string;
  fallback?: Value;
}

const secretText = { ...text, ...optional, sensitive: true } as const;

/** The arguments of the provider block. A new one is added here, and used in `connection-settings.ts`. */
export const providerArguments: { [name: string]: Argument } = {
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
  // Accepted without effect. The first call logs in: a plan of new objects needs no server.
  initial_login: { ...flag, ...optional },
  root_ca_certificate: { ...text, ...optional },
  tls_insecure_skip_verify: { ...flag, ...optional },
  tls_client_certificate: { ...text, ...optional },
  tls_client_private_key: { ...text, ...optional },
  additional_headers: { ...textMap, ...optional },
  // Accepted without effect: nothing here depends on the server's version.
  keycloak_version: { ...text, ...optional, environment: "KEYCLOAK_VERSION" },
  red_hat_sso: { ...flag, ...optional, unsupported: "Red Hat Single Sign-On 7 is not supported." },
};

export type Environment = { [name: string]: string | undefined };

/** The provider block's schema. An argument that the environment sets is optional. */
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

/** The configured value, or the environment's, or the fallback. */
export function argumentValue(name: string, config: ObjectValue, environment: Environment): Value {
  const configured = config[name] ?? null;
  if (configured !== null || isUnknown(configured)) return configured;
  const { environment: variable, fallback } = providerArguments[name]!;
  return (variable && environment[variable]) || (fallback ?? null);
}
