/** Helpers for the tests of losses and metrics: small graphs on any device, and arrays of fixtures. */
import type { NdArray } from "../core/array.ts";
import type { Device } from "../device/device.ts";
import { interp } from "../device/interp.ts";
import type { Graph } from "../graph/graph.ts";
import type { Tensor } from "../graph/tensor.ts";
import { add, multiply, placeholder } from "../ops/index.ts";
import { gradients } from "../passes/gradient.ts";

/** Nested lists as an array; the first axis is the sample. */
export function arrayOf(values: readonly unknown[]): NdArray<Float32Array> {
  const shape: number[] = [];
  for (let level: unknown = values; Array.isArray(level); level = level[0]) shape.push(level.length);
  return { data: Float32Array.from(values.flat(Number.POSITIVE_INFINITY) as number[]), shape };
}

const emptyGraph: Graph = { inputs: [], scalars: [], outputs: [], totals: [], updates: [], guard: undefined };

/** The shared scalar that `make` builds from per-sample tensors of these arrays. */
export async function scalarOf(
  arrays: readonly NdArray[],
  make: (...tensors: Tensor[]) => Tensor,
  device: Device = interp(),
): Promise<number> {
  const inputs = arrays.map((array, i) => placeholder(array.shape.slice(1), `x${i}`));
  const program = device.compile({ ...emptyGraph, inputs, totals: [make(...inputs)] });
  return (await program.run({ inputs: arrays, batchSize: arrays[0].shape[0] })).totals[0];
}

/** The gradient of that scalar for one of the arrays. */
export async function gradientOf(
  arrays: readonly NdArray[],
  make: (...tensors: Tensor[]) => Tensor,
  device: Device,
  of = arrays.length - 1,
): Promise<Float32Array> {
  const inputs = arrays.map((array, i) => placeholder(array.shape.slice(1), `x${i}`));
  // A gradient that is the same for every sample is still asked for each.
  const outputs = gradients(make(...inputs), [inputs[of]]).map((slope) => add(slope, multiply(inputs[of], 0)));
  const program = device.compile({ ...emptyGraph, inputs, outputs });
  return (await program.run({ inputs: arrays, batchSize: arrays[0].shape[0] })).outputs[0];
}

/** An array as fixtures hold it. */
export interface Encoded {
  readonly shape: readonly number[];
  /** Base64 of little-endian float32. */
  readonly f32: string;
}

export function decode({ f32 }: Encoded): Float32Array {
  const bytes = Uint8Array.from(Buffer.from(f32, "base64"));
  return new Float32Array(bytes.buffer);
}
