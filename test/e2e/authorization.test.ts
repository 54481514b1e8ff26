// Who may call what, on the Keycloak that is run by default; newest-keycloak.test.ts does the same on the newest.
import { describeGrants } from "./authorization/matrix";
import { SHARED } from "./environment";

describeGrants(SHARED.keycloakPort);
