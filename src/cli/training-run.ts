/** One training from where it stands to its end, or until it is stopped; and the files that it leaves. */
import { dirname } from "node:path";
import type { Command } from "commander";
import { CSVLogger, type Model, type NdArray, ndarray, reconstructionSheet } from "../index.ts";
import { writeFileAtomic } from "../saving/atomic.ts";
import { makeAutoencoder } from "./autoencoder.ts";
import { type Clock, EpochLog } from "./epoch-log.ts";
import { cutHistory, Keeping } from "./keeping.ts";
import { answer } from "./program.ts";
import type { RunFolder } from "./run-folder.ts";
import { type RunSettings, settingsText } from "./run-settings.ts";
import { firstOf, type Pairs } from "./samples.ts";
import { stoppable } from "./stop.ts";

export interface TrainingRun {
  readonly model: Model;
  readonly train: Pairs;
  readonly test: Pairs | undefined;
  readonly files: RunFolder;
  readonly settings: RunSettings;
  /** For the file of settings, beside what every run tells. */
  readonly notes: object;
  readonly clock: Clock;
}

/** How many pictures the sheet shows. */
const SHOWN = 20;

/** Trains, from the epoch and the step that the model has come to, and prints the paths of the files. */
export async function runTraining(run: TrainingRun, command: Command): Promise<void> {
  const { model, train, test, files, settings, clock } = run;
  const begun = model.epochs;
  const log = new EpochLog();
  const known = {
    ...run.notes,
    samples: { train: train.x.shape[0], test: test?.x.shape[0] ?? 0 },
    // Of this run of the command, which may have gone on with another.
    fromEpoch: begun,
    started: clock.started.toISOString(),
  };
  const keeping = new Keeping(files, settingsText(settings, known));
  await cutHistory(files.history, begun);
  const stopCode = await stoppable((signal) =>
    model.fit(train.x, train.y, {
      epochs: settings.epochs,
      initialEpoch: begun,
      batchSize: settings.batchSize,
      ...(test === undefined ? {} : { validationData: [test.x, test.y] }),
      callbacks: [new CSVLogger(files.history, { append: true }), log, keeping],
      signal,
    }),
  );
  const resume = stopCode === undefined ? undefined : `rhyton train --resume ${shellWord(dirname(files.model))}`;
  if (resume !== undefined) {
    process.exitCode = stopCode;
    const { epoch, batch } = model.trainingState();
    const where = `in epoch ${epoch + 1} of ${settings.epochs}, after ${batch} step${batch === 1 ? "" : "s"} of it`;
    process.stderr.write(`Stopped ${where}. What was learnt is kept.\nGo on with: ${resume}\n`);
  }

  clock.lap("training");
  await model.save(files.model);
  if (files.picture !== undefined) {
    await writeFileAtomic(files.picture, await pictureOf(model, (test ?? train).x, settings.seed));
  }
  clock.lap("saving");
  const outcome = {
    stopped: stopCode !== undefined,
    epochsDone: model.epochs,
    losses: log.logs.at(-1) ?? null,
  };
  const text = settingsText(settings, {
    ...known,
    finished: clock.now.toISOString(),
    // loading + training + saving = all; the epochs are within training.
    seconds: { ...clock.seconds, epochs: log.seconds },
    ...outcome,
  });
  await writeFileAtomic(files.settings, text);
  const paths = Object.values(files) as string[];
  answer(command, { files, ...outcome, resume: resume ?? null }, paths.map((path) => `${path}\n`).join(""));
  if (files.picture !== undefined) {
    const predict = `rhyton predict ${shellWord(files.model)} --input x.npy --output y.npy`;
    process.stderr.write(`Next: look at ${files.picture}, or run ${predict}.\n`);
  }
}

/** The first pictures, their codes, and what the autoencoder makes of them. Colours are drawn in gray. */
async function pictureOf(model: Model, pictures: NdArray, seed: number): Promise<Uint8Array> {
  const { autoencoder, encoder } = makeAutoencoder(seed, pictures.shape.slice(1));
  autoencoder.setWeights(model.getWeights());
  const originals = firstOf(pictures, Math.min(SHOWN, pictures.shape[0]));
  const codes = await encoder.predict(originals, { verbose: 0 });
  const reconstructions = await autoencoder.predict(originals, { verbose: 0 });
  return reconstructionSheet({ originals: inGray(originals), codes, reconstructions: inGray(reconstructions) });
}

/** Pictures with the mean of their channels in place of them. */
function inGray({ data, shape, scale = 1 }: NdArray): NdArray {
  const channels = shape[3];
  const gray = new Float32Array(data.length / channels);
  for (const [i, value] of data.entries()) gray[Math.floor(i / channels)] += (value * scale) / channels;
  return ndarray(gray, [...shape.slice(0, 3), 1]);
}

/** A path as a shell takes it. */
const shellWord = (path: string): string => (/^[\w./~-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`);
