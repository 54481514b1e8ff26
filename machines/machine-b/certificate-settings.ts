import { shown, shownPart } from "../../constructs/keys/shown";
import type { TlsOptions } from "../calling/tls-options";
import { OptionError } from "../errors";
import type { CallerCertificates } from "../verifying/check-certificate";

const CHOICES = ["none", "request", "required"] as const;

/** Whether callers are asked for a client certificate, and whether they need one. */
export type ClientCertificates = (typeof CHOICES)[number];

/**
 * Reads `CLIENT_CERTIFICATES`.
 *
 * @throws {OptionError} `ERR_OPTION` for another text, or without a certificate of the server and a CA. Without a CA, every
 *   certificate of the web's CAs would be trusted
 */
export function parseClientCertificates(text: string, tls: TlsOptions | undefined): ClientCertificates {
  const choice = CHOICES.find((one) => one === text);
  if (!choice) throw new OptionError(`CLIENT_CERTIFICATES must be none, request or required, got: ${shown(text)}`);
  if (choice === "none" || (tls?.caFile !== undefined && tls.certificateFile !== undefined)) return choice;
  const missing =
    tls?.caFile === undefined ? "TLS_CA_FILE, whose CAs issue them" : "TLS_CERTIFICATE_FILE and TLS_KEY_FILE";
  throw new OptionError(`CLIENT_CERTIFICATES is ${choice}, and so there must be ${missing}, got: none; set it`);
}

/**
 * Reads `CALLER_CERTIFICATES`: `client=common name`, separated by commas. A comma, an equals sign and a percent sign in a
 * client id are written as in an address (`%2C`). An empty text is no list.
 *
 * @throws {OptionError} `ERR_OPTION` for an entry of another form, the same client twice, or if no caller is asked for a
 *   certificate: all of them would be refused
 */
export function parseCallerCertificates(text: string, asked: ClientCertificates): CallerCertificates | undefined {
  const entries = text.split(",").filter((entry) => entry.trim() !== "");
  if (entries.length === 0) return undefined;
  if (asked === "none") {
    throw new OptionError(
      "CALLER_CERTIFICATES is set, and so CLIENT_CERTIFICATES must be request or required, got: none; set it",
    );
  }
  const names = new Map<string, string>();
  for (const entry of entries) {
    const at = entry.indexOf("=");
    const [client, name] = [plain(entry.slice(0, Math.max(at, 0)).trim()), entry.slice(at + 1).trim()];
    if (client === "" || name === "") {
      throw new OptionError(
        `CALLER_CERTIFICATES must be a list of client=common name, separated by commas, got: ${shownPart(entry, text)}`,
      );
    }
    if (names.has(client)) {
      throw new OptionError(`CALLER_CERTIFICATES must name each client once, got ${shownPart(client, text)} twice`);
    }
    names.set(client, name);
  }
  return Object.fromEntries(names);
}

function plain(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return ""; // of another form
  }
}
