import { createHash } from "node:crypto";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { basename, dirname, join, relative, resolve } from "node:path";
import { App, Manifest, TerraformStack } from "cdktf";
import type { IConstruct } from "constructs";
import { projectFolder } from "../contract/project-files";
import { isTest } from "./tests";

/** Where Terraform will run for the stack of a construct. */
export function stackFolder(scope: IConstruct): string {
  // Not by the manifest's entry of the stack: asking for it fixes the stack's dependencies as they are by then.
  const outdir = isTest(scope) ? "cdktf.out" : App.of(scope).outdir;
  return resolve(projectFolder(), outdir, Manifest.stacksFolder, TerraformStack.of(scope).node.id);
}

/** A project file as Terraform sees it from the stack's folder: relative, so that every checkout gives the same JSON. */
export function fromStackFolder(scope: IConstruct, path: string): string {
  return relative(stackFolder(scope), resolve(projectFolder(), path));
}

/** The construct's path in its stack, as the name of a folder: its id alone may be that of another construct. */
export function pathInStack(scope: IConstruct): string {
  return scope.node.path.slice(TerraformStack.of(scope).node.path.length + 1).replaceAll("/", ".");
}

/**
 * Writes a public file of a construct beside the JSON, and gives its path from there. The path stays the same whatever the
 * file holds.
 */
export function stagePublicFile(scope: IConstruct, name: string, content: string | Buffer): string {
  const source = join("files", pathInStack(scope), name);
  const target = join(stackFolder(scope), source);
  if (isTest(scope)) return source;
  mkdirSync(dirname(target), { recursive: true });
  writeFileSync(target, content);
  return source;
}

/** The same as a file that everybody may read, for whoever brings it to its place. */
export function publicFile(scope: IConstruct, target: string, content: string | Buffer) {
  const source = stagePublicFile(scope, basename(target), content);
  const hash = createHash("sha256").update(content).digest("hex");
  return { source, target, permissions: "0444", hash } as const;
}

/** A file of this package that `npm ci` or `npm pack` bundled. */
export function bundledFile(name: string): string {
  const beside = join(__dirname, "..", "..", name); // dist/constructs/private in the package
  return existsSync(beside) ? beside : join(__dirname, "..", "..", "dist", name);
}
