/**
 * From what a caller gives to a feed: arrays or batches, checked against the model before anything changes.
 */
import type { NdArray } from "../core/array.ts";
import { argumentError, prefixed } from "../core/errors.ts";
import { inTurns } from "../core/pieces.ts";
import { permuting } from "../core/random.ts";
import type { Network } from "../layers/network.ts";
import { type Arrays, checkInputs, type Expected } from "./data.ts";
import { ArrayFeed, BatchFeed, type Feed, isSource, type Source } from "./feed.ts";
import { type FitOptions, type readFitOptions, refuseForBatches, splitSamples } from "./fit-options.ts";
import { checkNumbers, checkSamples, type Given, type Samples, type SampleWeight, type Takes } from "./samples.ts";
import { isJudged, type Judgement } from "./step.ts";

/** One batch: inputs alone (for `predict`), with targets, or with targets and sample weights. */
export type Batch = readonly [x: Arrays, y: Arrays] | readonly [x: Arrays, y: Arrays, sampleWeight: SampleWeight];

/** One batch of inputs; what follows them is not looked at. */
export type InputBatch = NdArray | readonly [x: Arrays, ...rest: unknown[]] | Readonly<Record<string, NdArray>>;

/** What feeding needs to know of a model. */
export interface Fed {
  /** @param x - what is given, for a model that takes its shape from there. */
  takes(x: Arrays): Takes;
  /** Makes the weights, where that was waiting for a shape. */
  build(samples: Pick<Samples, "x">): void;
  /** Checks that losses and metrics suit the targets. */
  check(samples: Samples): void;
  /** Checks that targets which are class numbers name classes. */
  checkLabels(where: string, samples: Samples): Promise<void>;
  readonly seed: number;
}

/** What a network takes; without one, one input of the shape that is given. */
export function takesOf(
  network: Pick<Network, "inputs" | "inputNames" | "outputNames"> | undefined,
  judgements: readonly Judgement[] | undefined,
  x: Arrays,
): Takes {
  const names = network?.outputNames ?? ["output"];
  const outputs = names.map((name, i) => ({ name, judged: judgements === undefined || isJudged(judgements[i]) }));
  if (network === undefined) {
    const first: NdArray | undefined = Array.isArray(x) ? x[0] : x;
    return { inputs: [{ name: "the first layer", shape: first?.shape?.slice(1) ?? [] }], outputs };
  }
  const { inputs, inputNames: keys } = network;
  return { inputs: inputs.map(({ shape }, i) => ({ name: `input "${keys[i]}"`, key: keys[i], shape })), outputs };
}

/** How many samples make a step, as Keras: 32 unless the number of steps says otherwise. */
const batchSizeFor = (count: number, batchSize: number | undefined, steps: number | undefined): number =>
  batchSize ?? (steps === undefined ? 32 : Math.ceil(count / steps));

/** An order of samples for every pass that begins in an epoch. */
export function orderOf(
  shuffle: boolean | "batch",
  seed: number,
  count: number,
  batchSize: number,
): ((epoch: number) => Promise<Uint32Array>) | undefined {
  if (shuffle === false) return undefined;
  return async (epoch) => {
    const order = await inTurns(permuting(count, seed, epoch));
    if (shuffle === true) return order;
    // Each batch keeps its samples, in the order that the permutation ranks them.
    const inBatches = Uint32Array.from(order, (_, i) => i);
    for (let from = 0; from < count; from += batchSize) {
      inBatches.subarray(from, from + batchSize).sort((a, b) => order[a] - order[b]);
    }
    return inBatches;
  };
}

/** Arrays, checked; the model is built. */
export async function readSamples(
  where: string,
  fed: Fed,
  given: Given,
  names: readonly [x: string, y: string, sampleWeight: string] = ["x", "y", "sampleWeight"],
): Promise<Samples> {
  const samples = checkSamples(where, given, fed.takes(given.x), names);
  await inTurns(checkNumbers(where, samples, names), performance.now());
  fed.build(samples);
  const checkAs = async (name: string, checked: Samples): Promise<void> => {
    try {
      await fed.check(checked);
    } catch (error) {
      throw prefixed(`${where}: ${name}`, error);
    }
  };
  await checkAs(names[1], { ...samples, weights: samples.y.map(() => undefined) });
  if (samples.weights.some((weight) => weight !== undefined)) await checkAs(names[2], samples);
  await fed.checkLabels(`${where}: ${names[1]}`, samples);
  return samples;
}

/** Arrays as a feed. */
function feedArrays(
  where: string,
  samples: Samples,
  options: {
    readonly batchSize?: number;
    readonly steps?: number;
    readonly shuffle?: boolean | "batch";
    readonly seed?: number;
  },
): Feed {
  const { steps, shuffle = false, seed = 0 } = options;
  const batchSize = batchSizeFor(samples.count, options.batchSize, steps);
  return new ArrayFeed(where, samples, batchSize, { steps, order: orderOf(shuffle, seed, samples.count, batchSize) });
}

/**
 * Batches as a feed; the first is read and checked, and the model built.
 *
 * @param passes - how often the data will be gone through.
 */
