import type { Command } from "../cli/command";
import { backupCommand } from "./backup";
import { callCommand, tokenCommand } from "./call";
import { certificatesCommands } from "./certificates";
import { complete } from "./complete";
import { diffCommand } from "./diff";
import { doctorCommand } from "./doctor";
import { downCommand } from "./down";
import { driftCommand } from "./drift";
import { envCommand } from "./env";
import { eventsCommand } from "./events";
import { keysCommands } from "./keys";
import { logsCommand } from "./logs";
import { providerCommand } from "./provider";
import { restoreCommand } from "./restore";
import { statusCommand } from "./status";
import { testCommand } from "./test";
import { upCommand } from "./up";
import { whoCanCommand } from "./who-can";

/** All commands, in the order of the help. */
export const COMMANDS: readonly Command[] = [
  upCommand,
  diffCommand,
  driftCommand,
  callCommand,
  tokenCommand,
  whoCanCommand,
  downCommand,
  backupCommand,
  restoreCommand,
  logsCommand,
  eventsCommand,
  statusCommand,
  doctorCommand,
  envCommand,
  ...keysCommands,
  ...certificatesCommands,
  providerCommand,
  testCommand,
  complete,
];
