#!/usr/bin/env node
/** The command line: `rhyton COMMAND`. Results go to standard output, everything else to standard error. */
import { makeCommands } from "./commands.ts";
import { runProgram } from "./program.ts";

await runProgram(makeCommands(), process.argv);
