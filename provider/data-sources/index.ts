import type { DataSource } from "../engine/table";
import { openidClientData } from "./openid-client";
import { openidClientScopeData } from "./openid-client-scope";
import { realmData } from "./realm";
import { realmKeysData } from "./realm-keys";
import { roleData } from "./role";
import { serviceAccountUserData } from "./service-account-user";

/** Every data source this provider serves. */
export const dataSources: DataSource[] = [
  openidClientData,
  openidClientScopeData,
  realmData,
  realmKeysData,
  roleData,
  serviceAccountUserData,
];
