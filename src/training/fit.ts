/**
 * The training loop: epochs of steps, validation, callbacks and progress. Everything was checked before it begins.
 */
import { diverged } from "../core/errors.ts";
import { permutation } from "../core/random.ts";
import type { Outcome } from "../device/device.ts";
import { type Callback, CallbackList, History, type Logs } from "./callbacks.ts";
import type { Samples } from "./data.ts";
import type { Model } from "./model.ts";
import type { Optimizer } from "./optimizer.ts";
import type { Compute } from "./programs.ts";
import { Progress, type ProgressOptions, withProgress, writeEpoch } from "./progress.ts";
import type { Turn } from "./turn.ts";

/** All that training needs. */
export interface Training {
  /** For messages. */
  readonly where: string;
  readonly model: Model;
  readonly optimizer: Optimizer;
  readonly seed: number;
  readonly turn: Turn;
  readonly train: Compute;
  readonly samples: Samples;
  readonly validation: { readonly judge: Compute; readonly samples: Samples; readonly batchSize: number } | undefined;
  readonly epochs: number;
  readonly initialEpoch: number;
  readonly batchSize: number;
  readonly shuffle: boolean;
  readonly callbacks: readonly Callback[];
  readonly signal: AbortSignal | undefined;
  readonly progress: ProgressOptions;
}

/** Arrays in the order of a step's inputs: those of the model, then the targets that are not among them. */
const arraysOf = ({ x, y }: Samples) => [
  ...x,
  ...y.filter((array) => !x.some((o) => o.data === array.data && (o.scale ?? 1) === (array.scale ?? 1))),
];

/** Totals as means over `samples`. */
const meansOf = (names: readonly string[], totals: Float64Array, samples: number): Logs =>
  Object.fromEntries(names.map((name, i) => [name, samples === 0 ? 0 : totals[i] / samples]));

const sortedByName = (logs: Logs): Logs =>
  Object.fromEntries(Object.entries(logs).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)));

/** Loss and metrics over all samples, in the order in which they were declared. */
export async function judgeSamples(
  judge: Compute,
  samples: Samples,
  batchSize: number,
  options: { readonly onProgress?: (steps: number, logs: Logs) => void; readonly signal?: AbortSignal } = {},
): Promise<Logs> {
  const { onProgress, signal } = options;
  const logsAfter = (steps: number, totals: Float64Array): Logs =>
    meansOf(judge.names, totals, Math.min(steps * batchSize, samples.count));
  const outcome = await judge.program.run({
    inputs: arraysOf(samples),
    batchSize,
    count: samples.count,
    signal,
    onProgress: onProgress && ((steps, totals) => onProgress(steps, logsAfter(steps, totals))),
  });
  signal?.throwIfAborted();
  return logsAfter(outcome.steps, outcome.totals);
}

/** One step over all samples; the values are those before the update. */
export async function trainOnce(t: Pick<Training, "where" | "optimizer" | "train" | "samples">): Promise<Logs> {
  const { optimizer, samples, train } = t;
  const outcome = await train.program.run({
    inputs: arraysOf(samples),
    batchSize: samples.count,
    count: samples.count,
    scalars: () => optimizer.scalarsAt(optimizer.iterations),
  });
  if (outcome.ended === "guard") throw diverged({ where: t.where, epoch: 1, step: 1, steps: 1 });
  optimizer.iterations += outcome.steps;
  return meansOf(train.names, outcome.totals, samples.count);
}

export async function trainEpochs(t: Training): Promise<History> {
  const steps = Math.ceil(t.samples.count / t.batchSize);
  const history = new History({ verbose: t.progress.verbose, epochs: t.epochs, steps });
  const callbacks = new CallbackList([...t.callbacks, history], t.model);
  const calling = (work: () => Promise<void>) => t.turn.pause(work);
  let logs: Logs = {};
  await calling(() => callbacks.train("Begin", {}));
  for (let epoch = t.initialEpoch; epoch < t.epochs && !t.model.stopTraining; epoch++) {
    t.signal?.throwIfAborted();
    await calling(() => callbacks.epoch("Begin", epoch, {}));
    writeEpoch(epoch + 1, t.epochs, t.progress);
    const progress = new Progress(steps, t.progress);
    logs = await withProgress(progress, () => trainAndValidate(t, epoch, steps, callbacks, progress));
    await calling(() => callbacks.epoch("End", epoch, logs));
    progress.finish(logs);
  }
  await calling(() => callbacks.train("End", logs));
  return history;
}

/** One epoch and, where there is data for it, its validation. */
async function trainAndValidate(
  t: Training,
  epoch: number,
  steps: number,
  callbacks: CallbackList,
  progress: Progress,
): Promise<Logs> {
  const logs = await trainEpoch(t, epoch, steps, callbacks, progress);
  if (t.validation === undefined) return logs;
  const { judge, samples, batchSize } = t.validation;
  const values = await judgeSamples(judge, samples, batchSize, { signal: t.signal });
  const named = Object.entries(values).map(([name, value]) => [`val_${name}`, value] as const);
  return sortedByName({ ...logs, ...Object.fromEntries(named) });
}

/** One epoch: in one run, or step by step where a callback wants to hear of batches. */
async function trainEpoch(
  t: Training,
  epoch: number,
  steps: number,
  callbacks: CallbackList,
  progress: Progress,
): Promise<Logs> {
  const { names, program } = t.train;
  const totals = new Float64Array(names.length);
  const before = t.optimizer.iterations;
  const stop = new AbortController();
  const forward = () => stop.abort(t.signal?.reason);
  t.signal?.addEventListener("abort", forward);
  const logsAfter = (done: number, sums: Float64Array): Logs =>
    sortedByName(meansOf(names, sums, Math.min(done * t.batchSize, t.samples.count)));
  const work = {
    inputs: arraysOf(t.samples),
    order: t.shuffle ? permutation(t.samples.count, t.seed, epoch) : undefined,
    count: t.samples.count,
    batchSize: t.batchSize,
    scalars: (step: number) => t.optimizer.scalarsAt(before + step),
    signal: stop.signal,
  };
  const settle = (outcome: Outcome, first: number): void => {
    t.optimizer.iterations += outcome.steps;
    outcome.totals.forEach((value, i) => {
      totals[i] += value;
    });
    if (outcome.ended === "guard") {
      throw diverged({ where: t.where, epoch: epoch + 1, step: first + outcome.steps + 1, steps });
    }
    t.signal?.throwIfAborted();
    progress.update(first + outcome.steps, logsAfter(first + outcome.steps, totals));
  };
  try {
    if (!callbacks.wantsBatches) {
      const onProgress = (done: number, sums: Float64Array): void => {
        if (t.model.stopTraining) stop.abort();
        progress.update(done, logsAfter(done, sums));
      };
      const outcome = await program.run({ ...work, onProgress });
      settle(outcome, 0);
      return logsAfter(outcome.steps, totals);
    }
    let done = 0;
    while (done < steps && !t.model.stopTraining) {
      const step = done;
      await t.turn.pause(() => callbacks.batch("Begin", step, {}));
      const outcome = await program.run({ ...work, firstStep: step, steps: 1 });
      settle(outcome, step);
      done += outcome.steps;
      await t.turn.pause(() => callbacks.batch("End", step, logsAfter(done, totals)));
    }
    return logsAfter(done, totals);
  } finally {
    t.signal?.removeEventListener("abort", forward);
  }
}
