/**
 * Data for a model: everything is checked here before anything changes, so that an error leaves the model as it was.
 */
import { indexOf, type NdArray, ndarray, showShape, sizeOf } from "../core/array.ts";
import { argumentError, dataError, notFiniteData, type RhytonError, unknownName } from "../core/errors.ts";
import { agree, isSized } from "../core/open-shape.ts";
import type { Pieces } from "../core/pieces.ts";
import type { OpenShape, Shape } from "../graph/tensor.ts";

/**
 * One array, or one for each input or output of the model, in order or by name. The first axis of each is the sample.
 */
export type Arrays = NdArray | readonly NdArray[] | Readonly<Record<string, NdArray>>;

/** What an input of a model expects. */
export interface Expected {
  /** For messages. */
  readonly name: string;
  /** Under which data may be given by name. */
  readonly key?: string;
  /** Without the samples; null where any size may come. */
  readonly shape: OpenShape;
}

export const isNdArray = (given: unknown): given is NdArray =>
  typeof given === "object" && given !== null && "data" in given && "shape" in given && Array.isArray(given.shape);

/** The arrays in order; those given by name in the order of `names`. What is missing is undefined. */
export function listOf(
  where: string,
  given: Arrays | readonly (NdArray | null)[] | Readonly<Record<string, NdArray | null>>,
  names: readonly string[],
): (NdArray | undefined)[] {
  if (Array.isArray(given)) {
    if (given.length > 0 && !given.every(mayBeArray)) throw notAnArray(where, given);
    return given.map((array: NdArray | null) => array ?? undefined);
  }
  if (ArrayBuffer.isView(given) || isNdArray(given) || typeof given !== "object" || given === null)
    return [given as NdArray];
  const byName = given as Readonly<Record<string, NdArray | null>>;
  const stranger = Object.keys(byName).find((name) => !names.includes(name));
  if (stranger === undefined)
    return names.map((name) => (Object.hasOwn(byName, name) ? (byName[name] ?? undefined) : undefined));
  if (!Object.keys(byName).some((name) => names.includes(name))) throw notAnArray(where, given);
  throw unknownName({ where, what: "input or output", name: stranger, choices: names });
}

/** Whether an entry of a list may be meant as an array: numbers and lists of numbers are data without a shape. */
const mayBeArray = (entry: unknown): boolean => typeof entry !== "number" && !Array.isArray(entry);

/** What is given for data and is none, with the way to make it. */
function notAnArray(where: string, value: unknown): RhytonError {
  const own = typeof value === "object" && value !== null && !Array.isArray(value) ? Object.entries(value) : [];
  const inside = own.find(([, entry]) => isNdArray(entry))?.[0];
  const flat = Array.isArray(value) && Array.isArray(value[0]) ? "values.flat(Infinity)" : "values";
  const fix =
    inside === undefined
      ? `Make it with ndarray(Float32Array.from(${flat}), shape), the number of samples first in the shape.`
      : `Give what is in it, e.g. .${inside}`;
  return argumentError({ where, argument: "the data", value, expected: "an array { data, shape }", fix });
}

export const shapeOfSample = (array: NdArray): Shape => array.shape.slice(1);

/** Numbers that are looked at in a piece: about a millisecond. */
export const PIECE = 1 << 18;

/** Throws when a float of the array is NaN or infinite. */
export function* checkFinite(where: string, array: NdArray): Pieces<void> {
  const { data } = array;
  if (!(data instanceof Float32Array)) return;
  for (let from = 0; from < data.length; from += PIECE) {
    const part = data.length <= PIECE ? data : data.subarray(from, from + PIECE);
    if (!allFinite(part)) {
      const position = from + part.findIndex((value) => !Number.isFinite(value));
      throw notFiniteData({ where, index: indexOf(position, array.shape), value: data[position] });
    }
    if (from + PIECE < data.length) yield;
  }
}

function allFinite(data: Float32Array): boolean {
  // A number times 0 is 0, unless it is not finite. Four sums, since each addition waits for the one before.
  let [a, b, c, d] = [0, 0, 0, 0];
  const whole = data.length & ~3;
  for (let i = 0; i < whole; i += 4) {
    a += data[i] * 0;
    b += data[i + 1] * 0;
    c += data[i + 2] * 0;
    d += data[i + 3] * 0;
  }
  for (let i = whole; i < data.length; i++) a += data[i] * 0;
  return a + b + c + d === 0;
}

/** Throws unless `array` is samples of finite numbers. */
export function checkArray(where: string, array: NdArray | undefined): asserts array is NdArray {
  if (!isNdArray(array)) {
    throw notAnArray(where, array);
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
function fitTo(where: string, array: NdArray, expected: OpenShape): NdArray {
  const sample = shapeOfSample(array);
  if (agree(sample, expected)) return array;
  const rankDiffersByOne = Math.abs(sample.length - expected.length) === 1;
  const longer = sample.length > expected.length ? sample : expected;
  const others = sample.length > expected.length ? expected : sample;
  if (rankDiffersByOne && longer[longer.length - 1] === 1 && agree(longer.slice(0, -1), others)) {
    return { ...array, shape: [array.shape[0], ...expected.map((size, i) => size ?? sample[i])] };
  }
  throw dataError({
    where,
    got: `the shape ${showShape(array.shape)}`,
    expected: `${showShape(expected, true)}, with any number of samples first`,
    fix: agree(array.shape, expected)
      ? `One sample is a batch of one: give it the shape [${[1, ...array.shape].join(", ")}].`
      : isSized(expected) && sizeOf(sample) === sizeOf(expected)
        ? `The sizes agree: give it the shape [${[array.shape[0], ...expected].join(", ")}].`
        : "Prepare the data in the shape of the model's input, or change the input.",
  });
}

export const label = (where: string, what: string, i: number, count: number): string =>
  `${where}: ${what}${count > 1 ? `[${i}]` : ""}`;

export function checkCount(where: string, what: string, got: number, expected: number, of: string): void {
  if (got === expected) return;
  throw dataError({
    where: `${where}: ${what}`,
    got: `${got} array${got === 1 ? "" : "s"}`,
    expected: `${expected}, one for each ${of} of the model`,
    fix: `Give ${expected === 1 ? "one array" : `a list of ${expected} arrays, in order`}.`,
  });
}

/** Throws when arrays have different numbers of samples. */
export function checkLengths(where: string, named: readonly (readonly [string, NdArray])[]): void {
  const lengths = named.map(([, array]) => array.shape[0]);
  if (lengths.every((n) => n === lengths[0])) return;
  throw dataError({
    where,
    got: named.map(([name, array]) => `${array.shape[0]} samples in ${name}`).join(" and "),
    expected: "the same number in all of them",
    fix: "Each sample needs its target at the same place.",
  });
}

/** The inputs of a model, checked but for their numbers: `checkNumbers` does those. */
export function checkInputs(where: string, given: Arrays, expected: readonly Expected[], what = "x"): NdArray[] {
  const names = expected.map(({ key }) => key ?? "");
  const arrays = listOf(`${where}: ${what}`, given, names);
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
  return fitted;
}
