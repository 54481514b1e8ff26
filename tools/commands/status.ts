import { resolve } from "node:path";
import { setTimeout } from "node:timers/promises";
import { command } from "../cli/command";
import { writePage } from "../html-page";
import type { Output } from "../output";
import { openProject } from "../project/project";
import { statusPage } from "../status/page";
import { printStatus } from "../status/print";
import { type Declared, readDeclared, readStatus, type Status } from "../status/read-status";
import { isWell } from "../status/status";

/** Between two looks, in a terminal. */
const EVERY_MS = 5_000;

export const statusCommand = command({
  name: "status",
  help: "what is up, who gets tokens, who calls what, alerts, and what ends when",
  options: {
    once: { help: "print it once, in a terminal too, which otherwise shows it until Ctrl-C" },
    html: { value: "FILE", help: "write it as one page for a browser" },
  },
  async run({ options: { once, html }, out, interruption }) {
    const declared = await readDeclared(openProject(), out, interruption);
    const status = await readStatus(declared, out);
    if (status.servers.length === 0)
      out.warn("nothing is watched: declare a Monitoring to see tokens, calls and alerts");
    if (html !== undefined) await writePage(html, statusPage(status));
    const isOnce = once || html !== undefined || out.json || !process.stdout.isTTY;
    if (isOnce) out.result(html === undefined ? printStatus(status) : `wrote ${resolve(html)}`, status);
    else await follow(declared, status, out, interruption);
    return status.servers.every(isWell) ? 0 : 2;
  },
});

/** Shows it in place, until Ctrl-C. */
async function follow(declared: Declared, first: Status, out: Output, interruption: AbortSignal): Promise<void> {
  for (let status = first; !interruption.aborted; status = await readStatus(declared, out)) {
    process.stdout.write(`\x1b[H\x1b[2J${printStatus(status)}\n\n${status.at.slice(0, 19)}Z, Ctrl-C ends it\n`);
    await setTimeout(EVERY_MS, undefined, { signal: interruption }).catch(() => undefined);
  }
}
