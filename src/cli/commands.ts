/** The program with all its commands, in the order in which the help lists them. */
import type { Command } from "commander";
import { addCompletion } from "./completion.ts";
import { addEvaluate } from "./evaluate.ts";
import { addPredict } from "./predict.ts";
import { addHelp, makeProgram } from "./program.ts";
import { addShow } from "./show.ts";
import { addSummary } from "./summary.ts";
import { addTrain } from "./train.ts";

export function makeCommands(): Command {
  const program = makeProgram();
  for (const add of [addTrain, addEvaluate, addPredict, addSummary, addShow, addCompletion, addHelp]) add(program);
  return program;
}
