/**
 * Arrays at the border of Rhyton: plain typed arrays with a shape. Nothing here computes; symbolic values are `Tensor`.
 */
import { argumentError, shapeError } from "./errors.ts";
import type { OpenShape } from "./open-shape.ts";

/** What a number is stored as. Arithmetic is float32; `uint8` and `int32` are converted as they are read. */
export type DType = "float32" | "uint8" | "int32";

/** What holds the numbers of an array. */
export type TypedArray = Float32Array | Uint8Array | Int32Array;

/**
 * Numbers with a shape, row-major. The first axis is the sample wherever samples are meant.
 *
 * `scale` multiplies every element as it is read: bytes with `scale: 1 / 255` are pictures in [0, 1].
 */
export interface NdArray<D extends TypedArray = TypedArray> {
  /** The numbers, row-major. */
  readonly data: D;
  /** The sizes of all axes, the batch included. */
  readonly shape: readonly number[];
  /** What every number is multiplied by as it is read. Default 1. */
  readonly scale?: number;
}

/** The number of elements of a shape; 1 for a scalar. */
export const sizeOf = (shape: readonly number[]): number => shape.reduce((n, size) => n * size, 1);

/** Where in an array of this shape the element `position` lies. */
export function indexOf(position: number, shape: readonly number[]): number[] {
  const index: number[] = [];
  let rest = position;
  for (const size of [...shape].reverse()) {
    index.unshift(rest % size);
    rest = Math.floor(rest / size);
  }
  return index;
}

/** The bytes of numbers, in the order of this machine: little-endian, as WebAssembly's are. */
export const bytesOf = ({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array =>
  new Uint8Array(buffer, byteOffset, byteLength);

export function dtypeOf(data: TypedArray): DType {
  if (data instanceof Float32Array) return "float32";
  if (data instanceof Uint8Array) return "uint8";
  return "int32";
}

/** `[28, 28, 1]` as `(28, 28, 1)`; with `batch`, as Keras shows it: `(None, 28, 28, 1)`. Open sizes are None, too. */
export function showShape(shape: OpenShape, batch = false): string {
  const sizes = shape.map((size) => String(size ?? "None"));
  const parts = batch ? ["None", ...sizes] : sizes;
  return parts.length === 1 ? `(${parts[0]},)` : `(${parts.join(", ")})`;
}

export const sameShape = (a: OpenShape, b: OpenShape): boolean =>
  a.length === b.length && a.every((size, i) => size === b[i]);

/**
 * An array from a typed array and its shape.
 *
 * @throws RhytonError `shape` when the shape does not hold exactly the elements of `data`;
 *   `argument` when a size is not a whole number ≥ 0 or the data is of another kind.
 */
export function ndarray<D extends TypedArray>(data: D, shape: readonly number[], scale?: number): NdArray<D> {
  if (!(data instanceof Float32Array || data instanceof Uint8Array || data instanceof Int32Array)) {
    throw argumentError({
      where: "ndarray",
      argument: "data",
      value: data,
      expected: "a Float32Array, Uint8Array or Int32Array",
      fix: "Convert it: ndarray(Float32Array.from(values), shape). Values of nested lists come out of values.flat(Infinity).",
    });
  }
  if (!Array.isArray(shape)) {
    const expected = `the sizes of its axes, e.g. [${data.length}, 1] for ${data.length} samples of one number`;
    throw argumentError({ where: "ndarray", argument: "shape", value: shape, expected });
  }
  for (const size of shape) {
    if (!Number.isInteger(size) || size < 0) {
      throw argumentError({ where: "ndarray", argument: "shape", value: [...shape], expected: "whole numbers ≥ 0" });
    }
  }
  if (sizeOf(shape) !== data.length) {
    throw shapeError({
      where: "ndarray",
      got: `${data.length} elements`,
      expected: `${sizeOf(shape)} for the shape ${showShape(shape)}`,
      fix: "Give the shape that the data has.",
    });
  }
  return scale === undefined ? { data, shape } : { data, shape, scale };
}
