import type { IConstruct } from "constructs";
import { projectFolder } from "../contract/project-files";
import { readSources, type Sources } from "../contract/sources";

/** On the app itself, so that no context and no variable of the environment can set it by accident. */
const MARK = Symbol.for("cdktf-keycloak-m2m.testing-app");

/** Makes an app one whose stacks are only looked at: nothing is read from this machine, and nothing is written. */
export function markAsTest(app: IConstruct): void {
  Object.defineProperty(app, MARK, { value: true });
}

/** Whether a construct belongs to such an app. */
export function isTest(scope: IConstruct): boolean {
  return MARK in scope.node.root;
}

/** What the project has settled on; in a test nothing, so that every machine gives the same JSON. */
export function sourcesOf(scope: IConstruct): Sources | undefined {
  return isTest(scope) ? undefined : readSources(projectFolder());
}
