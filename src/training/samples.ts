/**
 * Samples to learn from or to be judged by: inputs, targets, and how much each counts. What a step reads of them.
 */
import { type NdArray, showShape, sizeOf } from "../core/array.ts";
import { argumentError, dataError } from "../core/errors.ts";
import type { Pieces } from "../core/pieces.ts";
import type { Shape } from "../graph/tensor.ts";
import {
  type Arrays,
  checkArray,
  checkCount,
  checkFinite,
  checkInputs,
  checkLengths,
  type Expected,
  isNdArray,
  label,
  listOf,
  shapeOfSample,
} from "./data.ts";

/** Samples, their targets and how much they count, checked. */
export interface Samples {
  readonly x: readonly NdArray[];
  /** For each output; nothing where it is not judged. */
  readonly y: readonly (NdArray | undefined)[];
  /** For each output; nothing where all samples count alike. */
  readonly weights: readonly (NdArray | undefined)[];
  readonly count: number;
}

/** How much samples count: one array for every output, or one for each (null for none), in order or by name. */
export type SampleWeight = Arrays | readonly (NdArray | null)[] | Readonly<Record<string, NdArray | null>>;
/** How much the samples of a class count; classes that are not named count 1. */
export type ClassWeight = Readonly<Record<number, number>>;

/** What is given to train on or to judge. */
export interface Given {
  readonly x: Arrays;
  readonly y: Arrays | undefined;
  readonly sampleWeight?: SampleWeight;
  readonly classWeight?: ClassWeight;
}

/** What a model takes. */
export interface Takes {
  readonly inputs: readonly Expected[];
  readonly outputs: readonly { readonly name: string; readonly judged: boolean }[];
}

/** Inputs, targets and weights, checked against the model and each other but for their numbers: see `checkNumbers`. */
export function checkSamples(
  where: string,
  given: Given,
  { inputs, outputs }: Takes,
  names: readonly [x: string, y: string, sampleWeight: string] = ["x", "y", "sampleWeight"],
): Samples {
  const x = checkInputs(where, given.x, inputs, names[0]);
  const y = checkTargets(where, given.y, outputs, names[1]);
  const named = (list: readonly (NdArray | undefined)[], name: string) =>
    list.flatMap((array, i) => (array ? [[list.length > 1 ? `${name}[${i}]` : name, array] as const] : []));
  checkLengths(where, [[names[0], x[0]], ...named(y, names[1])]);
  const weights = readWeights(where, given, y, outputs, names[2]);
  checkLengths(where, [[names[0], x[0]], ...named(weights, names[2])]);
  return { x, y, weights, count: x[0].shape[0] };
}

/** Throws when a number of the samples is NaN or infinite. Arrays that stand in several places are looked at once. */
export function* checkNumbers(
  where: string,
  { x, y, weights }: Pick<Samples, "x" | "y" | "weights">,
  names: readonly [x: string, y?: string, sampleWeight?: string],
): Pieces<void> {
  const seen = new Set<NdArray["data"]>();
  const forAll = new Set(weights).size === 1 ? weights.slice(0, 1) : weights;
  for (const [k, list] of [x, y, forAll].entries()) {
    for (const [i, array] of list.entries()) {
      if (array === undefined || seen.has(array.data)) continue;
      seen.add(array.data);
      yield* checkFinite(label(where, names[k] as string, i, list.length), array);
    }
  }
}

/** The targets, one for each output. Those of outputs that are not judged may be left out. */
function checkTargets(
  where: string,
  given: Arrays | undefined,
  outputs: Takes["outputs"],
  name: string,
): (NdArray | undefined)[] {
  if (given === undefined || given === null) {
    const fix = "An autoencoder learns its own input: give x twice.";
    throw dataError({ where, got: "no targets", expected: `${name}, what the model should answer`, fix });
  }
  const place = `${where}: ${name}`;
  const outputNames = outputs.map((output) => output.name);
  const list = listOf(place, given, outputNames);
  const judged = outputs.filter((output) => output.judged).length;
  const spread = list.length === judged && judged < outputs.length;
  if (!spread) checkCount(where, name, list.length, outputs.length, "output");
  return outputs.map((output, i) => {
    const array = spread ? list[outputs.slice(0, i).filter((o) => o.judged).length] : list[i];
    if (!output.judged) return undefined;
    checkArray(label(where, name, i, outputs.length), array);
    return array;
  });
}

