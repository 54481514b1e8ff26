import type { Command } from "../cli/command";
import { callCommand, tokenCommand } from "./call";
import { certificatesCommands } from "./certificates";
import { complete } from "./complete";
import { diffCommand } from "./diff";
import { doctorCommand } from "./doctor";
import { downCommand } from "./down";
import { envCommand } from "./env";
import { keysCommands } from "./keys";
import { logsCommand } from "./logs";
import { providerCommand } from "./provider";
import { testCommand } from "./test";
import { upCommand } from "./up";
import { whoCanCommand } from "./who-can";

/** All commands, in the order of the help. */
export const COMMANDS: readonly Command[] = [
  upCommand,
  diffCommand,
  callCommand,
  tokenCommand,
  whoCanCommand,
  downCommand,
  logsCommand,
  doctorCommand,
  envCommand,
  ...keysCommands,
  ...certificatesCommands,
  providerCommand,
  testCommand,
  complete,
];
