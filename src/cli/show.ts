/** `rhyton show`: what the compiler makes of a model, stage by stage. */
import type { Command } from "commander";
import { loadModel, type Stage, show, stages } from "../index.ts";
import { choice } from "./options.ts";
import { answer, example } from "./program.ts";

export function addShow(program: Command): void {
  program
    .command("show")
    .summary("print what the compiler makes of a model")
    .description("Print what the compiler makes of a model.")
    .argument("<model>", "a .keras file")
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
      const model = await loadModel(path, { compile: stage !== "graph" });
      const text = await show(model, stage);
      answer(command, { stage, text }, text);
    });
}
