/** Leaves: where values enter a graph. */

import { sizeOf } from "../core/array.ts";
import { internalError } from "../core/errors.ts";
import { constant } from "../expr/expr.ts";
import { apply, type Op } from "../graph/op.ts";
import type { OpenShape, Shape, Tensor, Variable } from "../graph/tensor.ts";

type PlaceholderAttributes = { readonly name: string; readonly shape: Shape };

/** A value that the caller gives for every sample. */
export const placeholderOp: Op<PlaceholderAttributes> = {
  name: "placeholder",
  infer: (_, { shape }) => ({ shape, perSample: true }),
  lower: () => ({ kind: "leaf" }),
  print: ({ name }) => JSON.stringify(name),
};

/** A shared scalar that the caller gives for every step (a learning rate, say). */
export const stepScalarOp: Op<{ readonly name: string }> = {
  name: "stepScalar",
  infer: () => ({ shape: [], perSample: false }),
  lower: () => ({ kind: "leaf" }),
  print: ({ name }) => JSON.stringify(name),
};

/** The number of samples of the step: the batch size, less in a short last batch. */
export const batchSizeOp: Op = {
  name: "batchSize",
  infer: () => ({ shape: [], perSample: false }),
  lower: () => ({ kind: "leaf" }),
};

/** Which place of the epoch (or of the run) a sample has: 0 for the first. Exact up to 2²⁴. */
export const sampleIndexOp: Op = {
  name: "sampleIndex",
  infer: () => ({ shape: [], perSample: true }),
  lower: () => ({ kind: "leaf" }),
};

/** The value of a variable at the start of the step. */
export const variableOp: Op<{ readonly variable: Variable }> = {
  name: "variable",
  infer: (_, { variable }) => ({ shape: variable.shape, perSample: false }),
  lower: () => ({ kind: "leaf" }),
  print: ({ variable }) => variable.name,
};

/** The same number in every cell. */
export const fillOp: Op<{ readonly value: number; readonly shape: Shape }> = {
  name: "fill",
  infer: (_, { shape }) => ({ shape, perSample: false }),
  lower: (y) => ({ kind: "map", value: () => constant(y.attributes.value as number) }),
  print: ({ value }) => String(value),
};

/** Numbers known when the graph is made. */
export const constantOp: Op<{ readonly data: Float32Array; readonly shape: Shape }> = {
  name: "constant",
  infer: (_, { shape }) => ({ shape, perSample: false }),
  lower: () => ({ kind: "leaf" }),
  print: ({ data }) => `${data.length} values`,
};

/** A size may be open: the tensor then stands for any, in models alone. */
export const placeholder = <S extends OpenShape>(shape: S, name: string): Tensor<S> =>
  apply(placeholderOp, [], { shape: shape as unknown as Shape, name }) as unknown as Tensor<S>;
export const stepScalar = (name: string): Tensor => apply(stepScalarOp, [], { name });
export const sampleIndex = (): Tensor => apply(sampleIndexOp, [], {});
export const batchSize = (): Tensor => apply(batchSizeOp, [], {});
export const variableTensor = (variable: Variable): Tensor => apply(variableOp, [], { variable });
export const fill = (value: number, shape: Shape): Tensor => apply(fillOp, [], { value, shape });

/** A constant tensor from one number (a scalar) or from an array. */
export function constantTensor(value: number | { readonly data: Float32Array; readonly shape: Shape }): Tensor {
  if (typeof value === "number") return fill(value, []);
  if (sizeOf(value.shape) !== value.data.length) {
    throw internalError({ where: "constant", problem: `${value.data.length} values for [${value.shape.join(", ")}]` });
  }
  return apply(constantOp, [], { data: value.data, shape: value.shape });
}
