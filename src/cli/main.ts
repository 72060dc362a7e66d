#!/usr/bin/env node
/** The command line: `rhyton COMMAND`. Results go to standard output, everything else to standard error. */
import { addEvaluate } from "./evaluate.ts";
import { addPredict } from "./predict.ts";
import { makeProgram, runProgram } from "./program.ts";
import { addShow } from "./show.ts";
import { addSummary } from "./summary.ts";
import { addTrain } from "./train.ts";

const program = makeProgram();
for (const add of [addTrain, addEvaluate, addPredict, addSummary, addShow]) add(program);
await runProgram(program, process.argv);
