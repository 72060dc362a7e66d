/** The program with all its commands, in the order in which the help lists them. */
import type { Command } from "commander";
import { addCompletion } from "./completion.ts";
import { addDoctor } from "./doctor.ts";
import { addEvaluate } from "./evaluate.ts";
import { addExplain } from "./explain.ts";
import { addPredict } from "./predict.ts";
import { addHelp, makeProgram } from "./program.ts";
import { addShow } from "./show.ts";
import { addSummary } from "./summary.ts";
import { addTrain } from "./train.ts";

export function makeCommands(): Command {
  const program = makeProgram();
  const commands = [
    addTrain,
    addEvaluate,
    addPredict,
    addSummary,
    addExplain,
    addShow,
    addDoctor,
    addCompletion,
    addHelp,
  ];
  for (const add of commands) add(program);
  return program;
}
