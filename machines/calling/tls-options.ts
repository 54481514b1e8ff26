import { shown } from "../../constructs/keys/shown";
import { FollowedTlsFiles } from "../../network/followed-tls-files";
import { WrongTlsFile } from "../../network/tls-files";
import { OptionError } from "../errors";
import { type Log, quietly } from "../log";

/**
 * The TLS of a machine's connections, in files of PEM. Renewed files are used for new requests without a restart: they are
 * looked at once a second at most. While they cannot be used, such as a certificate whose key is not there yet, the former
 * ones stay, and the log gets a line.
 *
 * A token that is bound to the former certificate is refused after a renewal. The machine then gets another one, as after
 * any 401.
 */
export interface TlsOptions {
  /**
   * CAs to trust, in place of those of the environment and of Node.js: at most 16 MiB.
   *
   * @default - those of the environment
   */
  readonly caFile?: string;
  /**
   * The client certificate, and after it those that issued it. Beside it `keyFile` is required.
   *
   * @default - none: servers that ask for one get none
   */
  readonly certificateFile?: string;
  /** The private key of `certificateFile`, not encrypted. @default - none */
  readonly keyFile?: string;
}

/**
 * Reads the files of TLS, and follows them.
 *
 * Does not check: dates, purposes and names of the certificates. The other side does.
 *
 * @throws {OptionError} `ERR_OPTION` for one of certificate and key without the other, and for a file that cannot be used.
 *   The message names it
 */
export function followTls(tls: TlsOptions, log: Log): FollowedTlsFiles {
  if (tls instanceof FollowedTlsFiles) return tls;
  checkTls(tls);
  try {
    return new FollowedTlsFiles(tls, (line) => quietly(log)(`machine: ${line}`));
  } catch (error) {
    if (!(error instanceof WrongTlsFile)) throw error;
    throw new OptionError(error.message);
  }
}

function checkTls(tls: TlsOptions): void {
  if (typeof tls !== "object" || tls === null) throw new OptionError(`\`tls\` must be an object, got: ${shown(tls)}`);
  const { caFile, certificateFile, keyFile } = tls;
  for (const [name, file] of Object.entries({ caFile, certificateFile, keyFile })) {
    if (file === undefined || (typeof file === "string" && file !== "")) continue;
    throw new OptionError(
      `\`tls.${name}\` must be the path of a file, got: ${file === "" ? "an empty text" : shown(file)}`,
    );
  }
  if ((certificateFile === undefined) === (keyFile === undefined)) return;
  const [got, other] = keyFile === undefined ? ["certificateFile", "keyFile"] : ["keyFile", "certificateFile"];
  throw new OptionError(
    `\`tls.certificateFile\` and \`tls.keyFile\` must be given together, got: \`tls.${got}\` alone; give \`tls.${other}\` too`,
  );
}
