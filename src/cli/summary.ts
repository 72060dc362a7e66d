/** `rhyton summary`: the table of layers. */
import type { Command } from "commander";
import { loadModel, type Model, RhytonError } from "../index.ts";
import { openModel } from "./model-file.ts";
import { answer, example } from "./program.ts";

export function addSummary(program: Command): void {
  program
    .command("summary")
    .summary("print the layers of a model")
    .description("Print the layers of a model, their shapes and the numbers of their weights.")
    .argument("<model>", "a .keras file, or a module (.mjs, .ts) whose default export is a model")
    .addHelpText("after", example("rhyton summary autoencoder.keras"))
    .action(async (path: string, _: object, command: Command) => {
      const model = await openModel(path, { seed: 0 }).catch((error: unknown) => {
        // An optimizer or a loss that Rhyton has not does not hide the layers.
        if (error instanceof RhytonError && error.code === "file-unsupported")
          return loadModel(path, { compile: false });
        throw error;
      });
      let text = "";
      model.summary({
        print: (table) => {
          text = `${table}\n`;
        },
      });
      answer(command, summaryOf(model), text);
    });
}

/** The table as data. */
function summaryOf(model: Model) {
  const layers = model.layers.map((layer) => {
    const runs = model.isBuilt ? model.network.nodes.filter((node) => node.operation === layer) : layer.calls;
    return {
      name: model.isBuilt ? model.network.nameOf(layer) : layer.name,
      className: layer.className,
      /** Without the batch; of the last call, as the table shows them. */
      outputShapes: runs.at(-1)?.outputs.map(({ shape }) => shape) ?? [],
      params: layer.countParams(),
      trainable: layer.trainable,
    };
  });
  const count = (weights: readonly { readonly shape: readonly number[] }[]): number =>
    weights.reduce((sum, { shape }) => sum + shape.reduce((n, size) => n * size, 1), 0);
  return {
    name: model.name,
    className: model.className,
    layers,
    params: count(model.weights),
    trainableParams: count(model.trainableWeights),
    optimizerParams: model.compiled?.optimizer.countParams() ?? 0,
  };
}
