/** `rhyton summary`: the table of layers. */
import type { Command } from "commander";
import { loadModel, RhytonError } from "../index.ts";
import { example } from "./program.ts";

export function addSummary(program: Command): void {
  program
    .command("summary")
    .description("Print the layers of a model, their shapes and the numbers of their weights.")
    .argument("<model>", "a .keras file")
    .addHelpText("after", example("rhyton summary autoencoder.keras"))
    .action(async (path: string) => {
      const model = await loadModel(path).catch((error: unknown) => {
        // An optimizer or a loss that Rhyton has not does not hide the layers.
        if (error instanceof RhytonError && error.code === "file-unsupported")
          return loadModel(path, { compile: false });
        throw error;
      });
      model.summary({ print: (text) => process.stdout.write(`${text}\n`) });
    });
}
