/** `rhyton train`: the convolutional autoencoder on digits or pictures of one's own, or a model of one's own; new, or gone on with. */
import { resolve } from "node:path";
import type { Command } from "commander";
import { loadModel, type Model, RhytonError } from "../index.ts";
import { takeUp } from "../training/load.ts";
import { makeAutoencoder } from "./autoencoder.ts";
import { Clock } from "./epoch-log.ts";
import { isModule, openModel } from "./model-file.ts";
import { wholeNumber } from "./options.ts";
import { example, UsageError } from "./program.ts";
import { filesIn, makeRunFolder } from "./run-folder.ts";
import { type RunSettings, readSettings } from "./run-settings.ts";
import { dataOption, firstOf, openPictures, openSamples, type Pairs } from "./samples.ts";
import { runTraining } from "./training-run.ts";

interface TrainOptions {
  readonly model?: string;
  readonly data: string;
  readonly epochs: number;
  readonly batchSize: number;
  readonly seed: number;
  readonly threads?: number;
  readonly limit?: number;
  readonly out?: string;
  readonly resume?: string;
}

const compileOptions = { optimizer: "adam", loss: "binary_crossentropy" } as const;

export function addTrain(program: Command): void {
  program
    .command("train")
    .summary("train an autoencoder on pictures, or a model of your own")
    .description(
      "Train a convolutional autoencoder on handwritten digits or your own pictures, or a model of your own. Leaves a " +
        "folder with the model, the losses and the settings, and for the autoencoder a picture of reconstructions. Ctrl-C stops after the " +
        "current step and keeps what was learnt; --resume goes on from there, to the same numbers.",
    )
    .option("--model <file>", "a .keras file to go on with, or a module (.mjs, .ts) whose default export is a model")
    .addOption(
      dataOption(
        "digits (6000, part of rhyton), mnist (60000), or a folder of PNG files of one size; with --model also two files, x.npy,y.npy",
        "digits",
      ),
    )
    .option("--epochs <n>", "times that every picture is seen; with --resume, in all", wholeNumber(1, 1_000_000), 10)
    .option("--batch-size <n>", "pictures a step", wholeNumber(1, 60_000), 128)
    .option("--seed <n>", "for weights and order; equal seeds give equal results", wholeNumber(0, 2 ** 32 - 1), 1)
    .option("--threads <n>", "threads to use (default: one for each core)", wholeNumber(1, 64))
    .option("--limit <n>", "train on the first n samples only (default: all)", wholeNumber(1, 1_000_000_000))
    .option(
      "--out <folder>",
      "where the files go; a run that is there is never overwritten (default: a new folder in runs)",
    )
    .option("--resume <folder>", "go on with the run in this folder, as it was set up")
    .addHelpText(
      "after",
      example(
        "rhyton train",
        "rhyton train --data mnist --epochs 10 --seed 1 --threads 2 --out runs/first",
        "rhyton train --data my-pictures",
        "rhyton train --resume runs/first --epochs 20",
      ),
    )
    .action((options: TrainOptions, command: Command) => {
      if (options.resume !== undefined) return resumeTraining(options.resume, options, command);
      return options.model === undefined ? trainAutoencoder(options, command) : trainModel(options, command);
    });
}

async function trainAutoencoder(options: TrainOptions, command: Command): Promise<void> {
  const { data, threads } = options;
  const clock = new Clock();
  const { train, test, source } = await openPictures(data);
  const made = makeAutoencoder(options.seed, train.x.shape.slice(1)).autoencoder;
  const model = made as unknown as Model;
  const chosen = limited(train, options.limit, data);
  const files = await makeRunFolder(options.out, clock.started, false);
  model.compile({ ...compileOptions, threads });
  clock.lap("loading");
  const { epochs, batchSize, seed } = options;
  const settings = { data: source, epochs, batchSize, seed, threads, limit: chosen.x.shape[0] };
  await runTraining({ model, train: chosen, test, files, settings, notes: compileOptions, clock }, command);
}

