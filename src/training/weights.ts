/**
 * The values of weights, out and in.
 */
import { type NdArray, sameShape, showShape, sizeOf } from "../core/array.ts";
import { dataError } from "../core/errors.ts";
import type { Variable } from "../graph/tensor.ts";

/** The values as they are, which stay so. */
export const valuesOf = (weights: readonly Variable[]): NdArray<Float32Array>[] =>
  weights.map(({ value, shape }) => ({ data: value ?? new Float32Array(), shape }));

export const copyWeights = (weights: readonly Variable[]): NdArray<Float32Array>[] =>
  valuesOf(weights).map(({ data, shape }) => ({ data: Float32Array.from(data), shape }));

/** Gives every weight a copy of its value; nothing changes when one does not fit. */
export function assignWeights(where: string, weights: readonly Variable[], values: readonly NdArray[]): void {
  checkValues(where, weights, values);
  weights.forEach((weight, i) => {
    const { data, scale = 1 } = values[i];
    weight.assign(Float32Array.from(data, (v) => v * scale));
  });
}

/** The same with the values themselves, which nobody writes into. */
export function giveValues(
  where: string,
  weights: readonly Variable[],
  values: readonly NdArray<Float32Array>[],
): void {
  checkValues(where, weights, values);
  for (const [i, weight] of weights.entries()) weight.assign(values[i].data);
}

function checkValues(where: string, weights: readonly Variable[], values: readonly NdArray[]): void {
  const fix = "Take them from getWeights of a model with the same layers.";
  if (values.length !== weights.length) {
    throw dataError({
      where,
      got: `${values.length} array${values.length === 1 ? "" : "s"}`,
      expected: `${weights.length}, one for each weight`,
      fix,
    });
  }
  weights.forEach((weight, i) => {
    if (sameShape(values[i].shape, weight.shape) && values[i].data.length === sizeOf(weight.shape)) return;
    const place = `${where}: array ${i} for the weight "${weight.name}"`;
    throw dataError({ where: place, got: showShape(values[i].shape), expected: showShape(weight.shape), fix });
  });
}
