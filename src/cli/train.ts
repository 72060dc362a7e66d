/** `rhyton train`: the convolutional autoencoder on handwritten digits. */
import { availableParallelism, cpus, totalmem } from "node:os";
import type { Command } from "commander";
import { nearest } from "../core/errors.ts";
import { CSVLogger, type NdArray, reconstructionSheet, VERSION } from "../index.ts";
import { writeFileAtomic } from "../saving/atomic.ts";
import { makeAutoencoder } from "./autoencoder.ts";
import { Clock, EpochLog } from "./epoch-log.ts";
import { wholeNumber } from "./options.ts";
import { example, UsageError } from "./program.ts";
import { makeRunFolder } from "./run-folder.ts";
import { datasets, firstOf } from "./samples.ts";
import { stoppable } from "./stop.ts";
import { trainModel } from "./train-model.ts";

interface TrainOptions {
  readonly model?: string;
  readonly data: string;
  readonly epochs: number;
  readonly batchSize: number;
  readonly seed: number;
  readonly threads?: number;
  readonly limit?: number;
  readonly out?: string;
}

const compileOptions = { optimizer: "adam", loss: "binary_crossentropy" } as const;
/** How many test digits the picture shows. */
const SHOWN = 20;

export function addTrain(program: Command): void {
  program
    .command("train")
    .description(
      "Train a convolutional autoencoder on handwritten digits, or a model of your own. Leaves a folder with the model " +
        "and the losses, and for the autoencoder a picture of reconstructions and the settings. Ctrl-C stops after the " +
        "current step and keeps what was learnt.",
    )
    .option("--model <file>", "a .keras file to go on with, or a module (.mjs, .ts) whose default export is a model")
    .option(
      "--data <set>",
      "digits (6000, part of rhyton) or mnist (60000); with --model also two files, x.npy,y.npy",
      "digits",
    )
    .option("--epochs <n>", "times that every digit is seen", wholeNumber(1, 1_000_000), 10)
    .option("--batch-size <n>", "digits a step", wholeNumber(1, 60_000), 128)
    .option("--seed <n>", "for weights and order; equal seeds give equal results", wholeNumber(0, 2 ** 32 - 1), 1)
    .option("--threads <n>", "threads to use (default: one for each core)", wholeNumber(1, 64))
    .option("--limit <n>", "train on the first n digits only (default: all)", wholeNumber(1, 60_000))
    .option(
      "--out <folder>",
      "where the files go; a run that is there is never overwritten (default: a new folder in runs)",
    )
    .addHelpText(
      "after",
      example("rhyton train", "rhyton train --data mnist --epochs 10 --seed 1 --threads 2 --out runs/first"),
    )
    .action(train);
}

async function train(options: TrainOptions): Promise<void> {
  const { model, data: name } = options;
  if (model !== undefined) return trainModel({ ...options, model });
  if (name !== "digits" && name !== "mnist") throw unknownData(name);
  const clock = new Clock();
  const data = await datasets[name]();
  const images = chosen(data.train.images, options);
  const folder = await makeRunFolder(options.out, clock.started);
  const { autoencoder, encoder } = makeAutoencoder(options.seed);
  autoencoder.compile({ ...compileOptions, threads: options.threads });

  clock.lap("loading");
  const log = new EpochLog();
  const stopCode = await stoppable((signal) =>
    autoencoder.fit(images, images, {
      epochs: options.epochs,
      batchSize: options.batchSize,
      validationData: [data.test.images, data.test.images],
      callbacks: [new CSVLogger(folder.history), log],
      signal,
    }),
  );
  if (stopCode !== undefined) {
    process.exitCode = stopCode;
    process.stderr.write(`Stopped in epoch ${log.logs.length + 1} of ${options.epochs}. What was learnt is kept.\n`);
  }

  clock.lap("training");
  await autoencoder.save(folder.model);
  const originals = firstOf(data.test.images, SHOWN);
  const codes = await encoder.predict(originals);
  const reconstructions = await autoencoder.predict(originals);
  await writeFileAtomic(folder.picture, reconstructionSheet({ originals, codes, reconstructions }));
  clock.lap("saving");
  const settings = {
    settings: { ...options, threads: options.threads ?? "one for each core", limit: images.shape[0], out: undefined },
    ...compileOptions,
    digits: { train: images.shape[0], test: data.test.images.shape[0] },
    versions: { rhyton: VERSION, node: process.versions.node, v8: process.versions.v8 },
    machine: machine(),
    started: clock.started.toISOString(),
    finished: clock.now.toISOString(),
    // loading + training + saving = all; the epochs are within training.
    seconds: { ...clock.seconds, epochs: log.seconds },
    peakMemoryBytes: process.resourceUsage().maxRSS * 1024,
    stopped: stopCode !== undefined,
    epochsDone: log.logs.length,
    losses: log.logs.at(-1) ?? null,
  };
  await writeFileAtomic(folder.settings, `${JSON.stringify(settings, undefined, 2)}\n`);
  for (const path of Object.values(folder)) process.stdout.write(`${path}\n`);
  process.stderr.write(
    `Next: look at ${folder.picture}, or run rhyton predict ${folder.model} --input x.npy --output y.npy.\n`,
  );
}

function unknownData(name: string): UsageError {
  const near = nearest(name, Object.keys(datasets));
  const guess = near === undefined ? "" : `Did you mean ${near}? `;
  const known = `${guess}Known: ${Object.keys(datasets).join(", ")}.`;
  return new UsageError(`option '--data <set>' argument '${name}' is invalid. ${known}`);
}

/** The digits to train on. */
function chosen(images: NdArray, { data, limit }: TrainOptions): NdArray {
  const [available] = images.shape;
  if (limit === undefined) return images;
  if (limit > available) throw new UsageError(`--limit is ${limit}, and ${data} has ${available} digits to train on.`);
  return firstOf(images, limit);
}

const machine = () => ({
  processor: cpus()[0]?.model ?? "unknown",
  cores: availableParallelism(),
  memoryBytes: totalmem(),
  system: `${process.platform} ${process.arch}`,
});
