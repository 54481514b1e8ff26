import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { listen } from "../../machines/listen";
import { fakeProgram, inState, stackOf } from "../parts";

export const SCOPE = "keycloak_openid_client_scope";

/** A Keycloak that is still at work on what a killed run asked for: it has the scope as soon as the file `made` is there. */
export function lateKeycloak(folder: string) {
  return listen((request, response) => {
    const { pathname } = new URL(request.url ?? "", "http://x");
    const scopes = existsSync(join(folder, "made")) ? [{ id: "s1", name: "audience-x" }] : [];
    const body = pathname.endsWith("/token") ? { access_token: "e.e.e" } : scopes;
    response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(body));
  });
}

/** A stack that declares the scope, after a run that was killed while it was about to make these. */
export function killedStack(folder: string, url: string, inKeycloak: readonly string[]) {
  mkdirSync(join(folder, ".m2m"), { recursive: true });
  const killed = { pid: 99_999_999, started: "1", things: [], before: [], inKeycloak };
  writeFileSync(join(folder, ".m2m/attempt-m2m.json"), JSON.stringify(killed));
  const resource = { [SCOPE]: { Scope: { realm_id: "r", name: "audience-x", provider: "keycloak.Keycloak" } } };
  return stackOf(resource, folder, "m2m", undefined, [{ alias: "Keycloak", url }]);
}

/** A Terraform whose state has the scope once it was imported, and what its `apply` or `destroy` does. */
export function terraformThat(folder: string, does: string) {
  const known = JSON.stringify(inState(SCOPE, "Scope", { realm_id: "r", name: "audience-x", id: "s1" }));
  writeFileSync(join(folder, "empty"), '{"version":4,"resources":[]}');
  writeFileSync(join(folder, "known"), `{"version":4,"resources":[${known}]}`);
  const program = fakeProgram(
    folder,
    "terraform",
    `case "$1" in
      init) mkdir -p .terraform;;
      state) [ -f imported ] && cat known || cat empty;;
      import) touch imported;;
      ${does}
    esac`,
  );
  const counted = ["apply", "destroy", "import"];
  return { steps: () => program.calls().flatMap((call) => counted.filter((step) => call.startsWith(`${step} `))) };
}
