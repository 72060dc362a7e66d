/**
 * Nodes of `keras.ops` between the layers of a file, as our ops. Axes and shapes of Keras count the batch, ours do not: a
 * node that mixes samples is refused.
 */
import { sizeOf } from "../core/array.ts";
import { type RhytonError, unsupportedFile } from "../core/errors.ts";
import { type Shape, Tensor } from "../graph/tensor.ts";
import { activations, clip, elu, softmax } from "../layers/activations.ts";
import {
  absolute,
  add,
  where as choose,
  concatenate,
  constantTensor,
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
  pad,
  reshape,
  round,
  sign,
  sine,
  slice,
  squareRoot,
  stopGradient,
  subtract,
  sum,
  tanh,
  transpose,
} from "../ops/index.ts";
import { brief, malformed } from "./config-parts.ts";
import { isJsonObject, type Json, type JsonObject } from "./json.ts";

/** What stands at the place of an argument: tensors of the model are in their places. */
export type Argument = Tensor | Json | readonly Argument[];

/** One call of an op. */
class Call {
  readonly where: string;
  readonly config: JsonObject;
  readonly args: readonly Argument[];

  constructor(where: string, config: JsonObject, args: readonly Argument[]) {
    this.where = where;
    this.config = config;
    this.args = args;
  }

  refuse(problem: string): RhytonError {
    const fix = "Use a layer of Keras in its place and save the model again.";
    return unsupportedFile({ where: this.where, problem, fix });
  }

  /** A tensor, or a constant made one. */
  tensor(i: number): Tensor {
    return this.asTensor(this.args[i]);
  }

  asTensor(value: Argument | undefined): Tensor {
    if (value instanceof Tensor) return value;
    if (typeof value === "number") return constantTensor(value);
    const found = constantOf(value);
    if (found === undefined) throw this.refuse(`an argument is ${showArgument(value)}, expected a tensor`);
    return constantTensor(found);
  }

  /** All arguments, as what works cell by cell takes them. */
  cells(count: number): Tensor[] {
    if (this.args.length !== count) throw malformed(this.where, `it has ${this.args.length} arguments, not ${count}`);
    const xs = this.args.map((_, i) => this.tensor(i));
    const rank = Math.max(0, ...xs.map((x) => (x.perSample ? x.shape.length : -1)));
    return xs.map((x) => {
      if (x.perSample && x.shape.length !== rank) {
        throw this.refuse(`its inputs have ${rank + 1} and ${x.shape.length + 1} axes, which mixes samples`);
      }
      if (x.perSample || x.shape.length <= rank) return x;
      if (x.shape.length === rank + 1 && x.shape[0] === 1) return reshape(x, x.shape.slice(1));
      throw this.refuse("a constant has another value for each sample");
    });
  }

  number(key: string, otherwise?: number): number {
    const value = this.config[key] ?? otherwise;
    if (typeof value === "number") return value;
    throw malformed(this.where, `${key} is ${brief(value)}, expected a number`);
  }

  /** The place among the axes of a sample of an axis of Keras. */
  axis(value: Argument | undefined, rank: number): number {
    if (!Number.isInteger(value)) throw this.refuse(`an axis is ${showArgument(value)}, which takes in the batch`);
    const at = (value as number) < 0 ? (value as number) + rank : (value as number) - 1;
    if (at < 0 || at >= rank) throw this.refuse(`its axis ${value} is the batch, or there is none`);
    return at;
  }

  axes(x: Tensor): number[] {
    const { axis } = this.config;
    return (Array.isArray(axis) ? (axis as readonly Json[]) : [axis]).map((one) => this.axis(one, x.shape.length));
  }

  keepDims(): boolean {
    return this.config.keepdims === true;
  }

  /** The tensors of a list. */
  list(): Tensor[] {
    const [given] = this.args;
    if (!Array.isArray(given) || given.length === 0) throw malformed(this.where, "it is called without a list");
    return given.map((item: Argument) => this.asTensor(item));
  }
}

const showArgument = (value: Argument | undefined): string =>
  value instanceof Tensor ? "a tensor" : Array.isArray(value) ? "a list" : brief(value as Json | undefined);

const MOST_NUMBERS = 2 ** 24;

