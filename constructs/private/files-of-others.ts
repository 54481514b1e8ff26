import { realpathSync } from "node:fs";
import { resolve } from "node:path";
import { projectFolder } from "../contract/project-files";
import { KeyError } from "../keys/errors";
import { readPublicFile } from "../keys/key-files";
import { shown } from "../keys/shown";

/** Where a link leads, as those of certbot do. Files of others are only read here; what is nowhere stays what it is. */
export function linked(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}

/** The text of a file that others keep; `path` is relative to `cdktf.json`. @throws {KeyError} `KEY_UNREADABLE` */
export function readCertificates(path: string): string {
  const pem = readPublicFile(resolve(projectFolder(), path));
  if (pem !== undefined) return pem;
  throw new KeyError(
    "KEY_UNREADABLE",
    `${shown(path)} must hold certificates in PEM, got: no such file; check the path`,
  );
}
