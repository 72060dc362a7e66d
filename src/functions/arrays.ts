/** Plain data as operands of functions: what may be given, and the tensor that stands for it in a graph. */
import { dtypeOf, type NdArray, ndarray, sizeOf, type TypedArray } from "../core/array.ts";
import { argumentError, shapeError } from "../core/errors.ts";
import { checkTensor } from "../graph/op.ts";
import { Tensor } from "../graph/tensor.ts";
import { constantTensor, fill } from "../ops/index.ts";

/** Lists of numbers, or lists of such lists, all equally long. False is 0 and true is 1. */
export type NestedNumbers = readonly (number | boolean | NestedNumbers)[];

/** Plain data: a number, nested lists, a typed array (of one axis), or numbers with a shape. */
export type ArrayLike = number | boolean | NestedNumbers | TypedArray | NdArray;

/** What a function gives for plain data. */
export type Numbers = NdArray<Float32Array>;

/** What a function takes: tensors, which make a graph, or plain data, with which it works at once. */
export type Operand = Tensor | ArrayLike;

const isTyped = (x: unknown): x is TypedArray =>
  x instanceof Float32Array || x instanceof Uint8Array || x instanceof Int32Array;

/** Whether a value is `{ data, shape }`. */
export const isNdArray = (x: unknown): x is NdArray =>
  typeof x === "object" && x !== null && isTyped((x as NdArray).data);

/** Whether a value can stand for numbers. */
export const isArrayLike = (x: unknown): x is ArrayLike =>
  typeof x === "number" || typeof x === "boolean" || Array.isArray(x) || isTyped(x) || isNdArray(x);

/**
 * Plain data as float32 numbers with a shape.
 *
 * @throws RhytonError `argument` for anything else; `shape` for lists of different lengths.
 */
export function toNumbers(where: string, x: ArrayLike): Numbers {
  if (typeof x === "number" || typeof x === "boolean") return { data: Float32Array.of(Number(x)), shape: [] };
  if (isTyped(x)) return { data: Float32Array.from(x), shape: [x.length] };
  if (isNdArray(x)) {
    const { data, shape, scale } = ndarray(x.data, x.shape, x.scale);
    if (scale === undefined)
      return { data: dtypeOf(data) === "float32" ? (data as Float32Array) : Float32Array.from(data), shape };
    return { data: Float32Array.from(data, (value) => value * Math.fround(scale)), shape };
  }
  if (Array.isArray(x)) return fromLists(where, x);
  throw argumentError({
    where: `ops.${where}`,
    argument: "an operand",
    value: x,
    expected: "a tensor, a number, nested lists of numbers, a typed array, or { data, shape }",
  });
}

function fromLists(where: string, list: NestedNumbers): Numbers {
  const shape: number[] = [];
  for (let inner: unknown = list; Array.isArray(inner); inner = inner[0]) shape.push(inner.length);
  const data = new Float32Array(sizeOf(shape));
  let at = 0;
  const walk = (item: unknown, depth: number): void => {
    if (depth === shape.length) {
      if (typeof item !== "number" && typeof item !== "boolean" && !Array.isArray(item)) {
        throw argumentError({
          where: `ops.${where}`,
          argument: "a value in a list",
          value: item,
          expected: "a number",
        });
      }
      data[at++] = Number(item);
    }
    const length = Array.isArray(item) ? item.length : undefined;
    if (length !== shape[depth]) {
      throw shapeError({
        where: `ops.${where}`,
        got: `${length ?? "no list but one number"} beside lists of ${shape[depth] ?? "no more axes"} on axis ${depth}`,
        expected: "lists that are all equally long",
        fix: "Fill the short ones up.",
      });
    }
    if (Array.isArray(item)) for (const part of item) walk(part, depth + 1);
  };
  walk(list, 0);
  return { data, shape };
}

/** The tensor that stands for an operand. A constant is the same for all samples and has all its axes. */
export function toTensor(where: string, x: Operand): Tensor {
  if (x instanceof Tensor) return x;
  if (typeof x === "number" || typeof x === "boolean") return fill(Number(x), []);
  if (!isArrayLike(x)) checkTensor(where, x, "a tensor, a number or an array");
  const { data, shape } = toNumbers(where, x as ArrayLike);
  const [first] = data;
  // One number everywhere needs no memory.
  return data.length > 0 && data.every((value) => Object.is(value, first))
    ? fill(first, shape)
    : constantTensor({ data, shape });
}
