/** Ops that stand between layers, as Keras writes them into `config.json`: nodes of the classes of `keras.ops`. */
import { showShape, sizeOf } from "../core/array.ts";
import { networkError } from "../core/errors.ts";
import type { Shape, Tensor } from "../graph/tensor.ts";
import { constantOp, fillOp, variableOp } from "../ops/leaf.ts";
import type { Json, JsonObject } from "./json.ts";

/** An op as a node: its class, the arguments of its constructor, and those of its call. */
export interface OpNode {
  readonly module: string;
  readonly className: string;
  readonly config: JsonObject;
  readonly args: readonly Json[];
  /** Whether what it gives is to be made numbers of. */
  readonly isBoolean?: boolean;
}

/** How an op is written; `of` gives an input as an argument. */
type Write = (y: Tensor, of: (x: Tensor) => Json) => Omit<OpNode, "module">;

const numpy = "keras.src.ops.numpy";
const nn = "keras.src.ops.nn";

/** Classes that take the inputs of the op, and nothing else. */
const plain: Readonly<Record<string, readonly [className: string, module: string]>> = {
  neg: ["Negative", numpy],
  abs: ["Absolute", numpy],
  sqrt: ["Sqrt", numpy],
  exp: ["Exp", numpy],
  log: ["Log", numpy],
  tanh: ["Tanh", numpy],
  sin: ["Sin", numpy],
  cos: ["Cos", numpy],
  sign: ["Sign", numpy],
  floor: ["Floor", numpy],
  round: ["Round", numpy],
  relu: ["Relu", nn],
  sigmoid: ["Sigmoid", nn],
  softplus: ["Softplus", nn],
  erf: ["Erf", "keras.src.ops.math"],
  stopGradient: ["StopGradient", "keras.src.ops.core"],
  add: ["Add", numpy],
  sub: ["Subtract", numpy],
  mul: ["Multiply", numpy],
  div: ["Divide", numpy],
  max: ["Maximum", numpy],
  min: ["Minimum", numpy],
  where: ["Where", numpy],
};

/** These give true and false in Keras, and 1 and 0 here: a node of `Cast` follows. */
const comparisons: Readonly<Record<string, string>> = { gt: "Greater", ge: "GreaterEqual", eq: "Equal" };

/** Axes of a sample as Keras counts them. */
const withBatch = (axes: unknown): number[] => (axes as readonly number[]).map((axis) => axis + 1);

const reduction =
  (className: string): Write =>
  (y, of) => ({
    className,
    config: { axis: withBatch(y.attributes.axes), keepdims: false },
    args: [of(y.inputs[0])],
  });

/** Ops with arguments. */
const others: Readonly<Record<string, Write>> = {
  identity: (y, of) => ({ className: "Multiply", config: {}, args: [of(y.inputs[0]), 1] }),
  reduceMax: reduction("Max"),
  sum: reduction("Sum"),
  reshape: (y, of) => ({ className: "Reshape", config: { newshape: [-1, ...y.shape] }, args: [of(y.inputs[0])] }),
  transpose: (y, of) => ({
    className: "Transpose",
    config: { axes: [0, ...withBatch(y.attributes.permutation)] },
    args: [of(y.inputs[0])],
  }),
  concatenate: (y, of) => ({
    className: "Concatenate",
    config: { axis: (y.attributes.axis as number) + 1 },
    args: [y.inputs.map(of)],
  }),
  // Zeros of the shape do it; Keras' BroadcastTo would ask for the size of the batch.
  broadcast: (y, of) => ({ className: "Add", config: {}, args: [of(y.inputs[0]), arrayOf(y.shape, () => 0)] }),
  pad: (y, of) => {
    const [before, after] = [y.attributes.before, y.attributes.after] as (readonly number[])[];
    const widths = [[0, 0], ...before.map((n, i) => [n, after[i]])];
    return { className: "Pad", config: { pad_width: widths, mode: "constant" }, args: [of(y.inputs[0])] };
  },
  slice: (y, of) => {
    const { start, step, size } = y.attributes as Readonly<Record<string, readonly number[]>>;
    const parts = start.map((from, i) => {
      const end = from + step[i] * size[i];
      return part(from, step[i] < 0 && end < 0 ? null : end, step[i]);
    });
    return { className: "GetItem", config: {}, args: [of(y.inputs[0]), [part(null, null, null), ...parts]] };
  },
};

const part = (start: number | null, stop: number | null, step: number | null): JsonObject => ({
  class_name: "__slice__",
  config: { start, stop, step },
});

/** Numbers in a file that is text. */
const MOST_NUMBERS = 65_536;

/** An array as Keras writes NumPy's. */
function arrayOf(shape: Shape, at: (i: number) => number): JsonObject {
  let next = 0;
  const lists = (rest: Shape): Json =>
    rest.length === 0 ? at(next++) : Array.from({ length: rest[0] }, () => lists(rest.slice(1)));
  return { class_name: "__numpy__", config: { value: lists(shape), dtype: "float32" } };
}

/**
 * How an op between layers stands in a file.
 *
 * @param reference - how a tensor of the model is written; nothing for constants.
 * @throws RhytonError `network` for an op that Keras has not.
 */
export function opNode(where: string, y: Tensor, reference: (x: Tensor) => Json | undefined): OpNode {
  const { name } = y.op;
  const refuse = (problem: string, fix = "Put it into the call of a layer of your own.") =>
    networkError({ where, problem: `the op "${name}" stands between layers, ${problem}`, fix });
  const of = (x: Tensor): Json => {
    const known = reference(x);
    if (known !== undefined) return known;
    if (x.op === (variableOp as object)) throw refuse("and it reads a weight that belongs to no layer");
    if (sizeOf(x.shape) > MOST_NUMBERS) {
      throw refuse(`with a constant of ${sizeOf(x.shape)} numbers, and files hold at most ${MOST_NUMBERS} of them`);
    }
    if (x.op === (fillOp as object)) {
      const value = x.attributes.value as number;
      return x.shape.length === 0 ? value : arrayOf(x.shape, () => value);
    }
    if (x.op !== (constantOp as object)) throw refuse(`and it needs the op "${x.op.name}", which Keras has not`);
    const data = x.attributes.data as Float32Array;
    return arrayOf(x.shape, (i) => data[i]);
  };
  if (!y.perSample || y.attributes.overSamples === true) throw refuse("and it does not belong to a sample");
  const isBoolean = Object.hasOwn(comparisons, name);
  if (isBoolean || Object.hasOwn(plain, name)) {
    const [className, module] = isBoolean ? [comparisons[name], numpy] : plain[name];
    for (const x of y.inputs) {
      if (!x.perSample || x.shape.length === y.shape.length) continue;
      throw refuse(
        `between shapes of ${y.inputs.map(({ shape }) => showShape(shape, true)).join(" and ")}: Keras counts the batch, too`,
        "Reshape one of them, so that both have as many axes.",
      );
    }
    return { module, className, config: {}, args: y.inputs.map(of), isBoolean };
  }
  if (Object.hasOwn(others, name)) return { module: numpy, ...others[name](y, of) };
  if (y.op.compose !== undefined) throw refuse("where it computes with sizes that are open");
  throw refuse("and Keras has none like it");
}
