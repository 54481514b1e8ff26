import { quoted } from "../../constructs/keys/shown";
import { isSet } from "../engine/rules";
import type { Change, Problem } from "../engine/table";
import { isUnknown, type ObjectValue } from "../protocol/values";

export function checkEmails(config: ObjectValue): Problem[] {
  if (config.duplicate_emails_allowed !== true) return [];
  return ["registration_email_as_username", "login_with_email_allowed"]
    .filter((name) => config[name] === true)
    .map((name) => ({ path: [name], summary: `${name} cannot be true while duplicate_emails_allowed is true` }));
}

export function checkLocales(config: ObjectValue): Problem[] {
  const [block] = (Array.isArray(config.internationalization) ? config.internationalization : []) as ObjectValue[];
  if (!block || isUnknown(block) || isUnknown(block.supported_locales) || isUnknown(block.default_locale)) return [];
  const supported = (block.supported_locales ?? []) as string[];
  if (!isSet(block.default_locale) || supported.some(isUnknown) || supported.includes(block.default_locale as string)) {
    return [];
  }
  const summary = `default_locale must be one of supported_locales, got: ${quoted(block.default_locale)}`;
  return [{ path: ["internationalization", 0, "default_locale"], summary }];
}

/** The longest id that Keycloak's database takes. */
const LONGEST_ID = 36;

/**
 * The internal id is the realm's name if that fits, unless it is set. The id is the name too, but it is unknown until the
 * apply: a replaced realm loses all that was in it, and whatever refers to it must be replaced as well.
 */
export function planIds({ prior, config, planned }: Change): void {
  if (prior || isSet(config.internal_id)) return;
  const fits = isUnknown(planned.realm) || String(planned.realm).length <= LONGEST_ID;
  if (fits) planned.internal_id = planned.realm ?? null;
}
