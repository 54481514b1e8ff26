import { describe, expect, it } from "vitest";
import { validate } from "../../../provider/engine/validate";
import { type ObjectValue, UNKNOWN } from "../../../provider/protocol/values";
import { openidAudienceMapper } from "../../../provider/resources/openid-audience-mapper";
import { openidClient } from "../../../provider/resources/openid-client";
import { realm } from "../../../provider/resources/realm";
import { machine } from "./applied";

describe("validation", () => {
  const summaries = (resource: typeof realm, config: ObjectValue, writeOnly = true) =>
    validate(resource, config, writeOnly).map(({ summary, path }) => `${JSON.stringify(path)} ${summary}`);

  it.each([
    [
      { access_type: "OTHER" },
      '["access_type"] access_type must be one of "CONFIDENTIAL", "PUBLIC", "BEARER-ONLY", got: "OTHER"',
    ],
    [
      { client_secret: "x" },
      '["client_secret"] client_secret has no effect with client_authenticator_type "client-jwt"',
    ],
    [
      { extra_config: { login_theme: "x" } },
      '["extra_config",{"key":"login_theme"}] extra_config key "login_theme" conflicts with an attribute of its own',
    ],
    [
      { access_type: "PUBLIC" },
      '["service_accounts_enabled"] service_accounts_enabled cannot be set on a PUBLIC client',
    ],
    [
      { client_secret_wo_version: "1" },
      '["client_secret_wo_version"] client_secret_wo_version needs client_secret_wo as well',
    ],
  ])("refuses a client with %j", (change, message) => {
    expect(summaries(openidClient, { ...machine, ...change } as ObjectValue)).toEqual([message]);
  });

  it("refuses a realm with durations that are none, and a default locale that is not supported", () => {
    const config = {
      realm: "r",
      access_code_lifespan: "5 minutes",
      ssl_required: "no",
    };
    expect(summaries(realm, config)).toHaveLength(2);
    expect(
      summaries(realm, { realm: "r", internationalization: [{ supported_locales: ["de"], default_locale: "en" }] }),
    ).toEqual([
      '["internationalization",0,"default_locale"] default_locale must be one of supported_locales, got: "en"',
    ]);
  });

  it("refuses a mapper without exactly one owner and one audience", () => {
    expect(summaries(openidAudienceMapper, { realm_id: "r", name: "m" })).toHaveLength(2);
  });

  it("refuses a write-only value if Terraform would keep it", () => {
    const config = {
      ...machine,
      client_authenticator_type: null,
      client_secret_wo: "x",
      client_secret_wo_version: "1",
    };
    expect(summaries(openidClient, config, false)).toEqual([
      '["client_secret_wo"] client_secret_wo needs Terraform 1.11 or later, which keeps it out of the state',
    ]);
    expect(summaries(openidClient, config)).toEqual([]);
  });

  it("accepts an unknown value that may turn out to be null", () => {
    const audience = { realm_id: "r", name: "m", client_id: "c" };
    const either = { included_client_audience: UNKNOWN, included_custom_audience: "y" };
    expect(summaries(openidAudienceMapper, { ...audience, ...either })).toEqual([]);
    const owner = { client_id: UNKNOWN, client_scope_id: UNKNOWN, included_custom_audience: "y" };
    expect(summaries(openidAudienceMapper, { ...audience, ...owner })).toEqual([]);
    expect(summaries(openidClient, { ...machine, client_secret: UNKNOWN })).toEqual([]);
    expect(summaries(openidClient, { ...machine, client_secret_wo_version: UNKNOWN })).toEqual([]);
  });

  it("accepts values that are not known yet", () => {
    expect(summaries(openidClient, { ...machine, access_type: UNKNOWN, extra_config: UNKNOWN })).toEqual([]);
  });
});
