/**
 * A small fixed training step with every form of kernel: what must give the same bits wherever it runs.
 */
import type { NdArray } from "../../core/array.ts";
import { fillUniform } from "../../core/random.ts";
import type { Graph } from "../../graph/graph.ts";
import { type Initializer, type Shape, type Tensor, Variable } from "../../graph/tensor.ts";
import * as R from "../../ops/index.ts";
import { gradients } from "../../passes/gradient.ts";

export interface Check {
  readonly graph: Graph;
  readonly weights: readonly Variable[];
  /** Pictures; as many as wanted. */
  samples(count: number): NdArray<Float32Array>;
}

const drawn: Initializer = {
  className: "drawn",
  config: {},
  fill: (values, _shape, seed) => fillUniform(values, seed, -0.2, 0.2),
};

/** An autoencoder of pictures of 12 × 12 in 3 channels, with gradient descent. Weights are new each time. */
export function makeCheck(): Check {
  const weights: Variable[] = [];
  const tensors: Tensor[] = [];
  const weight = (shape: Shape): Tensor => {
    const variable = new Variable(`w${weights.length}`, shape, drawn);
    const value = new Float32Array(shape.reduce((n, size) => n * size, 1));
    drawn.fill(value, shape, weights.length);
    variable.assign(value);
    weights.push(variable);
    const tensor = R.variableTensor(variable);
    tensors.push(tensor);
    return tensor;
  };
  const convolution = (x: Tensor, filters: number): Tensor => {
    const [height, width, channels] = x.shape;
    const window = { strides: [1, 1], dilation: [1, 1], before: [1, 1], groups: 1, output: [height, width] };
    return R.add(R.convolve(x, weight([3, 3, channels, filters]), window), weight([filters]));
  };
  const x = R.placeholder([12, 12, 3], "x");
  let y = R.relu(convolution(x, 24));
  y = R.maxPool(y, { kernel: [2, 2], strides: [2, 2], before: [0, 0], output: [6, 6] });
  y = R.relu(convolution(y, 16));
  y = R.reshape(R.relu(R.matmulLast(R.reshape(y, [576]), weight([576, 36]))), [6, 6, 1]);
  y = convolution(R.upSampleNearest(R.relu(convolution(y, 20)), [2, 2]), 3);
  const output = R.sigmoid(y);
  const wrong = R.mean(R.subtract(R.softplus(y), R.multiply(y, x)), [0, 1, 2]);
  const loss = R.divide(R.sumSamples(wrong), R.batchSize());
  const updates = gradients(loss, tensors).map((slope, i) => ({
    variable: weights[i],
    value: R.subtract(tensors[i], R.multiply(slope, 0.5)),
  }));
  return {
    graph: { inputs: [x], scalars: [], outputs: [output], totals: [loss], guard: loss, updates },
    weights,
    samples(count) {
      const data = new Float32Array(count * 432);
      fillUniform(data, 1);
      return { data, shape: [count, 12, 12, 3] };
    },
  };
}
