import { createHash } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { readTextIfThere } from "../keys/read-file";
import type { StackJson } from "./terraform-json";

const DOCKERFILE = "Dockerfile";

/** Where the Dockerfile of an image stands, and the hash of its text. */
export function buildContext(name: string, dockerfile: string) {
  const hash = createHash("sha256").update(dockerfile).digest("hex").slice(0, 12);
  return { context: join(name, hash), hash };
}

/**
 * Writes the Dockerfile of an image that Docker builds, below the folder in which Terraform runs for a stack. Another text
 * gives another context, and so another image.
 */
export function writeBuildContext(stackFolder: string, name: string, dockerfile: string) {
  const { context, hash } = buildContext(name, dockerfile);
  mkdirSync(join(stackFolder, context), { recursive: true });
  writeFileSync(join(stackFolder, context, DOCKERFILE), dockerfile);
  return { context, hash };
}

interface ImageJson extends StackJson {
  readonly resource?: { readonly docker_image?: Readonly<Record<string, Readonly<Record<string, unknown>>>> };
}

/** Whether a stack needs an image: for a container, or as the base of an image that it builds. */
export function needsImage(json: ImageJson, stackFolder: string, image: string): boolean {
  return [JSON.stringify(json), ...dockerfilesOf(json, stackFolder)].some((text) => text.includes(image));
}

function dockerfilesOf({ resource }: ImageJson, stackFolder: string): string[] {
  const builds = Object.values(resource?.docker_image ?? {}).flatMap(({ build }) => build ?? []);
  return (builds as { context?: unknown }[]).flatMap(({ context }) =>
    typeof context === "string" ? (readTextIfThere(join(stackFolder, context, DOCKERFILE)) ?? []) : [],
  );
}