async function feedBatches(
  where: string,
  fed: Fed,
  source: Source<unknown>,
  options: Pick<Given, "classWeight"> & { readonly steps?: number; readonly passes?: number; readonly name?: string },
): Promise<Feed> {
  const { steps, passes = 1, name = "batches", classWeight } = options;
  const read = async (batch: unknown, number: number): Promise<Samples> => {
    const place = `${name}[${number}]`;
    if (!Array.isArray(batch) || batch.length < 2 || batch.length > 3) {
      throw argumentError({ where, argument: place, value: batch, expected: "[x, y] or [x, y, sampleWeight]" });
    }
    const [x, y, sampleWeight] = batch as unknown as [Arrays, Arrays, SampleWeight | undefined];
    const names = [`${place}[0]`, `${place}[1]`, `${place}[2]`] as const;
    return readSamples(where, fed, { x, y, sampleWeight, classWeight }, names);
  };
  return open(where, new BatchFeed(where, source, read, steps), passes, name);
}

/** Batches of inputs, of which nothing is known but what the model takes. */
async function feedInputs(
  where: string,
  fed: Fed,
  source: Source<unknown>,
  options: { readonly steps?: number },
): Promise<Feed> {
  const read = (batch: unknown, number: number): Promise<Samples> => {
    const x = Array.isArray(batch) ? (batch[0] as Arrays) : (batch as Arrays);
    return readInputs(where, fed, x, `batches[${number}]`);
  };
  return open(where, new BatchFeed(where, source, read, options.steps), 1, "batches");
}

/** Inputs without targets, checked; the model is built. */
export async function readInputs(where: string, fed: Fed, x: Arrays, name = "x"): Promise<Samples> {
  const inputs = checkInputs(where, x, fed.takes(x).inputs as readonly Expected[], name);
  const samples = { x: inputs, y: [], weights: [], count: inputs[0].shape[0] };
  await inTurns(checkNumbers(where, samples, [name]), performance.now());
  fed.build(samples);
  return samples;
}

async function open(where: string, feed: BatchFeed, passes: number, name: string): Promise<Feed> {
  if (passes > 1 && feed.steps === undefined && feed.isOnce) {
    throw argumentError({
      where,
      argument: name,
      value: "a generator that can be gone through once",
      expected: `data for ${passes} passes`,
      fix: "Give a function that makes a new generator, or the number of steps of an epoch.",
    });
  }
  try {
    await feed.peek();
    return feed;
  } catch (error) {
    await feed.close();
    throw error;
  }
}

/** The feeds of a training. */
export interface FitFeeds {
  readonly feed: Feed;
  readonly validation: Feed | undefined;
}

/** Opens what `fit` was given. Everything is checked before the model changes. */
export async function openFit(
  where: string,
  fed: Fed,
  x: Arrays | Source<unknown>,
  y: Arrays | undefined,
  given: FitOptions,
  o: ReturnType<typeof readFitOptions>,
): Promise<FitFeeds> {
  const { classWeight, sampleWeight } = given;
  if (isSource(x)) {
    refuseForBatches(where, given, ["batchSize", "sampleWeight", "validationSplit"]);
    const passes = o.epochs - o.initialEpoch;
    const feed = await feedBatches(where, fed, x, { classWeight, steps: o.steps, passes, name: "batches" });
    return { feed, validation: await openValidation(where, fed, o) };
  }
  let samples = await readSamples(where, fed, { x, y, sampleWeight, classWeight });
  let held: Samples | undefined;
  if (o.validationSplit > 0 && o.validationData === undefined) {
    [samples, held] = splitSamples(where, samples, o.validationSplit);
    // Classes are weighed to learn from them, not to be judged by them.
    if (classWeight !== undefined) held = { ...held, weights: held.y.map(() => undefined) };
  }
  const validation = await openValidation(where, fed, o, held);
  return { feed: feedArrays(where, samples, { ...o, seed: fed.seed }), validation };
}

async function openValidation(
  where: string,
  fed: Fed,
  o: ReturnType<typeof readFitOptions>,
  held?: Samples,
): Promise<Feed | undefined> {
  const { validationData, validationSteps: steps, validationBatchSize: batchSize } = o;
  const name = "validationData";
  if (held !== undefined) return feedArrays(where, held, { batchSize, steps });
  if (validationData === undefined) return undefined;
  if (!Array.isArray(validationData)) {
    const passes = Array.from({ length: o.epochs }, (_, epoch) => epoch).filter(
      (e) => e >= o.initialEpoch && o.isDue(e),
    );
    const source = validationData as Source<unknown>;
    return feedBatches(where, fed, source, { steps, passes: passes.length, name });
  }
  const [x, y, sampleWeight] = validationData as unknown as [Arrays, Arrays, SampleWeight | undefined];
  const names = [`${name}[0]`, `${name}[1]`, `${name}[2]`] as const;
  return feedArrays(where, await readSamples(where, fed, { x, y, sampleWeight }, names), { batchSize, steps });
}

/** Opens what `evaluate` was given. */
export async function openEvaluation(
  where: string,
  fed: Fed,
  x: Arrays | Source<unknown>,
  y: Arrays | undefined,
  options: { readonly sampleWeight?: SampleWeight; readonly batchSize?: number; readonly steps?: number },
): Promise<Feed> {
  if (!isSource(x)) {
    return feedArrays(where, await readSamples(where, fed, { x, y, sampleWeight: options.sampleWeight }), options);
  }
  refuseForBatches(where, options, ["batchSize", "sampleWeight"]);
  return feedBatches(where, fed, x, { steps: options.steps });
}

/** Opens what `predict` was given. */
export async function openPrediction(
  where: string,
  fed: Fed,
  x: Arrays | Source<unknown>,
  options: { readonly batchSize?: number; readonly steps?: number },
): Promise<Feed> {
  if (!isSource(x)) return feedArrays(where, await readInputs(where, fed, x), options);
  refuseForBatches(where, options, ["batchSize"]);
  return feedInputs(where, fed, x, options);
}
