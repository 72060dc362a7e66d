/**
 * The training loop: epochs of steps, validation, callbacks and progress. Everything was checked before it begins.
 */
import { diverged } from "../core/errors.ts";
import { type Callback, CallbackList, History, type Logs } from "./callbacks.ts";
import type { Feed } from "./feed.ts";
import { reportedValues } from "./metric.ts";
import type { Model } from "./model.ts";
import type { Optimizer } from "./optimizer.ts";
import type { Compute, Inputs, Targets } from "./programs.ts";
import { Progress, type ProgressOptions, withProgress, writeEpoch } from "./progress.ts";
import { judgeFeed } from "./reading.ts";
import { type Samples, stepData } from "./samples.ts";
import { beginning, type Journal } from "./state.ts";
import { trainingScalars } from "./step.ts";
import { Totals } from "./totals.ts";
import type { Turn } from "./turn.ts";

/** All that training needs. */
export interface Training {
  /** For messages. */
  readonly where: string;
  readonly model: Model;
  readonly optimizer: Optimizer;
  readonly turn: Turn;
  /** Where training notes how far it has come, and where it begins. */
  readonly journal: Journal;
  /** The step for such data. */
  readonly train: (x: Inputs, targets: Targets) => Promise<Compute>;
  readonly feed: Feed;
  readonly validation: Feed | undefined;
  readonly judge: (x: Inputs, targets: Targets) => Promise<Compute>;
  /** Whether there is a validation after an epoch. */
  readonly isDue: (epoch: number) => boolean;
  readonly epochs: number;
  readonly initialEpoch: number;
  readonly callbacks: readonly Callback[];
  readonly signal: AbortSignal | undefined;
  readonly progress: ProgressOptions;
}

const sortedByName = (logs: Logs): Logs =>
  Object.fromEntries(Object.entries(logs).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)));

/** One step over all samples; the values are those before the update. */
export async function trainOnce(
  t: Pick<Training, "where" | "optimizer" | "train"> & { readonly samples: Samples },
): Promise<Logs> {
  const { optimizer, samples } = t;
  const { arrays, targets } = stepData(samples);
  const { program, reports } = await t.train(samples.x, targets);
  const outcome = await program.run({
    inputs: arrays,
    batchSize: samples.count,
    count: samples.count,
    scalars: () => trainingScalars(optimizer, optimizer.iterations),
  });
  if (outcome.ended === "guard") throw diverged({ where: t.where, step: optimizer.iterations + 1 });
  optimizer.iterations += outcome.steps;
  return reportedValues(reports, outcome.totals);
}

export async function trainEpochs(t: Training): Promise<History> {
  const { feed, journal } = t;
  const params = { verbose: t.progress.verbose, epochs: t.epochs, steps: feed.steps };
  const history = new History(params);
  const callbacks = new CallbackList([...t.callbacks, history], t.model, t.where);
  const calling = (work: () => Promise<void>) => t.turn.pause(work);
  let logs: Logs = {};
  callbacks.setParams(params);
  journal.begin(t.initialEpoch, callbacks);
  await calling(() => callbacks.train("Begin", {}));
  const start = journal.start();
  if (start.place !== undefined) {
    await feed.seek({ epoch: start.place.epoch, done: start.place.done + start.batch });
  }
  for (let epoch = start.epoch; epoch < t.epochs && !t.model.stopTraining; epoch++) {
    t.signal?.throwIfAborted();
    // The first epoch has its data: it was looked at before training began.
    if (epoch > start.epoch && !(await feed.hasMore())) {
      warnEnded(t.where, epoch, t.epochs);
      break;
    }
    await calling(() => callbacks.epoch("Begin", epoch, {}));
    writeEpoch(epoch + 1, t.epochs, t.progress);
    const progress = new Progress(feed.steps, t.progress);
    logs = await withProgress(progress, () => trainAndValidate(t, epoch, callbacks, progress));
    journal.reach({ ...beginning, epoch: epoch + 1, place: feed.placeOf(epoch + 1) });
    await calling(() => callbacks.epoch("End", epoch, logs));
    progress.finish(logs);
  }
  t.optimizer.finalize();
  await calling(() => callbacks.train("End", logs));
  return history;
}

