import { renewCertificates, showCertificates } from "../certificates/renew";
import { type Command, command } from "../cli/command";

export const certificatesCommands: readonly Command[] = [
  command({
    name: "certificates list",
    help: "the certificates for TLS of this project; certificates alone does the same",
    async run({ out }) {
      await showCertificates(out);
      return 0;
    },
  }),
  command({
    name: "certificates renew",
    words: "[NAME…]",
    help: "issue certificates again before they end, for the next deploy to bring",
    options: {
      all: { help: "every certificate of the project" },
      auto: { help: "only those in the last third of their life, for cron" },
      "new-key": { help: "with a new private key each; a CA keeps its own" },
      "dry-run": { help: "say what would be done, and do nothing" },
    },
    async run({ words, options: { all, auto, "new-key": newKeys, "dry-run": dryRun }, out }) {
      await renewCertificates({ names: words, all, auto, newKeys, dryRun }, out);
      return 0;
    },
  }),
];
