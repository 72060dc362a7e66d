/**
 * Pictures read at other places: a map of the plane from the cells of the result to places in the input, interpolation between
 * cells, and rules for what lies outside. The arithmetic is that of TensorFlow's `ImageProjectiveTransformV3`, step by
 * step, so that float32 gives the same places.
 */
import type { Tensor } from "../graph/tensor.ts";
import {
  absolute,
  add,
  cellNumbers,
  divide,
  fill,
  floor,
  greater,
  greaterEqual,
  maximum,
  minimum,
  multiply,
  negative,
  where as select,
  sign,
  subtract,
  take,
} from "../ops/index.ts";

/**
 * What lies beyond the edge of a b c d: `"constant"` k k | a b c d | k k, `"nearest"` a a | a b c d | d d,
 * `"reflect"` b a | a b c d | d c, `"wrap"` c d | a b c d | a b.
 */
export const fillModes = ["constant", "nearest", "reflect", "wrap"] as const;
/** What lies beyond the edge of a picture; the list says what each means for a b c d. */
export type FillMode = (typeof fillModes)[number];

export const sampleInterpolations = ["nearest", "bilinear"] as const;
/** How a place between cells is read: the nearest cell, or the four around by their distance. */
export type SampleInterpolation = (typeof sampleInterpolations)[number];

type Value = Tensor | number;

/** Where cell (x, y) of the result is read: at (a0·x + a1·y + a2, b0·x + b1·y + b2), divided by c0·x + c1·y + 1. */
export interface PlaneMap {
  readonly a: readonly [Value, Value, Value];
  readonly b: readonly [Value, Value, Value];
  /** Default [0, 0]: an affine map. */
  readonly c?: readonly [Value, Value];
}

export interface Sampling {
  readonly fillMode: FillMode;
  readonly fillValue: number;
  readonly interpolation: SampleInterpolation;
}

/** Without the terms that are known to be 0, and the factors that are known to be 1: they change nothing. */
function linear([p, q, r]: readonly [Value, Value, Value], x: Tensor, y: Tensor): Tensor {
  const times = (factor: Value, z: Tensor): Value => (factor === 0 ? 0 : factor === 1 ? z : multiply(factor, z));
  const plus = (s: Value, t: Value): Value => (s === 0 ? t : t === 0 ? s : add(s, t));
  return plus(plus(times(p, x), times(q, y)), r) as Tensor;
}

/** A coordinate brought back to the axis. Every mode but `"constant"` ends within it. */
function broughtBack(at: Tensor, size: number, mode: FillMode): Tensor {
  const within = (c: Tensor): Tensor => minimum(maximum(c, 0), size - 1);
  if (mode === "constant") return at;
  if (mode === "nearest" || size === 1) return within(at);
  const below = greater(0, at);
  const above = greater(at, size - 1);
  if (mode === "reflect") {
    const period = 2 * size;
    const up = add(multiply(floor(divide(negative(at), period)), period), at);
    const left = select(greater(-size, up), add(up, period), subtract(negative(up), 1));
    const down = subtract(at, multiply(floor(divide(at, period)), period));
    const right = select(greaterEqual(down, size), subtract(subtract(period, down), 1), down);
    return within(select(below, left, select(above, right, at)));
  }
  // As in TensorFlow: turns are counted by the distance between the outer cells, and have the length of the axis.
  const turns = (c: Tensor): Tensor => floor(divide(c, size - 1));
  const left = add(at, multiply(add(turns(negative(at)), 1), size));
  const right = subtract(at, multiply(turns(at), size));
  return within(select(below, left, select(above, right, at)));
}

/** The nearest whole number; halves go away from 0. */
function rounded(x: Tensor): Tensor {
  const size = absolute(x);
  const whole = floor(size);
  return multiply(sign(x), add(whole, greaterEqual(subtract(size, whole), 0.5)));
}

/**
 * Reads a picture `[height, width, channels]` at other places. Its gradient is that to the picture alone.
 *
 * @param map - from the cells of the result, which has the shape of the picture; its numbers may belong to a sample.
 */
export function sampled(picture: Tensor, map: PlaneMap, how: Sampling): Tensor {
  const [height, width, channels] = picture.shape;
  const columns = cellNumbers([1, width, 1]);
  const rows = cellNumbers([height, 1, 1]);
  const share = map.c && linear([...map.c, 1], columns, rows);
  const place = (terms: PlaneMap["a"]): Tensor => {
    const at = linear(terms, columns, rows);
    return share === undefined ? at : divide(at, share);
  };
  const x = broughtBack(place(map.a), width, how.fillMode);
  const y = broughtBack(place(map.b), height, how.fillMode);
  const channel = cellNumbers([1, 1, channels]);
  const isInside = (at: Tensor, size: number): Tensor => multiply(greaterEqual(at, 0), greater(size, at));
  const read = (row: Tensor, column: Tensor): Tensor => {
    const cells = add(multiply(add(multiply(row, width), column), channels), channel);
    // Added to zeros of the result's shape, since row or column may be the same everywhere.
    const value = take(picture, add(cells, fill(0, picture.shape)));
    if (how.fillMode !== "constant") return value;
    return select(multiply(isInside(row, height), isInside(column, width)), value, how.fillValue);
  };
  if (how.interpolation === "nearest") return read(rounded(y), rounded(x));
  // Where a coordinate lies on the last cell, the one behind it is read, and counts 0.
  const [left, top] = [floor(x), floor(y)];
  const [right, bottom] = [add(left, 1), add(top, 1)];
  const between = (row: Tensor): Tensor =>
    add(multiply(subtract(right, x), read(row, left)), multiply(subtract(x, left), read(row, right)));
  return add(multiply(subtract(bottom, y), between(top)), multiply(subtract(y, top), between(bottom)));
}
