import type { Resource } from "../engine/table";
import { openidAudienceMapper } from "./openid-audience-mapper";
import { openidClient } from "./openid-client";
import { openidClientScope } from "./openid-client-scope";
import { openidClientDefaultScopes, openidClientOptionalScopes } from "./openid-client-scopes";
import { realm } from "./realm";

/** Every resource this provider serves. */
export const resources: Resource[] = [
  realm,
  openidClient,
  openidClientDefaultScopes,
  openidClientOptionalScopes,
  openidClientScope,
  openidAudienceMapper,
];
