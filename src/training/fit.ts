/**
 * The training loop: epochs of steps, validation, callbacks and progress. Everything was checked before it begins.
 */
import { diverged } from "../core/errors.ts";
import type { Program } from "../device/device.ts";
import { type Callback, CallbackList, History, type Logs } from "./callbacks.ts";
import type { Feed } from "./feed.ts";
import { type Report, valuesOf } from "./metric.ts";
import type { Model } from "./model.ts";
import type { Optimizer } from "./optimizer.ts";
import type { Compute, Targets } from "./programs.ts";
import { Progress, type ProgressOptions, withProgress, writeEpoch } from "./progress.ts";
import { type Samples, stepData } from "./samples.ts";
import { beginning, type Journal } from "./state.ts";
import { trainingScalars } from "./step.ts";
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
  /** The step for data of this kind. */
  readonly train: (targets: Targets) => Compute;
  readonly feed: Feed;
  readonly validation: Feed | undefined;
  readonly judge: (targets: Targets) => Compute;
  /** Whether there is a validation after an epoch. */
  readonly isDue: (epoch: number) => boolean;
  readonly epochs: number;
  readonly initialEpoch: number;
  readonly callbacks: readonly Callback[];
  readonly signal: AbortSignal | undefined;
  readonly progress: ProgressOptions;
}

/** What several runs add up to. */
class Totals {
  #reports: readonly Report[] = [];
  #sums: Float64Array = new Float64Array();

