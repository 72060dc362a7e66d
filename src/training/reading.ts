/**
 * Going through data without changing the model: judging it by samples, and asking it for answers.
 */
import { type NdArray, sameShape, showShape } from "../core/array.ts";
import { dataError } from "../core/errors.ts";
import type { Program } from "../device/device.ts";
import type { Shape } from "../graph/tensor.ts";
import type { CallbackList, Logs } from "./callbacks.ts";
import type { Feed } from "./feed.ts";
import type { Compute, Inputs, Targets } from "./programs.ts";
import { Progress, withProgress } from "./progress.ts";
import { type Samples, stepData } from "./samples.ts";
import { Totals } from "./totals.ts";
import type { Turn } from "./turn.ts";

/** Callbacks, and the pauses in which they run. */
export interface Hooks {
  readonly callbacks: CallbackList;
  readonly turn: Turn;
}

/** Loss and metrics over all that a feed gives, in the order in which they were declared. */
export async function judgeFeed(
  judge: (x: Inputs, targets: Targets) => Promise<Compute>,
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
    const { program, reports } = await judge(samples.x, targets);
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

/** What is asked, and its outputs for a sample. */
export interface Answering {
  readonly program: Program;
  readonly outputs: readonly { readonly shape: Shape }[];
}

/** What the model answers to samples at once, without callbacks and progress: the way of a single call, which is short. */
export async function askOnce({ program, outputs }: Answering, samples: Samples): Promise<NdArray<Float32Array>[]> {
  const { x, count } = samples;
  const outcome = await program.run({ inputs: x, batchSize: count });
  return outcome.outputs.map((data, i) => ({ data, shape: [count, ...outputs[i].shape] }));
}

/** What the model answers to all that a feed gives: the outputs, each for all samples in order. */
export async function askFeed(
  ask: (x: Inputs) => Promise<Answering>,
  feed: Feed,
  options: {
    readonly where: string;
    readonly onProgress?: (steps: number) => void;
    readonly signal?: AbortSignal;
    readonly hooks: Hooks;
  },
): Promise<readonly NdArray<Float32Array>[]> {
  const { onProgress, signal, hooks } = options;
  const { callbacks } = hooks;
  const parts: (readonly Float32Array[])[] = [];
  let [done, count] = [0, 0];
  let first: readonly Shape[] | undefined;
  await hooks.turn.pause(() => callbacks.predict("Begin", {}));
  for await (const { samples, work, places } of feed.pieces(
    0,
    callbacks.wantsPredictBatches ? { atOnce: () => 1 } : {},
  )) {
    const batch = done;
    if (callbacks.wantsPredictBatches) await hooks.turn.pause(() => callbacks.predictBatch("Begin", batch, {}));
    const { program, outputs } = await ask(samples.x);
    const shapes = outputs.map(({ shape }) => shape);
    first ??= shapes;
    checkAlike(options.where, first, shapes);
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
  const outputs = parts.length === 1 ? parts[0] : parts[0].map((_, i) => joined(parts.map((all) => all[i])));
  return outputs.map((data, i) => ({ data, shape: [count, ...(first?.[i] ?? [])] }));
}

/** Answers to inputs of several sizes make one array only where they have one shape. */
function checkAlike(where: string, first: readonly Shape[], now: readonly Shape[]): void {
  const i = now.findIndex((shape, k) => !sameShape(shape, first[k]));
  if (i < 0) return;
  throw dataError({
    where,
    got: `an answer of shape ${showShape(now[i], true)} after answers of ${showShape(first[i], true)}`,
    expected: "one size, so that all answers make one array",
    fix: "Call predict once for each size.",
  });
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

/**
 * What `evaluate` and `predict` have in common: their turn, in which the feed is opened and at last closed, and the
 * progress that they show.
 */
export async function readFeed<T>(
  o: {
    readonly where: string;
    readonly turn: Turn;
    readonly open: () => Promise<Feed>;
    readonly verbose: 0 | 1 | 2;
    readonly signal: AbortSignal | undefined;
  },
  work: (
    feed: Feed,
    show: {
      readonly onProgress: (steps: number, logs?: Logs) => void;
      readonly signal: AbortSignal | undefined;
    },
  ) => Promise<readonly [answer: T, logs: Logs]>,
): Promise<T> {
  return o.turn.read(o.where, async () => {
    const feed = await o.open();
    try {
      const progress = new Progress(feed.steps, { verbose: o.verbose });
      const onProgress = (steps: number, logs: Logs = {}): void => progress.update(steps, logs);
      const [answer, logs] = await withProgress(progress, () => work(feed, { onProgress, signal: o.signal }));
      progress.finish(logs);
      return answer;
    } finally {
      await feed.close();
    }
  });
}
