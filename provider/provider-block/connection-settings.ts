import type { ConnectionSettings } from "../admin-api/connection";
import { mapValues } from "../engine/map-values";
import { isWhollyKnown, type ObjectValue } from "../protocol/values";
import { argumentValue, type Environment, providerArguments } from "./arguments";

/** The connection that the provider block describes. Null: a part of it is not known yet. */
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