async function trainModel(options: TrainOptions, command: Command): Promise<void> {
  const { model: path = "", seed, threads, batchSize } = options;
  const clock = new Clock();
  const model = await openModel(path, { seed }, { threads });
  const { train, test, source } = await openSamples(options.data, model);
  const chosen = limited(train, options.limit, options.data);
  if (model.compiled === undefined) {
    if (chosen.x.data !== chosen.y.data) {
      const when = isModule(path) ? "in the module, before the model is handed out" : "before saving it";
      throw new UsageError(`${path} is not compiled.`, `Call compile with the loss that you mean ${when}.`);
    }
    model.compile({ ...compileOptions, threads });
  }
  const files = await makeRunFolder(options.out, clock.started, true);
  clock.lap("loading");
  const epochs = model.epochs + options.epochs;
  const settings = { model: resolve(path), data: source, epochs, batchSize, seed, threads, limit: chosen.x.shape[0] };
  await runTraining({ model, train: chosen, test, files, settings, notes: {}, clock }, command);
}

/** What a run decides when it begins, and what going on with it may not change. */
const fixed = ["data", "batchSize", "seed", "limit", "out"] as const;

async function resumeTraining(folder: string, options: TrainOptions, command: Command): Promise<void> {
  const given = (name: string): boolean => command.getOptionValueSource(name) === "cli";
  const other = command.options.find(
    (o) => fixed.some((name) => name === o.attributeName()) && given(o.attributeName()),
  );
  if (other !== undefined) {
    throw new UsageError(
      `${other.long} cannot be given with --resume, which goes on with a run as it was set up.`,
      "Leave it out (--epochs and --threads may change), or begin a new run without --resume.",
    );
  }
  const clock = new Clock();
  const before = await readSettings(filesIn(folder, false).settings);
  if (options.model !== undefined && (before.model === undefined || !isModule(options.model))) {
    throw new UsageError(
      "--model beside --resume is the module that made the model of the run, where it has moved.",
      `Leave it out: the model of this run is in ${filesIn(folder, before.model !== undefined).model}.`,
    );
  }
  const source = options.model === undefined ? before.model : resolve(options.model);
  const files = filesIn(folder, source !== undefined);
  const threads = options.threads ?? before.threads;
  const epochs = given("epochs") ? options.epochs : before.epochs;
  const model = await modelOf(files.model, { ...before, model: source }, threads);
  if (model.epochs >= epochs) {
    throw new UsageError(
      `${folder} has done its ${epochs} epoch${epochs === 1 ? "" : "s"}.`,
      `Give more in all to go on: --epochs ${model.epochs + 10}.`,
    );
  }
  const { train, test } = await openSamples(before.data, model);
  const chosen = limited(train, before.limit, before.data);
  clock.lap("loading");
  const settings = { ...before, ...(source === undefined ? {} : { model: source }), epochs, threads };
  const notes = before.model === undefined ? compileOptions : {};
  await runTraining({ model, train: chosen, test, files, settings, notes, clock }, command);
}

/**
 * The model of a run as far as it has come. Where the file names classes or functions of one's own, the module that made
 * the model makes it again.
 */
async function modelOf(path: string, { model: source, data, seed }: RunSettings, threads?: number): Promise<Model> {
  try {
    return await loadModel(path, { threads });
  } catch (error) {
    const isOwn = error instanceof RhytonError && error.code === "file-unsupported";
    if (!isOwn || source === undefined || !isModule(source)) throw error;
    const model = await openModel(source, { seed });
    if (!model.isBuilt) {
      const { x } = (await openSamples(data, model)).train;
      model.prepare([x.shape.slice(1)]);
    }
    await takeUp(model, path);
    return model;
  }
}

/** The first samples; an autoencoder keeps its one array. */
function limited({ x, y }: Pairs, limit: number | undefined, data: string): Pairs {
  const [available] = x.shape;
  if (limit === undefined || limit === available) return { x, y };
  if (limit > available) {
    throw new UsageError(`--limit is ${limit}, and ${data} has ${available} samples to train on.`, "Give fewer.");
  }
  const first = firstOf(x, limit);
  return { x: first, y: x === y ? first : firstOf(y, limit) };
}