  /** The values, with what a run has added up so far. */
  with(reports: readonly Report[], sums: Float64Array): Logs {
    return valuesOf(reports, this.#sums.length === 0 ? sums : sums.map((v, i) => v + this.#sums[i]));
  }

  add(reports: readonly Report[], sums: Float64Array): void {
    this.#sums = this.#sums.length === 0 ? sums : sums.map((v, i) => v + this.#sums[i]);
    this.#reports = reports;
  }

  get values(): Logs {
    return valuesOf(this.#reports, this.#sums);
  }

  get sums(): readonly number[] {
    return [...this.#sums];
  }

  /** Goes on from sums of before. */
  restore(sums: readonly number[]): void {
    this.#sums = Float64Array.from(sums);
  }
}

/** Callbacks, and the pauses in which they run. */
export interface Hooks {
  readonly callbacks: CallbackList;
  readonly turn: Turn;
}

const sortedByName = (logs: Logs): Logs =>
  Object.fromEntries(Object.entries(logs).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)));

/** Loss and metrics over all that a feed gives, in the order in which they were declared. */
export async function judgeFeed(
  judge: (targets: Targets) => Compute,
  feed: Feed,
  options: {
    readonly onProgress?: (steps: number, logs: Logs) => void;
    readonly signal?: AbortSignal;
    readonly hooks: Hooks;
  },
): Promise<Logs> {
  const { onProgress, signal, hooks } = options;
  const { callbacks } = hooks;
  const totals = new Totals();
  let done = 0;
  await hooks.turn.pause(() => callbacks.test("Begin", {}));
  for await (const { samples, work } of feed.pieces(0, callbacks.wantsTestBatches ? { atOnce: () => 1 } : {})) {
    const batch = done;
    if (callbacks.wantsTestBatches) await hooks.turn.pause(() => callbacks.testBatch("Begin", batch, {}));
    const { arrays, targets } = stepData(samples);
    const { program, reports } = judge(targets);
    const outcome = await program.run({
      ...work,
      inputs: arrays,
      signal,
      onProgress: onProgress && ((steps, sums) => onProgress(done + steps, totals.with(reports, sums))),
    });
    signal?.throwIfAborted();
    totals.add(reports, outcome.totals);
    done += outcome.steps;
    if (callbacks.wantsTestBatches) await hooks.turn.pause(() => callbacks.testBatch("End", batch, totals.values));
  }
  const logs = totals.values;
  await hooks.turn.pause(() => callbacks.test("End", logs));
  return logs;
}

/** What a program answers to all that a feed gives: the outputs, each for all samples in order. */
export async function askFeed(
  program: Program,
  feed: Feed,
  options: {
    readonly onProgress?: (steps: number) => void;
    readonly signal?: AbortSignal;
    readonly hooks: Hooks;
  },
): Promise<{ readonly outputs: readonly Float32Array[]; readonly count: number }> {
  const { onProgress, signal, hooks } = options;
  const { callbacks } = hooks;
  const parts: (readonly Float32Array[])[] = [];
  let [done, count] = [0, 0];
  await hooks.turn.pause(() => callbacks.predict("Begin", {}));
  for await (const { samples, work, places } of feed.pieces(
    0,
    callbacks.wantsPredictBatches ? { atOnce: () => 1 } : {},
  )) {
    const batch = done;
    if (callbacks.wantsPredictBatches) await hooks.turn.pause(() => callbacks.predictBatch("Begin", batch, {}));
    const outcome = await program.run({
      ...work,
      inputs: samples.x,
      signal,
      onProgress: onProgress && ((steps) => onProgress(done + steps)),
    });
    signal?.throwIfAborted();
    parts.push(outcome.outputs);
    done += outcome.steps;
    count += places;
    if (callbacks.wantsPredictBatches) await hooks.turn.pause(() => callbacks.predictBatch("End", batch, {}));
  }
  await hooks.turn.pause(() => callbacks.predict("End", {}));
  if (parts.length === 1) return { outputs: parts[0], count };
  return { outputs: parts[0].map((_, i) => joined(parts.map((outputs) => outputs[i]))), count };
}

function joined(parts: readonly Float32Array[]): Float32Array {
  const whole = new Float32Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** What `evaluate` and `predict` have in common: their turn, the progress that they show, and that the feed is closed. */
export async function readFeed<T>(
  o: {
    readonly where: string;
    readonly turn: Turn;
    readonly feed: Feed;
    readonly verbose: 0 | 1 | 2;
    readonly signal: AbortSignal | undefined;
  },
  work: (show: {
    readonly onProgress: (steps: number, logs?: Logs) => void;
    readonly signal: AbortSignal | undefined;
  }) => Promise<readonly [answer: T, logs: Logs]>,
): Promise<T> {
  const { feed, signal } = o;
  try {
    return await o.turn.read(o.where, async () => {
      const progress = new Progress(feed.steps, { verbose: o.verbose });
      const onProgress = (steps: number, logs: Logs = {}): void => progress.update(steps, logs);
      const [answer, logs] = await withProgress(progress, () => work({ onProgress, signal }));
      progress.finish(logs);
      return answer;
    });
  } finally {
    await feed.close();
  }
}

/** One step over all samples; the values are those before the update. */
export async function trainOnce(
  t: Pick<Training, "where" | "optimizer" | "train"> & { readonly samples: Samples },
): Promise<Logs> {
  const { optimizer, samples } = t;
  const { arrays, targets } = stepData(samples);
  const { program, reports } = t.train(targets);
  const outcome = await program.run({
    inputs: arrays,
    batchSize: samples.count,
    count: samples.count,
    scalars: () => trainingScalars(optimizer, optimizer.iterations),
  });
  if (outcome.ended === "guard") throw diverged({ where: t.where, epoch: 1, step: 1, steps: 1 });
  optimizer.iterations += outcome.steps;
  return valuesOf(reports, outcome.totals);
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

/** One epoch and, where there is data for it, its validation. */
async function trainAndValidate(
  t: Training,
  epoch: number,
  callbacks: CallbackList,
  progress: Progress,
): Promise<Logs> {
  const logs = await trainEpoch(t, epoch, callbacks, progress);
  if (t.validation === undefined || !t.isDue(epoch)) return logs;
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
      const { program, reports } = t.train(targets);
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
