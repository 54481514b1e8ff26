import { stampOf } from "../constructs/keys/file-stamp";
import { shown } from "../constructs/keys/shown";
import type { TlsSettings } from "./dispatchers";
import { readTlsFiles, type TlsFileNames, WrongTlsFile } from "./tls-files";

/** Files are looked at once in this time at most. */
const lookEveryMs = 1000;

/**
 * The files of TLS, followed. They are looked at when they are needed, and read again if their times or sizes have
 * changed. While the new ones cannot be used, such as a certificate whose key is not there yet, the former ones stay.
 */
export class FollowedTlsFiles implements TlsFileNames {
  readonly caFile?: string;
  readonly certificateFile?: string;
  readonly keyFile?: string;
  private seen: string;
  private settled: boolean;
  private settings: TlsSettings;
  private lookedAt = performance.now();
  private complaint = "";

  /**
   * @param log takes a line when renewed files are used, and when they cannot be
   * @throws {WrongTlsFile} as {@link readTlsFiles}
   */
  constructor(
    names: TlsFileNames,
    private readonly log: (line: string) => void,
  ) {
    const { caFile, certificateFile, keyFile } = names;
    Object.assign(this, { caFile, certificateFile, keyFile });
    [this.seen, this.settled] = this.stamps(); // before the files are read, so a change in between is seen later
    this.settings = readTlsFiles(this);
  }

  /** What to use now: the same object until a file has another content. Never throws. */
  current(): TlsSettings {
    if (performance.now() - this.lookedAt < lookEveryMs) return this.settings;
    this.lookedAt = performance.now();
    const [stamps, settled] = this.stamps();
    if (stamps !== this.seen || !this.settled) this.look(stamps);
    [this.seen, this.settled] = [stamps, settled];
    return this.settings;
  }

  private look(stamps: string): void {
    try {
      const found = readTlsFiles(this);
      const isNew = (["ca", "cert", "key"] as const).some((name) => found[name] !== this.settings[name]);
      if (isNew) this.log(`tls: renewed files are used from now on: ${this.names()}`);
      if (isNew) this.settings = found;
      this.complaint = "";
    } catch (error) {
      const reason = error instanceof WrongTlsFile ? error.message : "they cannot be used";
      const complaint = `${stamps} ${reason}`;
      if (complaint !== this.complaint) this.log(`tls: renewed files are refused, the former ones stay: ${reason}`);
      this.complaint = complaint;
    }
  }

  private stamps(): [id: string, settled: boolean] {
    const all = this.files().map(stampOf);
    return [all.map(({ id }) => id).join(), all.every(({ settled }) => settled)];
  }

  private names(): string {
    return this.files().map(shown).join(", ");
  }

  private files(): string[] {
    return [this.caFile, this.certificateFile, this.keyFile].filter((file) => file !== undefined);
  }
}
