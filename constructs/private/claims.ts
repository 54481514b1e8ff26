import type { Construct, IConstruct } from "constructs";
import { dockerProvider } from "./docker";

/** What the constructs of one app have declared so far, by name, with the path of who did. */
const claims = new WeakMap<IConstruct, Map<string, string>>();

/** Takes a name for a construct, once in an app; gives the path of the construct that has it already. */
export function claim(scope: Construct, name: string): string | undefined {
  const taken = claims.get(scope.node.root) ?? new Map<string, string>();
  claims.set(scope.node.root, taken);
  const before = taken.get(name);
  if (before === undefined) taken.set(name, scope.node.path);
  return before;
}

/** A container's name and published port, each once in a Docker engine; the stacks of an app may use several. */
export function claimContainer(scope: Construct, name: string, portProp: string, port: number): string[] {
  const engine = `docker ${dockerProvider(scope).host ?? ""}`;
  const problems: string[] = [];
  const named = claim(scope, `${engine} container ${name}`);
  if (named !== undefined) {
    problems.push(
      `\`containerName\` must be unique in the app, got: ${name}, which ${named} has already; give one of them another`,
    );
  }
  const published = claim(scope, `${engine} port ${port}`);
  if (published !== undefined) {
    problems.push(
      `\`${portProp}\` must be unique in the app, got: ${port}, which ${published} publishes already; give one of them another`,
    );
  }
  return problems;
}
