const text = { type: "string" };
const whole = { type: "integer" };
const yes = { type: "boolean" };
const only = (properties: object, required: string[] = []) => ({
  type: "object",
  properties,
  required,
  additionalProperties: false,
});
/** A key of a secret. */
const ofSecret = only({ name: text, key: text, optional: yes }, ["key"]);

/**
 * The fields of the operator's resource `Keycloak` that the example may use, with their types, as the operator's custom resource
 * definition of 26.0.0 has them (`kubernetes/keycloaks.k8s.keycloak.org-v1.yml`, version v2alpha1, below `spec`).
 *
 * @see https://github.com/keycloak/keycloak-k8s-resources/tree/26.0.0
 * @see https://www.keycloak.org/operator/advanced-configuration
 */
export const KEYCLOAK_RESOURCE = only(
  {
    apiVersion: { const: "k8s.keycloak.org/v2alpha1" },
    kind: { const: "Keycloak" },
    metadata: only({ name: text, namespace: text }, ["name"]),
    spec: only({
      instances: whole,
      image: text,
      startOptimized: yes,
      db: only({
        vendor: text,
        url: text,
        host: text,
        port: whole,
        database: text,
        schema: text,
        usernameSecret: ofSecret,
        passwordSecret: ofSecret,
        poolInitialSize: whole,
        poolMinSize: whole,
        poolMaxSize: whole,
      }),
      hostname: only({ hostname: text, admin: text, strict: yes, backchannelDynamic: yes }),
      http: only({ httpEnabled: yes, httpPort: whole, httpsPort: whole, tlsSecret: text }),
      proxy: only({ headers: text }),
      ingress: only({ enabled: yes, className: text, annotations: { type: "object" } }),
      features: only({ enabled: { type: "array", items: text }, disabled: { type: "array", items: text } }),
      truststores: {
        type: "object",
        additionalProperties: only({ secret: only({ name: text, optional: yes }, ["name"]) }, ["secret"]),
      },
      additionalOptions: { type: "array", items: only({ name: text, value: text, secret: ofSecret }) },
      resources: only({
        requests: { type: "object", additionalProperties: { type: ["string", "integer"] } },
        limits: { type: "object", additionalProperties: { type: ["string", "integer"] } },
      }),
    }),
  },
  ["apiVersion", "kind", "metadata", "spec"],
);