const newPasses = "A generator is gone through once: give a function that makes a new one.";

const warnEnded = (where: string, done: number, epochs: number): void =>
  console.warn(`${where}: the data ended; training ends after ${done} of ${epochs} epochs. ${newPasses}`);

/** One epoch and, where there is data for it, its validation. */
async function trainAndValidate(
  t: Training,
  epoch: number,
  callbacks: CallbackList,
  progress: Progress,
): Promise<Logs> {
  const logs = await trainEpoch(t, epoch, callbacks, progress);
  if (t.validation === undefined || !t.isDue(epoch)) return logs;
  if (!(await t.validation.hasMore())) {
    console.warn(`${t.where}: validationData has no batch left; epoch ${epoch + 1} is not validated. ${newPasses}`);
    return logs;
  }
  const values = await judgeFeed(t.judge, t.validation, { signal: t.signal, hooks: { callbacks, turn: t.turn } });
  const named = Object.entries(values).map(([name, value]) => [`val_${name}`, value] as const);
  return sortedByName({ ...logs, ...Object.fromEntries(named) });
}

/** One epoch: in runs of many steps, or of few where a callback wants to hear of batches. */
async function trainEpoch(t: Training, epoch: number, callbacks: CallbackList, progress: Progress): Promise<Logs> {
  const { feed, optimizer, journal } = t;
  const totals = new Totals();
  const stop = new AbortController();
  const forward = () => stop.abort(t.signal?.reason);
  t.signal?.addEventListener("abort", forward);
  const resumed = journal.position.epoch === epoch ? journal.position : beginning;
  const place = resumed.place ?? feed.placeOf(epoch);
  totals.restore(resumed.totals);
  let done = resumed.batch;
  let logs: Logs = resumed.logs;
  /** Batches since the very first epoch. */
  const sinceFirst = (batches: number): number => epoch * (feed.steps ?? 0) + batches;
  const atOnce = (batches: number): number => callbacks.batchesAtOnce(sinceFirst(batches));
  try {
    for await (const { samples, work } of feed.pieces(epoch, { atOnce, from: done })) {
      if (t.model.stopTraining) break;
      const { arrays, targets } = stepData(samples);
      const { program, reports } = await t.train(samples.x, targets);
      const first = done;
      if (callbacks.wantsBatches) {
        await t.turn.pause(() => callbacks.batch("Begin", first, {}, sinceFirst(first)));
      }
      const before = optimizer.iterations;
      const outcome = await program.run({
        ...work,
        inputs: arrays,
        scalars: (step) => trainingScalars(optimizer, before + step - (work.firstStep ?? 0)),
        signal: stop.signal,
        onProgress: (steps, sums) => {
          if (t.model.stopTraining) stop.abort();
          progress.update(first + steps, sortedByName(totals.with(reports, sums)));
        },
      });
      optimizer.iterations += outcome.steps;
      done += outcome.steps;
      totals.add(reports, outcome.totals);
      logs = sortedByName(totals.values);
      journal.reach({ epoch, batch: done, place, totals: totals.sums, logs });
      if (outcome.ended === "guard") {
        logs = { ...logs, loss: Number.NaN };
        let isHandled = false;
        await t.turn.pause(async () => {
          isHandled = await callbacks.diverged(done, logs);
        });
        if (!isHandled) throw diverged({ where: t.where, epoch: epoch + 1, step: done + 1, steps: feed.steps });
        t.model.stopTraining = true;
        break;
      }
      t.signal?.throwIfAborted();
      progress.update(done, logs);
      if (callbacks.wantsBatches) {
        await t.turn.pause(() => callbacks.batch("End", done - 1, logs, sinceFirst(done)));
      }
    }
    return logs;
  } finally {
    t.signal?.removeEventListener("abort", forward);
  }
}
