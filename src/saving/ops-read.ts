import { unsupportedFile } from "../core/errors.ts";
import { Tensor } from "../graph/tensor.ts";
import { activations, clip, elu, softmax } from "../layers/activations.ts";
import {
  absolute,
  add,
  where as choose,
  concatenate,
  cosine,
  divide,
  equal,
  erf,
  exponential,
  floor,
  greater,
  greaterEqual,
  identity,
  logarithm,
  max,
  maximum,
  mean,
  minimum,
  multiply,
  negative,
  round,
  sign,
  sine,
  squareRoot,
  stopGradient,
  subtract,
  sum,
  tanh,
} from "../ops/index.ts";
import { atAnySize } from "../ops/open.ts";
import { brief } from "./config-parts.ts";
import type { JsonObject } from "./json.ts";
import { type Argument, Call } from "./ops-call.ts";
import { getItem, padded, reshaped, split, squeezed, stacked, transposed, withAxis } from "./ops-places.ts";

type Read = (call: Call) => Tensor | readonly Tensor[];

const unary =
  (make: (x: Tensor) => Tensor): Read =>
  (call) =>
    make(call.cells(1)[0]);
const binary =
  (make: (a: Tensor, b: Tensor) => Tensor): Read =>
  (call) => {
    const [a, b] = call.cells(2);
    return make(a, b);
  };
const reduction =
  (make: (x: Tensor, axes: readonly number[], keepDims: boolean) => Tensor): Read =>
  (call) => {
    const x = call.tensor(0);
    return make(x, call.axes(x), call.keepDims());
  };

const not = (x: Tensor): Tensor => subtract(1, x);
const isTrue = (x: Tensor): Tensor => not(equal(x, 0));

/** xⁿ for the powers that are products, quotients and roots. */
function power(call: Call): Tensor {
  const [x, exponent] = call.args;
  if (!(x instanceof Tensor) || typeof exponent !== "number") throw call.refuse("it has no number as its exponent");
  if (exponent === 0.5) return squareRoot(x);
  if (exponent === -0.5) return divide(1, squareRoot(x));
  const times = Math.abs(exponent);
  if (!Number.isInteger(exponent) || times > 64) throw call.refuse(`its exponent is ${exponent}`);
  let product: Tensor | undefined;
  for (let square = x, rest = times; rest > 0; rest = Math.floor(rest / 2), square = multiply(square, square)) {
    if (rest % 2 === 1) product = product === undefined ? square : multiply(product, square);
  }
  if (product === undefined) return add(multiply(x, 0), 1);
  return exponent < 0 ? divide(1, product) : product;
}

const classes: Readonly<Record<string, Read>> = {
  // one tensor
  Negative: unary(negative),
  Absolute: unary(absolute),
  Abs: unary(absolute),
  Sqrt: unary(squareRoot),
  Rsqrt: unary((x) => divide(1, squareRoot(x))),
  Square: unary((x) => multiply(x, x)),
  Reciprocal: unary((x) => divide(1, x)),
  Exp: unary(exponential),
  Log: unary(logarithm),
  Tanh: unary(tanh),
  Sin: unary(sine),
  Cos: unary(cosine),
  Sign: unary(sign),
  Floor: unary(floor),
  Ceil: unary((x) => negative(floor(negative(x)))),
  Erf: unary(erf),
  StopGradient: unary(stopGradient),
  Round: (call) => {
    if (call.number("decimals", 0) !== 0) throw call.refuse("it rounds to decimals");
    return round(call.tensor(0));
  },
  Cast: (call) => {
    if (call.config.dtype === "float32") return call.tensor(0);
    throw call.refuse(`it makes ${brief(call.config.dtype)} of its input, and Rhyton has float32`);
  },
  Clip: (call) => clip(call.tensor(0), call.number("x_min"), call.number("x_max")),
  LeakyRelu: (call) => {
    const x = call.tensor(0);
    return choose(greater(x, 0), x, multiply(call.number("negative_slope", 0.2), x));
  },
  Elu: (call) => elu(call.tensor(0), call.number("alpha", 1)),
  Softmax: (call) => softmax(call.tensor(0), call.axes(call.tensor(0))),
  Gelu: (call) => {
    const x = call.tensor(0);
    if (call.config.approximate !== true) return activations.get("gelu")!.apply(x);
    const inner = multiply(Math.sqrt(2 / Math.PI), add(x, multiply(0.044715, multiply(x, multiply(x, x)))));
    return multiply(multiply(0.5, x), add(1, tanh(inner)));
  },
  // several
  Add: binary(add),
  Subtract: binary(subtract),
  Multiply: binary(multiply),
  Divide: binary(divide),
  TrueDivide: binary(divide),
  FloorDivide: binary((a, b) => floor(divide(a, b))),
  Maximum: binary(maximum),
  Minimum: binary(minimum),
  Greater: binary(greater),
  GreaterEqual: binary(greaterEqual),
  Less: binary((a, b) => greater(b, a)),
  LessEqual: binary((a, b) => greaterEqual(b, a)),
  Equal: binary(equal),
  NotEqual: binary((a, b) => not(equal(a, b))),
  LogicalNot: unary((x) => equal(x, 0)),
  LogicalAnd: binary((a, b) => minimum(isTrue(a), isTrue(b))),
  LogicalOr: binary((a, b) => maximum(isTrue(a), isTrue(b))),
  Power: power,
  Where: (call) => {
    const [condition, then, otherwise] = call.cells(3);
    return choose(condition, then, otherwise);
  },
  // along axes
  Sum: reduction((x, axes, keepDims) => sum(x, axes, { keepDims })),
  Mean: reduction(mean),
  Max: reduction(max),
  Amax: reduction(max),
  Min: reduction((x, axes, keepDims) => negative(max(negative(x), axes, keepDims))),
  Amin: reduction((x, axes, keepDims) => negative(max(negative(x), axes, keepDims))),
  // places
  Reshape: reshaped,
  Transpose: transposed,
  ExpandDims: (call) => withAxis(call, call.tensor(0)),
  Squeeze: squeezed,
  Concatenate: (call) => {
    const xs = call.list();
    return concatenate(xs, call.axis(call.config.axis, xs[0].shape.length));
  },
  Stack: stacked,
  Split: split,
  Pad: padded,
  GetItem: getItem,
};