/** The weights of the samples for each output, from either way to give them. */
function readWeights(
  where: string,
  { sampleWeight, classWeight }: Given,
  y: readonly (NdArray | undefined)[],
  outputs: Takes["outputs"],
  name: string,
): (NdArray | undefined)[] {
  if (classWeight !== undefined && sampleWeight !== undefined) {
    const [argument, expected] = ["classWeight", `nothing beside ${name}`];
    throw argumentError({ where, argument, value: "given too", expected, fix: "Multiply the two into sampleWeight." });
  }
  if (classWeight !== undefined) return [weightsOfClasses(where, classWeight, y)];
  if (sampleWeight === undefined || sampleWeight === null) return y.map(() => undefined);
  const names = outputs.map((output) => output.name);
  const list = listOf(`${where}: ${name}`, sampleWeight, names);
  const forAll = isNdArray(sampleWeight) && outputs.length > 1;
  if (!forAll) checkCount(where, name, list.length, outputs.length, "output");
  const weights = outputs.map((_, i) => {
    const array = list[forAll ? 0 : i];
    if (array === undefined) return undefined;
    const place = label(where, name, i, forAll ? 1 : outputs.length);
    checkArray(place, array);
    if (forAll && array.data.length !== array.shape[0]) {
      const fix = "For weights inside a sample give one array for each output.";
      throw dataError({ where: place, got: showShape(array.shape), expected: `${showShape([], true)}`, fix });
    }
    return array;
  });
  return weights.map((array, i) => (y[i] === undefined ? undefined : array));
}

/** Sample weights from the class that each target names: by its number, or one-hot. */
function weightsOfClasses(
  where: string,
  classWeight: ClassWeight,
  y: readonly (NdArray | undefined)[],
): NdArray | undefined {
  const argument = "classWeight";
  if (typeof classWeight !== "object" || classWeight === null) {
    const expected = "weights by class number, e.g. { 0: 1, 1: 2.5 }";
    throw argumentError({ where, argument, value: classWeight, expected });
  }
  if (y.length > 1) {
    const fix = "Give sampleWeight, an array for each output.";
    throw argumentError({ where, argument, value: "given", expected: "nothing for several outputs", fix });
  }
  const weights = new Map<number, number>();
  for (const [key, value] of Object.entries(classWeight)) {
    if (!/^-?\d+$/.test(key) || !Number.isFinite(value)) {
      const expected = "finite numbers by class number, e.g. { 0: 1, 1: 2.5 }";
      throw argumentError({ where, argument, value: `{ ${key}: ${value} }`, expected });
    }
    weights.set(Number(key), value);
  }
  const target = y[0];
  if (target === undefined) return undefined;
  const size = sizeOf(shapeOfSample(target));
  if (target.shape.length > 2) {
    const got = `targets of shape ${showShape(shapeOfSample(target), true)}`;
    const fix = "Give sampleWeight, of the shape of the losses.";
    throw dataError({ where: `${where}: ${argument}`, got, expected: "one class a sample", fix });
  }
  const { data, scale = 1 } = target;
  const classOf = (sample: number): number => {
    if (size === 1) return Math.round(data[sample] * scale);
    let best = 0;
    for (let i = 1; i < size; i++) if (data[sample * size + i] > data[sample * size + best]) best = i;
    return best;
  };
  const values = Float32Array.from({ length: target.shape[0] }, (_, sample) => weights.get(classOf(sample)) ?? 1);
  return { data: values, shape: [values.length] };
}

/** The samples from `from` to `to`, without copying. An array used twice stays one. */
export function sliceSamples(samples: Samples, from: number, to: number): Samples {
  const views = new Map<NdArray["data"], NdArray["data"]>();
  const slice = (array: NdArray): NdArray => {
    const size = sizeOf(shapeOfSample(array));
    const data = views.get(array.data) ?? array.data.subarray(from * size, to * size);
    views.set(array.data, data);
    return { ...array, data, shape: [to - from, ...shapeOfSample(array)] };
  };
  const { x, y, weights } = samples;
  const each = (list: readonly (NdArray | undefined)[]) => list.map((array) => array && slice(array));
  return { x: x.map(slice), y: each(y), weights: each(weights), count: to - from };
}

/** Something that a step reads: which of its arrays, and the shape of a sample. */
export interface Leaf {
  readonly array: number;
  readonly shape: Shape;
}

/** What a target is to a step, and the weights of its samples. */
export interface Target extends Leaf {
  readonly weight?: Leaf;
}

/** The arrays of a step, each once: the model's inputs, then targets and weights; and where these lie among them. */
export function stepData({ x, y, weights }: Samples): {
  readonly arrays: readonly NdArray[];
  readonly targets: readonly (Target | undefined)[];
} {
  const arrays = [...x];
  const leaf = (array: NdArray): Leaf => {
    const same = (other: NdArray): boolean => other.data === array.data && (other.scale ?? 1) === (array.scale ?? 1);
    if (!arrays.some(same)) arrays.push(array);
    return { array: arrays.findIndex(same), shape: shapeOfSample(array) };
  };
  const targets = y.map((array): Target | undefined => array && leaf(array));
  return {
    targets: targets.map((target, i) => {
      const weight = weights[i];
      return target && weight ? { ...target, weight: leaf(weight) } : target;
    }),
    arrays,
  };
}
