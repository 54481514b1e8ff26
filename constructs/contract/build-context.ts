import { createHash } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { readTextIfThere } from "../keys/read-file";
import type { StackJson } from "./terraform-json";

const DOCKERFILE = "Dockerfile";

/** What an image is built of: its Dockerfile, and the text of each file beside it. */
export interface BuildFiles {
  readonly dockerfile: string;
  readonly beside?: Readonly<Record<string, string>>;
}

/** Where the files of an image stand, and the hash of their text. */
export function buildContext(name: string, { dockerfile, beside = {} }: BuildFiles) {
  const hash = createHash("sha256").update(dockerfile);
  for (const [file, text] of Object.entries(beside)) hash.update(`\0${file}\0${text}`);
  const short = hash.digest("hex").slice(0, 12);
  return { context: join(name, short), hash: short };
}

/**
 * Writes the files of an image that Docker builds, below the folder in which Terraform runs for a stack. Another text gives
 * another context, and so another image.
 */
export function writeBuildContext(stackFolder: string, name: string, files: BuildFiles) {
  const { context, hash } = buildContext(name, files);
  mkdirSync(join(stackFolder, context), { recursive: true });
  for (const [file, text] of Object.entries({ [DOCKERFILE]: files.dockerfile, ...files.beside })) {
    writeFileSync(join(stackFolder, context, file), text);
  }
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
