/**
 * Data for a model: everything is checked here before anything changes, so that an error leaves the model as it was.
 */
import { type NdArray, ndarray, sameShape, showShape, sizeOf } from "../core/array.ts";
import { argumentError, dataError, notFiniteData } from "../core/errors.ts";
import type { Shape } from "../graph/tensor.ts";

/** One array, or one for each input or output of the model, in order. The first axis of each is the sample. */
export type Arrays = NdArray | readonly NdArray[];

/** What an input of a model expects. */
export interface Expected {
  readonly name: string;
  /** Without the samples. */
  readonly shape: Shape;
}

export const listOf = <T extends object>(given: T | readonly T[]): readonly T[] =>
  Array.isArray(given) ? given : [given as T];

const shapeOfSample = (array: NdArray): Shape => array.shape.slice(1);

/** Where in an array of this shape the element `position` lies. */
function indexOf(position: number, shape: readonly number[]): number[] {
  const index: number[] = [];
  let rest = position;
  for (const size of [...shape].reverse()) {
    index.unshift(rest % size);
    rest = Math.floor(rest / size);
  }
  return index;
}

/** Throws when a float of the array is NaN or infinite. */
function checkFinite(where: string, array: NdArray): void {
  const { data } = array;
  if (!(data instanceof Float32Array)) return;
  // A number times 0 is 0, unless it is not finite: one sum finds out whether to look for the place.
  let sum = 0;
  for (let i = 0; i < data.length; i++) sum += data[i] * 0;
  if (sum === 0) return;
  const position = data.findIndex((value) => !Number.isFinite(value));
  throw notFiniteData({ where, index: indexOf(position, array.shape), value: data[position] });
}

/** Throws unless `array` is samples of finite numbers. */
function checkArray(where: string, array: NdArray): void {
  if (typeof array !== "object" || array === null || !("data" in array) || !Array.isArray(array.shape)) {
    const expected = "an array { data, shape }";
    throw argumentError({
      where,
      argument: "value",
      value: typeof array,
      expected,
      fix: "Make it with ndarray(data, shape).",
    });
  }
  ndarray(array.data, array.shape);
  if (array.scale !== undefined && !Number.isFinite(array.scale)) {
    throw argumentError({ where, argument: "scale", value: array.scale, expected: "a finite number" });
  }
  if (array.shape.length === 0 || array.data.length === 0) {
    throw dataError({
      where,
      got: `${array.shape.length === 0 ? "a single number" : "no data"}, shape ${showShape(array.shape)}`,
      expected: "at least one sample, with samples on the first axis",
      fix: "Check that the data was loaded.",
    });
  }
}

/** The array as an input expects it; a trailing axis of 1 too many or too few is mended, as in Keras. */
function fitTo(where: string, array: NdArray, expected: Shape): NdArray {
  const sample = shapeOfSample(array);
  if (sameShape(sample, expected)) return array;
  const rankDiffersByOne = Math.abs(sample.length - expected.length) === 1;
  const longer = sample.length > expected.length ? sample : expected;
  const others = sample.length > expected.length ? expected : sample;
  if (rankDiffersByOne && longer[longer.length - 1] === 1 && sameShape(longer.slice(0, -1), others)) {
    return { ...array, shape: [array.shape[0], ...expected] };
  }
  throw dataError({
    where,
    got: `the shape ${showShape(array.shape)}`,
    expected: `${showShape(expected, true)}, with any number of samples first`,
    fix:
      sizeOf(sample) === sizeOf(expected)
        ? `The sizes agree: give it the shape [${[array.shape[0], ...expected].join(", ")}].`
        : "Prepare the data in the shape of the model's input, or change the input.",
  });
}

const label = (where: string, what: string, i: number, count: number): string =>
  `${where}: ${what}${count > 1 ? `[${i}]` : ""}`;

function checkCount(where: string, what: string, got: number, expected: number, of: string): void {
  if (got === expected) return;
  throw dataError({
    where: `${where}: ${what}`,
    got: `${got} array${got === 1 ? "" : "s"}`,
    expected: `${expected}, one for each ${of} of the model`,
    fix: `Give ${expected === 1 ? "one array" : `a list of ${expected} arrays, in order`}.`,
  });
}

/** Throws when arrays have different numbers of samples. */
function checkLengths(where: string, named: readonly (readonly [string, NdArray])[]): void {
  const lengths = named.map(([, array]) => array.shape[0]);
  if (lengths.every((n) => n === lengths[0])) return;
  throw dataError({
    where,
    got: named.map(([name, array]) => `${array.shape[0]} samples in ${name}`).join(" and "),
    expected: "the same number in all of them",
    fix: "Each sample needs its target at the same place.",
  });
}

/** The inputs of a model, checked. */
export function checkInputs(where: string, given: Arrays, expected: readonly Expected[], what = "x"): NdArray[] {
  const arrays = listOf(given);
  checkCount(where, what, arrays.length, expected.length, "input");
  const fitted = arrays.map((array, i) => {
    const place = `${label(where, what, i, arrays.length)} for ${expected[i].name}`;
    checkArray(place, array);
    return fitTo(place, array, expected[i].shape);
  });
  checkLengths(
    where,
    fitted.map((array, i) => [`${what}[${i}]`, array] as const),
  );
  fitted.forEach((array, i) => {
    checkFinite(label(where, what, i, arrays.length), array);
  });
  return fitted;
}

/** Samples and their targets, checked. */
export interface Samples {
  readonly x: readonly NdArray[];
  readonly y: readonly NdArray[];
  readonly count: number;
}

/** Inputs and targets of a model with `outputs` outputs, checked against each other. */
export function checkSamples(
  where: string,
  x: Arrays,
  y: Arrays,
  expected: readonly Expected[],
  outputs: number,
  names: readonly [string, string] = ["x", "y"],
): Samples {
  const inputs = checkInputs(where, x, expected, names[0]);
  if (y === undefined || y === null) {
    const fix = "An autoencoder learns its own input: give x twice.";
    throw dataError({ where, got: "no targets", expected: `${names[1]}, what the model should answer`, fix });
  }
  const targets = listOf(y);
  checkCount(where, names[1], targets.length, outputs, "output");
  targets.forEach((array, i) => {
    checkArray(label(where, names[1], i, targets.length), array);
  });
  checkLengths(where, [
    [names[0], inputs[0]],
    ...targets.map((array, i) => [targets.length > 1 ? `${names[1]}[${i}]` : names[1], array] as const),
  ]);
  targets.forEach((array, i) => {
    if (!inputs.some((input) => input.data === array.data)) {
      checkFinite(label(where, names[1], i, targets.length), array);
    }
  });
  return { x: inputs, y: targets, count: inputs[0].shape[0] };
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
  return { x: samples.x.map(slice), y: samples.y.map(slice), count: to - from };
}

/** What a target is to a training step: its own array, or the data of an input again. */
export interface Target {
  /** Without the samples. */
  readonly shape: Shape;
  /** The input that has the same data. */
  readonly input: number | undefined;
}

export const targetsOf = ({ x, y }: Samples): Target[] =>
  y.map((array) => {
    const input = x.findIndex((other) => other.data === array.data && (other.scale ?? 1) === (array.scale ?? 1));
    return { shape: shapeOfSample(array), input: input < 0 ? undefined : input };
  });
