/**
 * The options of `fit`, `evaluate` and `predict`, checked.
 */
import { argumentError } from "../core/errors.ts";
import { checkBoolean, checkOptions } from "../layers/options.ts";
import type { Callback } from "./callbacks.ts";
import { type Arrays, type Samples, sliceSamples } from "./data.ts";
import { numberIn, wholeNumber } from "./options.ts";

/** 0 nothing, 1 a progress bar (lines where there is no terminal), 2 one line an epoch; "auto" is 1. */
export type Verbose = 0 | 1 | 2 | "auto";

export interface FitOptions {
  /** The epoch to end at, counted from the very first. Default 1. */
  readonly epochs?: number;
  /** Samples a step. Default 32; the last step takes what is left. */
  readonly batchSize?: number;
  /** Draws a new order of the samples for every epoch, from the model's seed and the epoch. Default true. */
  readonly shuffle?: boolean;
  /** Samples and targets to judge after every epoch: [x, y]. */
  readonly validationData?: readonly [Arrays, Arrays];
  /** The share of the samples, from the end, that is kept for validation; in [0, 1). Default 0. */
  readonly validationSplit?: number;
  /** Default: `batchSize`. */
  readonly validationBatchSize?: number;
  /** The epoch to begin with, to continue a training. Default 0. */
  readonly initialEpoch?: number;
  readonly callbacks?: readonly Callback[];
  /** Ends training after the step in flight; `fit` then throws the signal's reason. The weights keep what was learnt. */
  readonly signal?: AbortSignal;
  /** Default "auto". */
  readonly verbose?: Verbose;
}

/** Options of `evaluate` and `predict`. */
export interface RunOptions {
  /** Samples a step. Default 32. */
  readonly batchSize?: number;
  /** Default 0: silent. */
  readonly verbose?: Verbose;
  /** Ends the run; the call then throws the signal's reason. */
  readonly signal?: AbortSignal;
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

export function readRunOptions(where: string, options: RunOptions) {
  checkOptions(where, options, ["batchSize", "verbose", "signal"]);
  return {
    batchSize: wholeNumber(where, "batchSize", options.batchSize ?? 32),
    verbose: readVerbose(where, options.verbose ?? 0),
    signal: readSignal(where, options.signal),
  };
}

const fitKeys: readonly (keyof FitOptions)[] = [
  "epochs",
  "batchSize",
  "shuffle",
  "validationData",
  "validationSplit",
  "validationBatchSize",
  "initialEpoch",
  "callbacks",
  "signal",
  "verbose",
];

export function readFitOptions(where: string, options: FitOptions) {
  checkOptions(where, options, fitKeys);
  const { validationData, callbacks = [] } = options;
  if (validationData !== undefined && !(Array.isArray(validationData) && validationData.length === 2)) {
    const value = Array.isArray(validationData) ? `a list of ${validationData.length}` : typeof validationData;
    throw argumentError({ where, argument: "validationData", value, expected: "[x, y]" });
  }
  if (!Array.isArray(callbacks)) {
    throw argumentError({ where, argument: "callbacks", value: typeof callbacks, expected: "a list of callbacks" });
  }
  const batchSize = wholeNumber(where, "batchSize", options.batchSize ?? 32);
  return {
    epochs: wholeNumber(where, "epochs", options.epochs ?? 1),
    batchSize,
    shuffle: checkBoolean(where, "shuffle", options.shuffle ?? true),
    validationData,
    validationSplit: numberIn(where, "validationSplit", options.validationSplit ?? 0, 0, 1),
    validationBatchSize: wholeNumber(where, "validationBatchSize", options.validationBatchSize ?? batchSize),
    initialEpoch: wholeNumber(where, "initialEpoch", options.initialEpoch ?? 0, 0),
    callbacks: callbacks as readonly Callback[],
    signal: readSignal(where, options.signal),
    verbose: readVerbose(where, options.verbose ?? "auto"),
  };
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
