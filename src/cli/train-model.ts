/** `rhyton train --model`: a model of one's own. */
import { CSVLogger } from "../index.ts";
import { EpochLog } from "./epoch-log.ts";
import { openModel } from "./model-file.ts";
import { UsageError } from "./program.ts";
import { makeRunFolder, modelRunNames } from "./run-folder.ts";
import { firstOf, openSamples, type Pairs } from "./samples.ts";
import { stoppable } from "./stop.ts";

export interface TrainModelOptions {
  readonly model: string;
  readonly data: string;
  readonly epochs: number;
  readonly batchSize: number;
  readonly seed: number;
  readonly threads?: number;
  readonly limit?: number;
  readonly out?: string;
}

/** Leaves a folder with the trained model and its losses. */
export async function trainModel(options: TrainModelOptions): Promise<void> {
  const { epochs, batchSize, seed, threads, limit } = options;
  const model = await openModel(options.model, { seed }, threads);
  const { train, test } = await openSamples(options.data, model);
  const { x, y } = limited(train, limit, options.data);
  if (model.compiled === undefined) {
    const loss = x === y || x.data === y.data ? "binary_crossentropy" : undefined;
    if (loss === undefined) {
      throw new UsageError(`${options.model} is not compiled: call compile with the loss that you mean.`);
    }
    model.compile({ optimizer: "adam", loss, threads });
  }
  const folder = await makeRunFolder(options.out, new Date(), modelRunNames);
  const log = new EpochLog();
  const done = model.epochs;
  const stopCode = await stoppable((signal) =>
    model.fit(x, y, {
      epochs: done + epochs,
      initialEpoch: done,
      batchSize,
      ...(test === undefined ? {} : { validationData: [test.x, test.y] }),
      callbacks: [new CSVLogger(folder.history), log],
      signal,
    }),
  );
  if (stopCode !== undefined) {
    process.exitCode = stopCode;
    process.stderr.write(`Stopped in epoch ${log.logs.length + 1} of ${epochs}. What was learnt is kept.\n`);
  }
  await model.save(folder.model);
  for (const path of Object.values(folder)) process.stdout.write(`${path}\n`);
}

function limited({ x, y }: Pairs, limit: number | undefined, data: string): Pairs {
  if (limit === undefined) return { x, y };
  if (limit > x.shape[0]) throw new UsageError(`--limit is ${limit}, and ${data} has ${x.shape[0]} samples.`);
  const first = firstOf(x, limit);
  return { x: first, y: x === y ? first : firstOf(y, limit) };
}
