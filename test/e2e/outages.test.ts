import { badAnswers } from "./outages/bad-answers";
import { clocks } from "./outages/clocks";
import { keys } from "./outages/keys";
import { realmForAll } from "./outages/realm";
import { serverAway } from "./outages/server-away";

// What machines do while Keycloak fails for real. docs/outages.md has the outcomes in a table.
const realm = realmForAll();

badAnswers(realm);
clocks(realm);
keys(realm);
serverAway(realm);
