/**
 * Helpers for the tests of training: small graphs on the plain device, a small model with data that it can learn, and
 * arrays of fixtures.
 */
import type { NdArray } from "../core/array.ts";
import type { Device } from "../device/device.ts";
import { interp } from "../device/interp.ts";
import type { Graph } from "../graph/graph.ts";
import type { Shape, Tensor, Variable } from "../graph/tensor.ts";
import { input } from "../layers/input.ts";
import { Layer } from "../layers/layer.ts";
import { add, matmulLast, placeholder, sigmoid } from "../ops/index.ts";
import { gradients } from "../passes/gradient.ts";
import { model } from "./make-model.ts";
import type { Model } from "./model.ts";
import { sgd } from "./optimizers.ts";

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
  precision: "float32" | "float64" = "float32",
): Promise<number> {
  const inputs = arrays.map((array, i) => placeholder(array.shape.slice(1), `x${i}`));
  const program = interp(precision).compile({ ...emptyGraph, inputs, totals: [make(...inputs)] });
  return (await program.run({ inputs: arrays, batchSize: arrays[0].shape[0] })).totals[0];
}

/** The gradient of that scalar for the last of the arrays. */
export async function gradientOf(
  arrays: readonly NdArray[],
  make: (...tensors: Tensor[]) => Tensor,
  precision: "float32" | "float64",
): Promise<Float32Array> {
  const inputs = arrays.map((array, i) => placeholder(array.shape.slice(1), `x${i}`));
  const outputs = gradients(make(...inputs), inputs.slice(-1));
  const program = interp(precision).compile({ ...emptyGraph, inputs, outputs });
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

/** y = x·w + b, drawn from the seed. */
export class Linear extends Layer {
  readonly units: number;
  #w: Variable | undefined;
  #b: Variable | undefined;

  constructor(units: number, name?: string) {
    super({ name });
    this.units = units;
  }

  protected override build(shape: Shape): void {
    const draw = (values: Float32Array, _: Shape, seed: number) => {
      values.forEach((_value, i) => {
        values[i] = ((seed % 97) + i + 1) / 200;
      });
    };
    const initializer = { className: "Test", config: {}, fill: draw };
    this.#w = this.addWeight("kernel", [shape[shape.length - 1], this.units], initializer);
    this.#b = this.addWeight("bias", [this.units], initializer);
  }

  call(x: Tensor): Tensor {
    return add(matmulLast(x, this.read(this.#w)), this.read(this.#b));
  }
}

export class Sigmoid extends Layer {
  call(x: Tensor): Tensor {
    return sigmoid(x);
  }
}

/** The plain device, counting what it is asked. */
export function counting() {
  const plain = interp();
  const counts = { compiled: [] as Graph[], runs: 0 };
  const device: Device = {
    name: "counting",
    compile: (graph) => {
      counts.compiled.push(graph);
      const program = plain.compile(graph);
      return {
        run: (work) => {
          counts.runs++;
          return program.run(work);
        },
      };
    },
  };
  return { device, counts };
}

export const x = arrayOf([[0], [1], [2], [3], [4], [5], [6]]);
export const y = arrayOf([[1], [3], [5], [7], [9], [11], [13]]);

export function line(seed = 0): Model {
  const v = input([1], { name: "v" });
  const m = model(v, new Linear(1, "line")(v), { seed, name: "lines" });
  m.compile({ optimizer: sgd({ learningRate: 0.02 }), loss: "mse", metrics: ["mae"], device: interp() });
  return m;
}

export const silent = { verbose: 0 } as const;
