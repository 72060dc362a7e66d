/** `rhyton evaluate`: loss and metrics of a model over samples. */
import type { Command } from "commander";
import { loadModel } from "../index.ts";
import { wholeNumber } from "./options.ts";
import { answer, example, UsageError } from "./program.ts";
import { dataOption, openSamples } from "./samples.ts";

interface EvaluateOptions {
  readonly data: string;
  readonly batchSize: number;
  readonly threads?: number;
}

export function addEvaluate(program: Command): void {
  program
    .command("evaluate")
    .summary("print loss and metrics of a model over samples")
    .description("Print loss and metrics of a model over samples, as the file says that it was compiled.")
    .argument("<model>", "a .keras file")
    .addOption(
      dataOption(
        "digits or mnist (their test part), a folder of PNG files of one size, or two .npy files: x.npy,y.npy",
      ).makeOptionMandatory(),
    )
    .option("--batch-size <n>", "samples at a time", wholeNumber(1, 1_000_000), 128)
    .option("--threads <n>", "threads to use (default: one for each core)", wholeNumber(1, 64))
    .addHelpText(
      "after",
      "\nPictures are compared with themselves where the model answers pictures, and digits with their numbers where it chooses.\n" +
        example("rhyton evaluate autoencoder.keras --data digits", "rhyton evaluate model.keras --data x.npy,y.npy"),
    )
    .action(async (path: string, { data, batchSize, threads }: EvaluateOptions, command: Command) => {
      const model = await loadModel(path, { threads });
      if (model.compiled === undefined) {
        throw new UsageError(`${path} was saved without loss and metrics.`, "Call compile before saving it.");
      }
      const { train, test } = await openSamples(data, model);
      const { x, y } = test ?? train;
      const logs = await model.evaluate(x, y, { batchSize, verbose: 0 });
      const lines = Object.entries(logs).map(([name, value]) => `${name} ${value}\n`);
      answer(command, logs, lines.join(""));
    });
}