/** The array that Keras writes as nested lists. */
function constantOf(value: Argument | undefined): { data: Float32Array; shape: Shape } | undefined {
  if (!isJsonObject(value as Json) || value instanceof Tensor) return undefined;
  const { class_name: name, config } = value as JsonObject;
  if ((name !== "__numpy__" && name !== "__tensor__") || !isJsonObject(config)) return undefined;
  const shape: number[] = [];
  for (let inner: Json = config.value; Array.isArray(inner); inner = inner[0]) shape.push(inner.length);
  const numbers: number[] = [];
  const isWhole = (list: Json, depth: number): boolean => {
    if (depth === shape.length) return numbers.push(Number(list)) > 0 && ["number", "boolean"].includes(typeof list);
    return Array.isArray(list) && list.length === shape[depth] && list.every((item: Json) => isWhole(item, depth + 1));
  };
  if (sizeOf(shape) > MOST_NUMBERS || !isWhole(config.value, 0)) return undefined;
  return { data: Float32Array.from(numbers), shape };
}

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

/** The part of a tensor that Python's `x[…]` takes. */
function getItem(call: Call): Tensor {
  const x = call.tensor(0);
  const key = call.args[1];
  const parts: Argument[] = Array.isArray(key) ? [...key] : [key];
  const isNamed = (value: Argument, name: string): boolean =>
    !(value instanceof Tensor) && isJsonObject(value as Json) && (value as JsonObject).class_name === name;
  const dots = parts.findIndex((value) => isNamed(value, "__ellipsis__"));
  const taken = parts.filter((value) => value !== null && !isNamed(value, "__ellipsis__")).length;
  const missing = x.shape.length + 1 - taken;
  if (missing < 0) throw malformed(call.where, `it takes ${taken} axes of ${x.shape.length + 1}`);
  const all = Array.from({ length: missing }, (): Json => ({ class_name: "__slice__", config: {} }));
  if (dots >= 0) parts.splice(dots, 1, ...all);
  else parts.push(...all);
  const [batch, ...rest] = parts;
  const isAll = ({ start, stop, step }: JsonObject): boolean =>
    (start ?? null) === null && (stop ?? null) === null && (step ?? 1) === 1;
  if (!isNamed(batch, "__slice__") || !isAll((batch as JsonObject).config as JsonObject)) {
    throw call.refuse("it takes some samples of the batch only");
  }
  const shape: number[] = [];
  const [start, size, step]: number[][] = [[], [], []];
  for (const value of rest) {
    if (value === null) {
      shape.push(1);
      continue;
    }
    const n = x.shape[start.length];
    if (isNamed(value, "__slice__")) {
      const cut = sliceOf(call, (value as JsonObject).config as JsonObject, n);
      start.push(cut.start);
      size.push(cut.size);
      step.push(cut.step);
      shape.push(cut.size);
    } else {
      const at = Number.isInteger(value) ? (value as number) + ((value as number) < 0 ? n : 0) : -1;
      if (at < 0 || at >= n) throw call.refuse(`it takes ${showArgument(value)} of an axis of ${n}`);
      start.push(at);
      size.push(1);
      step.push(1);
    }
  }
  return reshape(slice(x, { start, size, step }), shape);
}

/** Python's slice of `n` cells. */
function sliceOf(call: Call, config: JsonObject, n: number) {
  const whole = (key: string, otherwise: number): number => {
    const value = config[key] ?? otherwise;
    if (!Number.isSafeInteger(value)) throw call.refuse(`it takes a slice whose ${key} is ${brief(value)}`);
    return value as number;
  };
  const step = whole("step", 1);
  if (step === 0) throw malformed(call.where, "it takes a slice with steps of 0");
  const [low, high] = step > 0 ? [0, n] : [-1, n - 1];
  const place = (key: string, otherwise: number): number => {
    if ((config[key] ?? null) === null) return otherwise;
    const value = whole(key, 0);
    return Math.min(Math.max(value < 0 ? value + n : value, low), high);
  };
  const start = place("start", step > 0 ? low : high);
  const stop = place("stop", step > 0 ? high : low);
  const size = Math.max(0, Math.ceil((stop - start) / step));
  if (size === 0) throw call.refuse("it takes an empty slice");
  return { start, size, step };
}

