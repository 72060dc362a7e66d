/**
 * The options of `fit`, `evaluate` and `predict`, checked.
 */
import { argumentError } from "../core/errors.ts";
import { checkBoolean, checkOptions, isRecord } from "../layers/options.ts";
import type { Callback } from "./callbacks.ts";
import { type Arrays, isNdArray } from "./data.ts";
import { isSource, type Source } from "./feed.ts";
import type { Batch } from "./feeding.ts";
import { numberIn, wholeNumber } from "./options.ts";
import { type ClassWeight, type Samples, type SampleWeight, sliceSamples } from "./samples.ts";

/** 0 nothing, 1 a progress bar (lines where there is no terminal), 2 one line an epoch; "auto" is 1. */
export type Verbose = 0 | 1 | 2 | "auto";

/** What a training is judged by after its epochs: [x, y], [x, y, sampleWeight], or batches of these. */
export type ValidationData =
  | readonly [x: Arrays, y: Arrays]
  | readonly [x: Arrays, y: Arrays, sampleWeight: SampleWeight]
  | Source<Batch>;

/** Options of `fit`. */
export interface FitOptions {
  /** The epoch to end at, counted from the very first. Default 1; 0 trains nothing. */
  readonly epochs?: number;
  /** Samples a step. Default 32, or what makes `stepsPerEpoch` steps; the last step takes what is left. */
  readonly batchSize?: number;
  /**
   * Draws a new order of the samples for every epoch, from the model's seed and the epoch. Default true. "batch": only
   * inside each batch.
   */
  readonly shuffle?: boolean | "batch";
  /** Steps of an epoch. Default: until the data ends. With fewer, an epoch goes on where the one before it stopped. */
  readonly stepsPerEpoch?: number;
  /**
   * How much each sample counts: a number for each, or for each of its losses; with several outputs also one array for
   * each, in order or by name. The loss is the sum of weighted losses divided by their number, not by the weights.
   */
  readonly sampleWeight?: SampleWeight;
  /** How much the samples of a class count, by its number; 1 where none is given. */
  readonly classWeight?: ClassWeight;
  /** What to judge after an epoch: [x, y] or [x, y, sampleWeight], or batches of these. */
  readonly validationData?: ValidationData;
  /** Judges after every so many epochs, or after these (counted from 1). Default 1. */
  readonly validationFreq?: number | readonly number[];
  /** Steps of a validation. Default: until the data ends. */
  readonly validationSteps?: number;
  /** The share of the samples, from the end, that is kept for validation; in [0, 1). Default 0. */
  readonly validationSplit?: number;
  /** Default: `batchSize`. */
  readonly validationBatchSize?: number;
  /** The epoch to begin with, to continue a training. Default 0. */
  readonly initialEpoch?: number;
  /** What takes part in the training, in order. */
  readonly callbacks?: readonly Callback[];
  /** Ends training after the step in flight; `fit` then throws the signal's reason. The weights keep what was learnt. */
  readonly signal?: AbortSignal;
  /** Default "auto". */
  readonly verbose?: Verbose;
}

/** Options of `fit` when the data comes in batches: what is said of whole arrays is not among them. */
export type BatchFitOptions = Omit<FitOptions, "batchSize" | "shuffle" | "sampleWeight" | "validationSplit">;

/** Options of `predict`. */
export interface RunOptions {
  /** Samples a step. Default 32. */
  readonly batchSize?: number;
  /** Default 0: silent. */
  readonly verbose?: Verbose;
  /** Steps to do. Default: until the data ends. */
  readonly steps?: number;
  /** What takes part in the run, in order. */
  readonly callbacks?: readonly Callback[];
  /** Ends the run; the call then throws the signal's reason. */
  readonly signal?: AbortSignal;
}

/** Options of `evaluate`. */
export interface EvaluateOptions extends RunOptions {
  /** How much each sample counts. */
  readonly sampleWeight?: SampleWeight;
}

/** Options of `trainOnBatch` and `testOnBatch`. */
export interface OnBatchOptions {
  /** How much each sample counts. */
  readonly sampleWeight?: SampleWeight;
  /** Of `trainOnBatch` only. */
  readonly classWeight?: ClassWeight;
}

function readVerbose(where: string, value: Verbose): 0 | 1 | 2 {
  if (value === "auto") return 1;
  if (value === 0 || value === 1 || value === 2) return value;
  throw argumentError({ where, argument: "verbose", value, expected: '0, 1, 2 or "auto"' });
}

function readSignal(where: string, signal: AbortSignal | undefined): AbortSignal | undefined {
  if (signal !== undefined && typeof signal?.throwIfAborted !== "function") {
    throw argumentError({ where, argument: "signal", value: signal, expected: "the signal of an AbortController" });
  }
  return signal;
}

function readCallbacks(where: string, callbacks: readonly Callback[] = []): readonly Callback[] {
  if (Array.isArray(callbacks)) return callbacks;
  throw argumentError({ where, argument: "callbacks", value: callbacks, expected: "a list of callbacks" });
}

