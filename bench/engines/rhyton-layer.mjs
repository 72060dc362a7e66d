/** A single layer on Rhyton: a graph of one op, compiled by the device without a model around it. */
import { pathToFileURL } from "node:url";
import { numbersFor, shapesOf } from "../layers.mjs";

/** A session that answers the sum over the layer's result. */
export async function openLayer({ build, threads, wide }, { layer, batch }) {
  const load = (file) => import(pathToFileURL(`${build}/${file}`).href);
  const [{ wasm }, ops, { Variable }] = await Promise.all(
    ["device/wasm/device.js", "ops/index.js", "graph/tensor.js"].map(load),
  );
  const shapes = shapesOf(layer);
  const numbers = numbersFor(layer, batch);
  const axes = shapes.w.length - 2;
  const all = (n) => Array(axes).fill(n);
  const relation = {
    strides: all(layer.stride ?? 1),
    dilation: all(1),
    before: all(shapes.before),
    groups: layer.groups ?? 1,
  };
  const x = ops.placeholder(shapes.x, "x");
  const y = ops.placeholder(shapes.y, "y");
  const kernel = new Variable("w", shapes.w, undefined);
  kernel.assign(numbers.w);
  const w = ops.variableTensor(kernel);
  const [inputs, result] = {
    forward: () => [["x"], ops.convolve(x, w, { ...relation, output: shapes.y.slice(0, -1) })],
    input: () => [["y"], ops.convolveInput(y, w, { ...relation, input: shapes.x.slice(0, -1) })],
    kernel: () => [["x", "y"], ops.convolveKernel(x, y, { ...relation, kernel: shapes.w.slice(0, -2) })],
  }[layer.face]();
  const sum = ops.sum(
    result,
    result.shape.map((_, axis) => axis),
  );
  const total = layer.face === "kernel" ? sum : ops.sumSamples(sum);
  const tensors = { x, y };
  const graph = {
    inputs: inputs.map((name) => tensors[name]),
    scalars: [],
    outputs: [],
    totals: [total],
    updates: [],
    guard: undefined,
  };
  const program = wasm({ threads, wide }).compile(graph);
  const work = {
    inputs: inputs.map((name) => ({ data: numbers[name], shape: [batch, ...shapes[name]] })),
    batchSize: batch,
  };
  return {
    bytes: () => program.generated.module.toBytes().length,
    step: async () => (await program.run(work)).totals[0],
    epoch: (steps) => program.run({ ...work, order: Uint32Array.from({ length: steps * batch }, (_, i) => i % batch) }),
  };
}
