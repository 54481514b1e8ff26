import { describe, expect, it } from "vitest";
import { planChange } from "../../../provider/engine/plan";
import { resources } from "../../../provider/resources";
// What keycloak/keycloak 5.9.0 answered to each question over the plugin protocol.
import official from "../../fixtures/provider/official-plans.json";
import { brief, labelOf, type Question, questions, withLetters } from "../official";

type Answers = { [label: string]: string | undefined };
const recorded = new Map(official.flatMap(({ attributes, answers }) => attributes.map((name) => [name, answers])));

const ANOTHER_REALM: Answers = {
  ...{ '"" ?': "?!", '"" A': "A!", '"" B': "B!", 'A ""': "-!", "A ?": "?!", "A B": "B!" },
  ...{ "null ?": "?!", "null A": "A!", "null B": "B!" },
};

/** Where this provider answers otherwise, on purpose. */
const OTHERWISE: { [attribute: string]: Answers } = {
  // The official provider keeps the entry in the old realm, and changes nothing in the new one.
  "keycloak_realm_client_policy_profile.realm_id": ANOTHER_REALM,
  "keycloak_realm_client_policy_profile_policy.realm_id": ANOTHER_REALM,
  // Without listeners the server's own stay. With the official provider every plan then shows a change.
  "keycloak_realm_events.events_listeners": { "A null": "=" },
  // The state holds no secret of a client that signs, which this one is.
  "keycloak_openid_client.client_secret": { "A null": "-", 'A ""': "-" },
  // Keycloak keeps its own interval instead of 0. With the official provider every plan then shows a change.
  "keycloak_realm.oauth2_device_polling_interval": { "new 0": "?", "A 0": "=" },
  // The official provider does not see that a list which is not known yet may change.
  "keycloak_openid_client.valid_redirect_uris": { "A ?": "?" },
  "keycloak_openid_client.valid_post_logout_redirect_uris": { "A ?": "?" },
  "keycloak_openid_client.web_origins": { "A ?": "?" },
  "keycloak_role.composite_roles": { "A ?": "?" },
  // The official provider never empties an attribute of a role.
  "keycloak_role.attributes": { 'A {"k":""}': '{"k":""}' },
};

/** What the official provider does not know before the apply, this one may know: Keycloak's default, or what is there. */
function agree(answer: string, theirs: string, label: string): boolean {
  if (answer === theirs) return true;
  return theirs === "?" && !label.endsWith(" ?") && (label.startsWith("new ") || answer === "=");
}

function byAttribute(resource: string): [attribute: string, asked: Question[]][] {
  const asked = questions(resource);
  const names = [...new Set(asked.map(({ attribute }) => attribute))];
  return names.map((name) => [name, asked.filter(({ attribute }) => attribute === name)]);
}

describe.each(resources.map((resource) => [resource.name, resource] as const))("the plan of a %s", (name, resource) => {
  it.each(byAttribute(name))("takes %s as the official provider does, set or not", (attribute, asked) => {
    const expected = { ...recorded.get(`${name}.${attribute}`), ...OTHERWISE[`${name}.${attribute}`] } as Answers;
    const letters = withLetters(name, attribute);
    const ours: Answers = {};
    for (const one of asked) {
      const { planned, requiresReplace } = planChange(resource, one.prior, one.config);
      const label = letters(labelOf(one));
      const answer = letters(brief(one, planned!, requiresReplace.map(String)));
      ours[label] = agree(answer, expected[label]!, label) ? expected[label] : answer;
    }
    expect(ours).toEqual(expected);
  });
});