/** `value`, when there is one, as a whole number from 1 on. */
const countIf = (where: string, argument: string, value: number | undefined): number | undefined =>
  value === undefined ? undefined : wholeNumber(where, argument, value);

export function readRunOptions(where: string, options: EvaluateOptions, own: readonly string[] = []) {
  checkOptions(where, options, ["batchSize", "verbose", "steps", "callbacks", "signal", ...own]);
  return {
    batchSize: countIf(where, "batchSize", options.batchSize),
    steps: countIf(where, "steps", options.steps),
    callbacks: readCallbacks(where, options.callbacks),
    verbose: readVerbose(where, options.verbose ?? 0),
    signal: readSignal(where, options.signal),
  };
}

const fitKeys: readonly (keyof FitOptions)[] = [
  "epochs",
  "batchSize",
  "shuffle",
  "stepsPerEpoch",
  "sampleWeight",
  "classWeight",
  "validationData",
  "validationFreq",
  "validationSteps",
  "validationSplit",
  "validationBatchSize",
  "initialEpoch",
  "callbacks",
  "signal",
  "verbose",
];

export function readFitOptions(where: string, options: FitOptions) {
  checkOptions(where, options, fitKeys);
  const { validationData, shuffle = true } = options;
  const isFine = Array.isArray(validationData)
    ? validationData.length === 2 || validationData.length === 3
    : validationData === undefined || isSource(validationData);
  if (!isFine) {
    throw argumentError({
      where,
      argument: "validationData",
      value: validationData,
      expected: "[x, y], [x, y, sampleWeight] or batches",
    });
  }
  const batchSize = countIf(where, "batchSize", options.batchSize);
  return {
    epochs: wholeNumber(where, "epochs", options.epochs ?? 1, 0),
    batchSize,
    shuffle: shuffle === "batch" ? shuffle : checkBoolean(where, "shuffle", shuffle),
    steps: countIf(where, "stepsPerEpoch", options.stepsPerEpoch),
    validationData,
    validationSplit: numberIn(where, "validationSplit", options.validationSplit ?? 0, 0, 1),
    validationBatchSize: countIf(where, "validationBatchSize", options.validationBatchSize) ?? batchSize,
    validationSteps: countIf(where, "validationSteps", options.validationSteps),
    isDue: readFrequency(where, options.validationFreq ?? 1),
    initialEpoch: wholeNumber(where, "initialEpoch", options.initialEpoch ?? 0, 0),
    callbacks: readCallbacks(where, options.callbacks),
    signal: readSignal(where, options.signal),
    verbose: readVerbose(where, options.verbose ?? "auto"),
  };
}

/** Whether options of `fit` stand where the targets should. */
export const isFitOptions = (given: unknown): given is FitOptions =>
  isRecord(given) &&
  Object.keys(given).length > 0 &&
  Object.keys(given).every((key) => fitKeys.some((known) => known === key)) &&
  !Object.values(given).every(isNdArray);

/** Whether there is a validation after an epoch, counted from 0. */
function readFrequency(where: string, given: number | readonly number[]): (epoch: number) => boolean {
  if (typeof given === "number") {
    const every = wholeNumber(where, "validationFreq", given);
    return (epoch) => (epoch + 1) % every === 0;
  }
  if (!Array.isArray(given)) {
    const expected = "a whole number, or a list of epochs counted from 1";
    throw argumentError({ where, argument: "validationFreq", value: given, expected });
  }
  for (const epoch of given) wholeNumber(where, "validationFreq", epoch);
  return (epoch) => given.includes(epoch + 1);
}

/** The options of a call with batches: in the place of the targets, or after targets that are left out. */
export function optionsOfBatches<T extends object>(where: string, y: unknown, given: T | undefined): T {
  if (y === undefined || y === null) return given ?? ({} as T);
  if (given === undefined) return y as T;
  const fix = "Call it with the batches and the options alone.";
  throw argumentError({ where, argument: "y", value: y, expected: "nothing: batches [x, y] hold their targets", fix });
}

/** Throws when options were given that make no sense for batches. */
export function refuseForBatches(where: string, options: object, keys: readonly string[]): void {
  const key = keys.find((k) => (options as Readonly<Record<string, unknown>>)[k] !== undefined);
  if (key === undefined) return;
  const fix = key === "sampleWeight" ? "Give batches [x, y, sampleWeight]." : "Give arrays, or leave it out.";
  throw argumentError({ where, argument: key, value: "given", expected: "nothing when data comes in batches", fix });
}

/** Splits the last share of the samples off, as Keras does: ⌊n·(1 − share)⌋ stay. */
export function splitSamples(where: string, samples: Samples, share: number): [Samples, Samples] {
  const kept = Math.floor(samples.count * (1 - share));
  if (kept === 0 || kept === samples.count) {
    const expected = "a share that leaves samples on both sides";
    const fix = `Of ${samples.count} samples it leaves ${kept} for training and ${samples.count - kept} for validation.`;
    throw argumentError({ where, argument: "validationSplit", value: share, expected, fix });
  }
  return [sliceSamples(samples, 0, kept), sliceSamples(samples, kept, samples.count)];
}
