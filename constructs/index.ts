import "./private/needs-framework";

export { CertificateAuthority, type CertificateAuthorityProps } from "./certificate-authority";
export type { TlsKeyAlgorithm } from "./certificates/key-algorithms";
export type { TlsUsage } from "./certificates/profiles";
export type { AcceptedKey } from "./contract/client-keys";
export type { TlsFiles } from "./contract/outputs";
export type { IPostgresDatabase, PostgresDatabaseAttributes } from "./database";
export { DeployerClient, type DeployerClientProps } from "./deployer-client";
export { KeycloakCluster, type KeycloakClusterProps } from "./keycloak-cluster";
export type { KeycloakServerProps } from "./keycloak-server";
export { KeycloakServer } from "./keycloak-server";
export type { SigningAlgorithm } from "./keys/algorithms";
export { KeyError, type KeyErrorCode } from "./keys/errors";
export { MachineClientPolicy, type MachineClientPolicyProps, type TokenBinding } from "./machine-client-policy";
export { MachineContainer, type MachineContainerProps, type MachineMetrics } from "./machine-container";
export { makeSigningKeys } from "./make-signing-keys";
export { Monitoring, type MonitoringProps } from "./monitoring";
export { PostgresDatabase, type PostgresDatabaseProps } from "./postgres-database";
export { ValidationError } from "./private/errors";
export type { ClaimValue } from "./private/fixed-claims";
export type { RealmSignatureAlgorithm } from "./private/realm-props";
export { PrivateLocalBackend } from "./private-local-backend";
export type { ProductionProps } from "./production";
export type { ProtectedApiProps } from "./protected-api";
export { type ApiGrantOptions, type IProtectedApi, ProtectedApi, type ProtectedApiAttributes } from "./protected-api";
export { type IRealm, type KeycloakRealmResource, Realm, type RealmAttributes, type RealmProps } from "./realm";
export { type RealmKey, type RealmKeyState, RealmKeys, type RealmKeysProps } from "./realm-keys";
export type {
  ClientCertificates,
  DeployerAttributes,
  IKeycloakInDocker,
  IKeycloakServer,
  KeycloakServerAttributes,
} from "./server";
export type { KeycloakInDockerProps, LimitedServerProps } from "./server-props";
export type { GrantOptions, ISignedJwtClient, SignedJwtClientProps } from "./signed-jwt-client";
export { SignedJwtClient } from "./signed-jwt-client";
export type {
  CertificateFileOptions,
  IPublicKeys,
  ISigningKey,
  JwksUriOptions,
  PublicKeyFileOptions,
} from "./signing-key";
export { SigningKeyPair, type SigningKeyPairProps } from "./signing-key-pair";
export { TerraformStates, type TerraformStatesProps } from "./terraform-states";
export { type TestingAppOptions, testingApp } from "./testing-app";
export type {
  CertificateAuthorityFiles,
  ICertificateAuthority,
  ITlsCertificate,
  KeycloakTls,
  TlsCertificateFiles,
} from "./tls";
export { TlsCertificate, type TlsCertificateProps } from "./tls-certificate";
