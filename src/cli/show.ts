/** `rhyton show`: what the compiler makes of a model, stage by stage. */
import type { Command } from "commander";
import { type Stage, show, stages } from "../index.ts";
import { openModel } from "./model-file.ts";
import { choice } from "./options.ts";
import { answer, example } from "./program.ts";

export function addShow(program: Command): void {
  program
    .command("show")
    .summary("print what the compiler makes of a model")
    .description("Print what the compiler makes of a model.")
    .argument("<model>", "a .keras file, or a module (.mjs, .ts) whose default export is a model")
    .addOption(choice("--stage <stage>", "what to print", stages).makeOptionMandatory())
    .addHelpText(
      "after",
      "\nStages:\n" +
        "  graph     the prediction, as a graph of ops\n" +
        "  gradient  a training step: forward, loss, gradient and update\n" +
        "  kernels   the loops that run, after fusion; of the prediction if the file has no optimizer and loss\n" +
        "  wasm      the generated WebAssembly module as text\n" +
        example("rhyton show autoencoder.keras --stage kernels", "rhyton show autoencoder.keras --stage wasm | less"),
    )
    .action(async (path: string, { stage }: { readonly stage: Stage }, command: Command) => {
      const model = await openModel(path, { seed: 0 }, { compile: stage !== "graph" });
      const text = await show(model, stage);
      answer(command, { stage, text }, text);
    });
}