function reshaped(call: Call): Tensor {
  const x = call.tensor(0);
  const given = call.config.newshape;
  const sizes = Array.isArray(given) ? (given as readonly Json[]) : [];
  const [batch, ...rest] = sizes;
  const open = rest.indexOf(-1);
  const isFree = batch === null || batch === -1;
  const known = rest.filter((_, i) => i !== open);
  if (!isFree || !known.every((n) => Number.isSafeInteger(n) && (n as number) >= 1)) {
    throw call.refuse(`its new shape is ${brief(given)}, which does not keep the samples`);
  }
  const shape = [...rest] as number[];
  if (open >= 0) shape[open] = sizeOf(x.shape) / sizeOf(known as number[]);
  if (sizeOf(shape) !== sizeOf(x.shape)) throw call.refuse(`its new shape is ${brief(given)}, which mixes samples`);
  return reshape(x, shape);
}

function transposed(call: Call): Tensor {
  const x = call.tensor(0);
  const { axes } = call.config;
  if (!Array.isArray(axes) || axes[0] !== 0) throw call.refuse(`its axes are ${brief(axes)}, which moves the batch`);
  return transpose(
    x,
    axes.slice(1).map((axis: Json) => call.axis(axis, x.shape.length)),
  );
}

function padded(call: Call): Tensor {
  const x = call.tensor(0);
  const { pad_width: given, mode } = call.config;
  const pairs = (Array.isArray(given) ? given : []) as readonly Json[];
  const widths = pairs.map((pair) => (Array.isArray(pair) && pair.length === 2 ? pair : [null, null]) as number[]);
  const isRight = widths.length === x.shape.length + 1 && widths.flat().every((n) => Number.isInteger(n) && n >= 0);
  if (!isRight || widths[0].some((n) => n !== 0)) throw call.refuse(`its widths are ${brief(given)}`);
  if ((mode ?? "constant") !== "constant") throw call.refuse(`its mode is ${brief(mode)}, and Rhyton has constant`);
  const rest = widths.slice(1);
  return pad(
    x,
    rest.map(([before]) => before),
    rest.map(([, after]) => after),
  );
}

/** A new axis in a result of `rank` axes, the batch not counted. */
function withAxis(call: Call, x: Tensor): Tensor {
  const at = call.axis(call.config.axis, x.shape.length + 1);
  return reshape(x, [...x.shape.slice(0, at), 1, ...x.shape.slice(at)]);
}

function split(call: Call): Tensor[] {
  const x = call.tensor(0);
  const at = call.axis(call.config.axis ?? 0, x.shape.length);
  const given = call.config.indices_or_sections;
  const n = x.shape[at];
  let cuts: readonly number[];
  if (Number.isInteger(given) && n % (given as number) === 0) {
    cuts = Array.from({ length: (given as number) + 1 }, (_, i) => (i * n) / (given as number));
  } else if (Array.isArray(given)) cuts = [0, ...(given as number[]), n];
  else throw call.refuse(`it splits ${n} cells at ${brief(given)}`);
  return cuts.slice(1).map((end, i) => {
    const size = end - cuts[i];
    if (!(size >= 1)) throw call.refuse(`it splits ${n} cells at ${brief(given)}`);
    return slice(x, { start: x.shape.map((_, k) => (k === at ? cuts[i] : 0)), size: x.shape.with(at, size) });
  });
}

function squeezed(call: Call): Tensor {
  const x = call.tensor(0);
  const { axis } = call.config;
  if (axis === null || axis === undefined) throw call.refuse("it takes away every axis of size 1, maybe the batch");
  const axes = call.axes(x);
  if (axes.some((at) => x.shape[at] !== 1)) throw malformed(call.where, "the axis that it takes away is not of size 1");
  return reshape(
    x,
    x.shape.filter((_, i) => !axes.includes(i)),
  );
}

function stacked(call: Call): Tensor {
  return concatenate(
    call.list().map((x) => withAxis(call, x)),
    call.axis(call.config.axis, call.list()[0].shape.length + 1),
  );
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
    const result = activation === undefined ? classes[this.className](call) : activation.apply(call.cells(1)[0]);
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
