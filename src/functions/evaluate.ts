/** Working out tensors at once, on the plain device: what functions do with plain data. */
import { type NdArray, sizeOf } from "../core/array.ts";
import { interpret } from "../device/interp.ts";
import { type Tensor, Variable } from "../graph/tensor.ts";
import { placeholder } from "../ops/index.ts";
import type { Numbers } from "./arrays.ts";

/** Values of a leaf (`placeholder`): the first axis counts the samples. */
export type Given = readonly [leaf: Tensor, values: NdArray];

/** Where the value of a tensor that the samples share is put. */
function slot({ shape }: Tensor): Variable {
  const variable = new Variable("result", shape, { className: "Zeros", config: {}, fill: () => {} });
  variable.assign(new Float32Array(sizeOf(shape)));
  return variable;
}

/** The values of tensors of nothing but constants and the given leaves. What belongs to a sample has all samples. */
export function evaluate(tensors: readonly Tensor[], given: readonly Given[] = []): Numbers[] {
  // A run goes over samples, also where there are none.
  const feeds: readonly Given[] =
    given.length > 0 ? given : [[placeholder([], "none"), { data: new Float32Array(1), shape: [1] }]];
  const samples = feeds[0][1].shape[0];
  const updates = tensors.filter((t) => !t.perSample).map((value) => ({ variable: slot(value), value }));
  const program = interpret({
    inputs: feeds.map(([leaf]) => leaf),
    scalars: [],
    outputs: tensors.filter((t) => t.perSample),
    totals: [],
    updates,
    guard: undefined,
  });
  const { outputs } = program.runNow({ inputs: feeds.map(([, values]) => values), batchSize: Math.max(samples, 1) });
  const shared = updates.map(({ variable }) => variable.value as Float32Array);
  let [output, update] = [0, 0];
  return tensors.map(({ perSample, shape }) =>
    perSample ? { data: outputs[output++], shape: [samples, ...shape] } : { data: shared[update++], shape },
  );
}
