import type { Resource } from "../engine/table";
import { openidAudienceMapper } from "./openid-audience-mapper";
import { openidClient } from "./openid-client";
import { openidClientScope } from "./openid-client-scope";
import { openidClientDefaultScopes, openidClientOptionalScopes } from "./openid-client-scopes";
import { openidHardcodedClaimMapper } from "./openid-hardcoded-claim-mapper";
import { realm } from "./realm";
import { realmClientPolicyProfile } from "./realm-client-policy-profile";
import { realmClientPolicyProfilePolicy } from "./realm-client-policy-profile-policy";
import { realmDefaultClientScopes, realmOptionalClientScopes } from "./realm-client-scopes";
import { realmEvents } from "./realm-events";
import { realmKeystoreEcdsaGenerated, realmKeystoreRsaGenerated } from "./realm-keystores";
import { role } from "./role";
import { roleMapper } from "./role-mapper";
import { serviceAccountClientRole, serviceAccountRealmRole } from "./service-account-roles";

/** Every resource this provider serves. */
export const resources: Resource[] = [
  realm,
  realmEvents,
  realmDefaultClientScopes,
  realmOptionalClientScopes,
  realmClientPolicyProfile,
  realmClientPolicyProfilePolicy,
  realmKeystoreRsaGenerated,
  realmKeystoreEcdsaGenerated,
  openidClient,
  openidClientDefaultScopes,
  openidClientOptionalScopes,
  openidClientScope,
  openidAudienceMapper,
  openidHardcodedClaimMapper,
  role,
  roleMapper,
  serviceAccountRealmRole,
  serviceAccountClientRole,
];
