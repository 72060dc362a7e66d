/** For tests of layers that differ in training: one layer on samples, as a step calls it. */
import { type NdArray, sizeOf } from "../../src/core/array.ts";
import type { Device } from "../../src/device/device.ts";
import { interp } from "../../src/device/interp.ts";
import { topological } from "../../src/graph/graph.ts";
import { type Tensor, Variable } from "../../src/graph/tensor.ts";
import type { Layer } from "../../src/layers/layer.ts";
import { add, identity, multiply, placeholder, sum } from "../../src/ops/index.ts";
import { gradients } from "../../src/passes/gradient.ts";
import { trainingContext } from "../../src/training/context.ts";

/** How a layer is called. */
export interface Run {
  /** Whether it is for a training step. */
  readonly training?: boolean;
  /** The seed of the model, and the number of the first step; 0 each. */
  readonly seed?: number;
  readonly step?: number;
  /** All samples in one step by default. */
  readonly batchSize?: number;
  /** The gradient of the output; with it those of the input and of the trainable weights are found. */
  readonly upstream?: Float32Array;
  /** Default: the plain one, in float64. */
  readonly device?: Device;
}

/** Runs a layer on samples. Weights that have no value yet begin as their initializers say. */
export async function runLayer(layer: Layer, samples: NdArray, run: Run = {}) {
  const { training = false, seed = 0, step = 0, batchSize = samples.shape[0], upstream, device } = run;
  const x = placeholder(samples.shape.slice(1), "x");
  layer.prepare([x.shape]);
  for (const weight of layer.weights) {
    if (weight.value !== undefined) continue;
    const values = new Float32Array(sizeOf(weight.shape));
    weight.initializer.fill(values, weight.shape, 1);
    weight.assign(values);
  }
  const context = trainingContext(seed);
  const y = layer.trace(x, training ? context : { training: false }) as Tensor;
  const dy = placeholder(y.shape, "dy");
  const product = multiply(y, dy);
  const loss = sum(
    product,
    product.shape.map((_, i) => i),
    { overSamples: true },
  );
  const weights = upstream === undefined ? [] : layer.trainableWeights;
  const slopes = weights.map((weight) => {
    const reads = topological([loss]).filter((t) => t.attributes.variable === weight);
    const variable = new Variable(`d${weight.name}`, weight.shape, weight.initializer);
    variable.assign(new Float32Array(sizeOf(weight.shape)));
    return { variable, value: gradients(loss, reads).reduce((a, b) => add(a, b)) };
  });
  const program = (device ?? interp("float64")).compile({
    inputs: upstream === undefined ? [x] : [x, dy],
    scalars: training ? [context.step] : [],
    outputs: [identity(y), ...(upstream === undefined ? [] : gradients(loss, [x]).map(perSample(x)))],
    totals: [],
    updates: [...context.updates, ...slopes],
    guard: undefined,
  });
  const given = upstream === undefined ? [] : [{ data: upstream, shape: [samples.shape[0], ...y.shape] }];
  const { outputs } = await program.run({ inputs: [samples, ...given], batchSize, scalars: (k) => [step + k] });
  const [output, gradient] = outputs;
  return { shape: y.shape, output, gradient, weightGradients: slopes.map((s) => s.variable.value as Float32Array) };
}

/** A gradient that is the same for all samples, as one of each. */
const perSample =
  (x: Tensor) =>
  (t: Tensor): Tensor =>
    t.perSample ? t : add(multiply(x, 0), t);
