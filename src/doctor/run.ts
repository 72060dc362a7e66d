/** Graphs around ops: leaves with values, and one call that runs any tensors on any device. */
import { type NdArray, ndarray, sizeOf } from "../core/array.ts";
import type { Device } from "../device/device.ts";
import type { Graph, Update } from "../graph/graph.ts";
import { topological } from "../graph/graph.ts";
import { type Shape, type Tensor, Variable } from "../graph/tensor.ts";
import { verify } from "../graph/verify.ts";
import { placeholder, variableTensor } from "../ops/index.ts";
import { prepare } from "../passes/prepare.ts";

/** A variable that has its values already. */
export function variable(name: string, shape: Shape, values?: Float32Array): Variable {
  const result = new Variable(name, shape, { className: "Values", config: {}, fill: (v) => v.fill(0) });
  result.assign(values ?? new Float32Array(sizeOf(shape)));
  return result;
}

/** A shared leaf with values. */
export const weight = (name: string, shape: Shape, values: Float32Array): Tensor =>
  variableTensor(variable(name, shape, values));

/** A per-sample leaf and its values for all samples. */
export interface Feed {
  readonly tensor: Tensor;
  readonly values: Float32Array;
  readonly samples: number;
}

export function feed(name: string, shape: Shape, samples: number, values: Float32Array): Feed {
  return { tensor: placeholder(shape, name), values, samples };
}

/** Feeds that bring at least one per-sample input: a run takes the number of samples from there. */
export const withSamples = (feeds: readonly Feed[], samples: number): readonly Feed[] =>
  feeds.length > 0 ? feeds : [feed("unused", [1], samples, new Float32Array(samples))];

export const arrayOf = ({ tensor, values, samples }: Feed): NdArray => ndarray(values, [samples, ...tensor.shape]);

export function graphOf(parts: Partial<Graph>): Graph {
  return { inputs: [], scalars: [], outputs: [], totals: [], updates: [], guard: undefined, ...parts };
}

export interface RunOptions {
  readonly feeds: readonly Feed[];
  readonly batchSize?: number;
  readonly order?: Uint32Array;
  readonly updates?: readonly Update[];
  readonly guard?: Tensor;
  /** Step scalars with their value, or with a value for each step. */
  readonly scalars?: readonly (readonly [Tensor, number | ((step: number) => number)])[];
}

export interface Results {
  /** One array for each tensor asked for: all samples where it is per sample, else the value after the last step. */
  readonly values: readonly Float32Array[];
  readonly totals: Float64Array;
  readonly steps: number;
  readonly ended: string;
}

/**
 * Compiles `wanted` and `totals` for a device. Per-sample tensors come back as outputs, shared ones through a variable
 * of their own. The graph is verified before and after the passes. `scalars` of a run stand in for those of the options.
 */
export function compile(
  device: Device,
  wanted: readonly Tensor[],
  options: RunOptions,
  totals: readonly Tensor[] = [],
): (scalars?: readonly number[]) => Promise<Results> {
  const feeds = withSamples(options.feeds, 1);
  const slots = new Map<Tensor, Variable>();
  wanted.forEach((t, i) => {
    if (!t.perSample) slots.set(t, variable(`result${i}`, t.shape));
  });
  const given = options.scalars ?? [];
  const graph = verify(
    graphOf({
      inputs: feeds.map((f) => f.tensor),
      scalars: given.map(([t]) => t),
      outputs: wanted.filter((t) => t.perSample),
      totals,
      updates: [...[...slots].map(([value, slot]) => ({ variable: slot, value })), ...(options.updates ?? [])],
      guard: options.guard,
    }),
  );
  verify(prepare(graph));
  const program = device.compile(graph);
  const { samples } = feeds[0];
  return async (scalars) => {
    const outcome = await program.run({
      inputs: feeds.map(arrayOf),
      batchSize: options.batchSize ?? samples,
      order: options.order,
      scalars: (step) => scalars ?? given.map(([, v]) => (typeof v === "number" ? v : v(step))),
    });
    let output = 0;
    const values = wanted.map((t) => {
      const slot = slots.get(t);
      return slot ? Float32Array.from(slot.value as Float32Array) : outcome.outputs[output++];
    });
    return { values, totals: outcome.totals, steps: outcome.steps, ended: outcome.ended };
  };
}

/** Compiles and runs once. */
export const run = (
  device: Device,
  wanted: readonly Tensor[],
  options: RunOptions,
  totals: readonly Tensor[] = [],
): Promise<Results> => compile(device, wanted, options, totals)();

/** The variables that a set of tensors reads. */
export const variablesOf = (roots: readonly Tensor[]): Tensor[] =>
  topological(roots).filter((t) => t.attributes.variable instanceof Variable);