/** Activations under the names of their ops, with no arguments of their own. */
const activationNames: Readonly<Record<string, string>> = {
  Relu: "relu",
  Relu6: "relu6",
  Sigmoid: "sigmoid",
  Softplus: "softplus",
  Softsign: "softsign",
  Silu: "silu",
  LogSigmoid: "log_sigmoid",
  Selu: "selu",
  HardSigmoid: "hard_sigmoid",
  HardSilu: "hard_silu",
  HardTanh: "hard_tanh",
  TanhShrink: "tanh_shrink",
  SparsePlus: "sparse_plus",
  SparseSigmoid: "sparse_sigmoid",
};

/** The names of the classes of `keras.ops` that can be read. */
export const opClasses: readonly string[] = [...Object.keys(classes), ...Object.keys(activationNames)];

/** An op of a file, ready to be called. */
export class OpEntry {
  readonly className: string;
  readonly config: JsonObject;

  constructor(className: string, config: JsonObject) {
    this.className = className;
    this.config = config;
  }

  /** @throws RhytonError `file-unsupported` for arguments that Rhyton has nothing for. */
  call(where: string, args: readonly Argument[], kwargs: JsonObject): readonly Tensor[] {
    const call = new Call(where, this.config, args);
    for (const [key, value] of Object.entries(kwargs)) {
      const isNone = value === null || value === false || (key === "constant_values" && value === 0);
      if (!isNone) throw call.refuse(`it is called with ${key} = ${brief(value)}`);
    }
    const activation = activations.get(activationNames[this.className] ?? "");
    const work = (one: Call): Tensor | readonly Tensor[] =>
      activation === undefined ? classes[this.className](one) : activation.apply(one.cells(1)[0]);
    const result = atAnySize(this.className, call.tensors(), (sized) => work(call.withTensors(sized)));
    // What a layer gave is that layer's alone, also where nothing was to be done with it.
    const list = result instanceof Tensor ? [result] : result;
    return list.map((y) => (y.origin === undefined ? y : identity(y)));
  }
}

/** Whether an object stands for an op of Keras and not for a layer. */
export const isOp = ({ module }: JsonObject): boolean =>
  typeof module === "string" && module.startsWith("keras.src.ops.");

/** @throws RhytonError `file-unsupported` when there is no such op. */
export function opEntry(where: string, className: string, config: JsonObject): OpEntry {
  if (Object.hasOwn(classes, className) || Object.hasOwn(activationNames, className)) {
    return new OpEntry(className, config);
  }
  throw unsupportedFile({
    where,
    problem: `it is the op ${className} between layers, which Rhyton does not read from files`,
    fix: `It reads ${opClasses.join(", ")}. Use a layer of Keras in its place and save the model again.`,
  });
}
