export type { IKeycloakServer, KeycloakServerAttributes, KeycloakServerProps } from "./keycloak-server";
export { KeycloakServer } from "./keycloak-server";
export { KeyError, type KeyErrorCode } from "./keys/errors";
export { MachineContainer, type MachineContainerProps } from "./machine-container";
export { ValidationError } from "./private/errors";
export { PrivateLocalBackend } from "./private-local-backend";
export { type IRealm, Realm, type RealmProps } from "./realm";
export { type ISignedJwtClient, SignedJwtClient, type SignedJwtClientProps } from "./signed-jwt-client";
export { type ISigningKey, SigningKeyPair, type SigningKeyPairProps } from "./signing-key-pair";
