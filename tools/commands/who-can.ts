import { resolve } from "node:path";
import { command } from "../cli/command";
import { matrixPage } from "../grants/page";
import { printMatrices } from "../grants/table";
import { declaredMatrices, liveMatrices } from "../grants/who-can";
import { writePage } from "../html-page";
import { openProject } from "../project/project";
import { synthesize } from "../project/synth";

/** As `diff` has it. */
const DIFFERENCES = 2;

export const whoCanCommand = command({
  name: "who-can",
  help: "who may call what; with --live exit code 0: Keycloak has the same, 2: differences, 1: error",
  options: {
    live: { help: "beside it what Keycloak has, and what differs" },
    html: { value: "FILE", help: "as a page for a browser, into a file" },
  },
  async run({ options: { live, html }, out }) {
    const switches = { createKeys: "outside CI", reissue: false, newKeys: false } as const;
    const { stacks } = await synthesize(openProject(), out, switches);
    const realms = live ? await liveMatrices(stacks, out) : declaredMatrices(stacks);
    if (html !== undefined) await writePage(html, matrixPage(realms, live, new Date()));
    const text = html === undefined ? printMatrices(realms, live, process.stdout.columns) : `wrote ${resolve(html)}`;
    out.result(text, { live, realms });
    return realms.some(({ differences }) => differences.length > 0) ? DIFFERENCES : 0;
  },
});
