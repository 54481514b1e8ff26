import { relative } from "node:path";
import type { Construct, IConstruct } from "constructs";
import { projectFolder } from "../contract/project-files";
import type { PairFiles } from "../keys/pair-files";
import { shown } from "../keys/shown";
import { dockerProvider } from "./docker";

/** What the constructs of one app have declared so far, by name. */
const claims = new WeakMap<IConstruct, Map<string, string>>();

/** Takes a name, which can be taken once in an app. Returns what it was taken for before: by default a construct's path. */
export function claim(scope: Construct, name: string, as = scope.node.path): string | undefined {
  const taken = claims.get(scope.node.root) ?? new Map<string, string>();
  claims.set(scope.node.root, taken);
  const before = taken.get(name);
  if (before === undefined) taken.set(name, as);
  return before;
}

/** Takes a container's name, which is there once in a Docker engine. */
export function claimName(scope: Construct, name: string): string[] {
  const named = claim(scope, `${engineOf(scope)} container ${name}`);
  if (named === undefined) return [];
  return [
    `\`containerName\` must be unique in the app, got: ${shown(name)}, which ${named} has already; give one of them another`,
  ];
}

/** Takes a container's name and published port, each once in a Docker engine. */
export function claimContainer(scope: Construct, name: string, portProp: string, port: number): string[] {
  const problems = claimName(scope, name);
  const published = claim(scope, `${engineOf(scope)} port ${port}`);
  if (published !== undefined) {
    problems.push(
      `\`${portProp}\` must be unique in the app, got: ${port}, which ${published} publishes already; give one of them another`,
    );
  }
  return problems;
}

/** The stacks of an app may use several engines. */
function engineOf(scope: Construct): string {
  return `docker ${dockerProvider(scope).host ?? ""}`;
}

/** A file holds one thing, wherever in the app it is declared: two would be made over each other again and again. */
export function claimFile(scope: Construct, path: string, what: string): string[] {
  const other = claim(scope, `content of ${path}`, what) ?? what;
  if (other === what) return [];
  const file = shown(relative(projectFolder(), path));
  return [`${file} must hold one thing, got: ${other}, and ${what}; choose another \`name\` or \`directory\` for one`];
}

/**
 * A private half belongs to one pair, and a pair has one private half, wherever in the app it is declared.
 *
 * @param what the certificate in words
 */
export function claimKeyFiles(
  scope: Construct,
  { certificate, key }: Pick<PairFiles, "certificate" | "key">,
  what = "the certificate of a signing key",
): string[] {
  const show = (path: string) => shown(relative(projectFolder(), path));
  const otherPair = claim(scope, `private half ${key}`, certificate) ?? certificate;
  const otherKey = claim(scope, `certificate ${certificate}`, key) ?? key;
  return [
    ...claimFile(scope, certificate, what),
    ...(otherPair === certificate
      ? []
      : [
          `\`privateKeyDirectory\` must not be that of another pair of this name, got: ${show(key)} for ${show(otherPair)} and ${show(certificate)}; choose another folder or \`name\``,
        ]),
    ...(otherKey === key
      ? []
      : [
          `\`privateKeyDirectory\` must be the same wherever a pair is declared, got: ${show(key)}, and ${show(otherKey)} elsewhere, for ${show(certificate)}; choose one of them`,
        ]),
  ];
}
