/**
 * Activations by Keras' names, composed from ops. At kinks they have the gradients that Keras has on TensorFlow.
 */
import { argumentError, unknownName } from "../core/errors.ts";
import type { Tensor } from "../graph/tensor.ts";
import { identityOp, ops, type TensorLike } from "../ops/elementwise.ts";
import {
  absolute,
  add,
  constantTensor,
  divide,
  equal,
  erf,
  exponential,
  greater,
  greaterEqual,
  logarithm,
  max,
  maximum,
  minimum,
  multiply,
  negative,
  relu,
  reshape,
  sigmoid,
  slice,
  softplus,
  squareRoot,
  subtract,
  sum,
  tanh,
  where,
} from "../ops/index.ts";
import { reshapeOp } from "../ops/movement.ts";
import { maxOp, sumOp } from "../ops/reduce.ts";
import type { Config, Serialized } from "./options.ts";

/** A function from tensor to tensor; with the `name` under which Keras knows it, when it does. */
export interface Activation {
  /** Keras' name of it; undefined for a function of your own. */
  readonly name: string | undefined;
  /** The function. */
  apply(x: Tensor): Tensor;
  /** What a file holds in place of a name: the object of a layer that is used as an activation. */
  readonly config?: Serialized;
}

/** Where a function of a whole axis works when no axis is given. */
const lastAxis = (x: Tensor): number[] => {
  if (x.shape.length === 0) {
    throw argumentError({ where: "softmax", argument: "x", value: "a scalar", expected: "at least one axis" });
  }
  return [x.shape.length - 1];
};

/** eˣ − 1 without cancellation near 0: tanh(x/2)·(eˣ + 1). */
export const exponentialMinus1 = (x: Tensor): Tensor => multiply(tanh(multiply(x, 0.5)), add(exponential(x), 1));

/** `x` limited to [low, high]; the gradient is 1 on the bounds. */
export const clip = (x: Tensor, low: TensorLike, high: TensorLike): Tensor =>
  where(greater(x, high), high, where(greater(low, x), low, x));

export const elu = (x: Tensor, alpha: number): Tensor =>
  where(greaterEqual(x, 0), x, multiply(alpha, exponentialMinus1(minimum(x, 0))));

/** The gradient is 0 at 0 and at 6. */
export const relu6 = (x: Tensor): Tensor => minimum(6, relu(x));

const hardSigmoid = (x: Tensor): Tensor => multiply(relu6(add(x, 3)), 1 / 6);

/** @param axes - of a sample, the batch not counted. */
export const softmax = (x: Tensor, axes: readonly number[] = lastAxis(x)): Tensor => {
  const power = exponential(subtract(x, max(x, axes, true)));
  return divide(power, sum(power, axes, { keepDims: true }));
};

const logSoftmax = (x: Tensor): Tensor => {
  const shifted = subtract(x, max(x, lastAxis(x), true));
  return subtract(shifted, logarithm(sum(exponential(shifted), lastAxis(x), { keepDims: true })));
};

/**
 * max(x − τ, 0) over the last axis. With c the sum of a value and all larger ones, r their number, and the support the n
 * values with x > (c − 1)/r, Keras 3 has τ = (Σ c over the support − 1)/n. (The paper's τ takes the last c alone, and
 * only so does the result sum to 1 when n > 1. We follow Keras.) Found by comparing every value with every other instead
 * of sorting; of equal values the first counts as larger.
 */
const sparsemax = (x: Tensor): Tensor => {
  const [axis] = lastAxis(x);
  const n = x.shape[axis];
  if (n > 8192) {
    const expected = "at most 8192 values, as each is compared with every other";
    throw argumentError({ where: "sparsemax", argument: "the last axis", value: n, expected });
  }
  const others = reshape(x, [...x.shape.slice(0, axis), 1, n]);
  const self = reshape(x, [...x.shape, 1]);
  const isNotAfter = Float32Array.from({ length: n * n }, (_, k) => (k % n <= Math.floor(k / n) ? 1 : 0));
  const tie = multiply(equal(others, self), constantTensor({ data: isNotAfter, shape: [n, n] }));
  const isAbove = maximum(greater(others, self), tie);
  const r = sum(isAbove, [axis + 1]);
  const c = sum(multiply(isAbove, others), [axis + 1]);
  const supports = greater(x, divide(subtract(c, 1), r));
  const excess = subtract(sum(multiply(supports, c), [axis], { keepDims: true }), 1);
  return maximum(subtract(x, divide(excess, sum(supports, [axis], { keepDims: true }))), 0);
};

const glu = (x: Tensor): Tensor => {
  const [axis] = lastAxis(x);
  if (x.shape[axis] % 2 !== 0) {
    throw argumentError({ where: "glu", argument: "the last axis", value: x.shape[axis], expected: "an even size" });
  }
  const half = x.shape[axis] / 2;
  const size = x.shape.with(axis, half);
  const start = x.shape.map(() => 0);
  return multiply(slice(x, { start, size }), sigmoid(slice(x, { start: start.with(axis, half), size })));
};

/** Each with its defaults in Keras. */
const functions = {
  linear: (x) => x,
  relu,
  leaky_relu: (x) => where(greater(x, 0), x, multiply(0.2, x)),
  relu6,
  elu: (x) => elu(x, 1),
  // Both parts pass the gradient at 0, where it is 2 in Keras.
  celu: (x) => add(maximum(x, 0), exponentialMinus1(minimum(x, 0))),
  selu: (x) => multiply(1.0507009873554805, elu(x, 1.6732632423543772)),
  sigmoid,
  tanh,
  softplus,
  softsign: (x) => divide(x, add(1, absolute(x))),
  exponential,
  silu: (x) => multiply(x, sigmoid(x)),
  mish: (x) => multiply(x, tanh(softplus(x))),
  gelu: (x) => multiply(multiply(0.5, x), add(1, erf(multiply(x, Math.SQRT1_2)))),
  hard_sigmoid: hardSigmoid,
  hard_silu: (x) => multiply(x, hardSigmoid(x)),
  hard_tanh: (x) => clip(x, -1, 1),
  log_sigmoid: (x) => negative(softplus(negative(x))),
  softmax: (x) => softmax(x),
  log_softmax: logSoftmax,
  sparsemax,
  soft_shrink: (x) => where(greater(x, 0.5), subtract(x, 0.5), where(greater(-0.5, x), add(x, 0.5), 0)),
  hard_shrink: (x) => where(greater(absolute(x), 0.5), x, 0),
  tanh_shrink: (x) => subtract(x, tanh(x)),
  sparse_plus: (x) => {
    const shifted = add(x, 1);
    return where(greaterEqual(-1, x), 0, where(greaterEqual(x, 1), x, multiply(0.25, multiply(shifted, shifted))));
  },
  sparse_sigmoid: (x) => where(greaterEqual(-1, x), 0, where(greaterEqual(x, 1), 1, multiply(0.5, add(x, 1)))),
  squareplus: (x) => multiply(0.5, add(x, squareRoot(add(multiply(x, x), 4)))),
  glu,
} as const satisfies Readonly<Record<string, (x: Tensor) => Tensor>>;

const aliases = { swish: "silu", hard_swish: "hard_silu" } as const;

/** The name of an activation in Keras' spelling. */
export type ActivationName = keyof typeof functions | keyof typeof aliases;

/** A layer as an activation: `leakyReLU({ negativeSlope: 0.1 })`. It has no weights. */
export interface ActivationOfLayer {
  readonly className: string;
  call(x: Tensor): Tensor;
  getConfig(): Config;
}

/** The layers that may stand as activations, in files, too. */
const layerActivations: readonly string[] = ["ELU", "LeakyReLU", "ReLU", "Softmax"];

/** What an `activation` option takes: a name, a function of your own, a layer such as `leakyReLU()`, or null for none. */
export type ActivationLike = ActivationName | ((x: Tensor) => Tensor) | Activation | ActivationOfLayer | null;

/** Every activation by its name in Keras. */
export const activations: ReadonlyMap<string, Activation> = new Map([
  ...Object.entries(functions).map(([name, apply]): [string, Activation] => [name, { name, apply }]),
  ...Object.entries(aliases).map(([alias, name]): [string, Activation] => [alias, { name, apply: functions[name] }]),
]);

export const linear = activations.get("linear") as Activation;

/**
 * The activation that an option names; `linear` for nothing.
 *
 * @throws RhytonError `unknown-name` for a name that Keras does not have.
 */
export function activationOf(where: string, value: ActivationLike | string | undefined): Activation {
  if (value === undefined || value === null) return linear;
  if (isLayer(value)) return ofLayer(where, value);
  if (typeof value === "function") return { name: undefined, apply: value };
  if (typeof value === "string") {
    const found = activations.get(value);
    if (found) return found;
    throw unknownName({ where, what: "activation", name: value, choices: [...activations.keys()] });
  }
  if (typeof value === "object" && typeof value.apply === "function") return value;
  throw argumentError({ where, argument: "activation", value, expected: "a name, a function of a tensor, or null" });
}

/** Layers can be called, and so are functions, too. */
const isLayer = (value: object | string): value is ActivationOfLayer =>
  typeof value !== "string" && "getConfig" in value && "className" in value && "call" in value;

function ofLayer(where: string, layer: ActivationOfLayer): Activation {
  const { className } = layer;
  if (!layerActivations.includes(className)) {
    throw argumentError({
      where,
      argument: "activation",
      value: layer,
      expected: `a layer that works on every number and has no weights: ${layerActivations.join(", ")}`,
      fix: "Put another one behind this layer.",
    });
  }
  const config = { module: "keras.layers", class_name: className, config: layer.getConfig(), registered_name: null };
  return { name: undefined, apply: (x) => layer.call(x), config };
}

/**
 * As it stands in a config: the name that Keras has for it, or a function of one's own, of which files hold the name.
 *
 * @throws RhytonError `argument` for a function without a name of its own.
 */
export const activationConfig = (where: string, { name, apply, config }: Activation): string | Serialized =>
  name ?? config ?? functionConfig(where, "activation", apply);

/**
 * A function of one's own as it stands in a config.
 *
 * @throws RhytonError `argument` for a function without a name of its own.
 */
export function functionConfig(where: string, argument: string, given: { readonly name: string }): Serialized {
  const { name } = given;
  // A function that was written as an option has the name of the option.
  if (name !== "" && name !== argument) {
    return { module: "builtins", class_name: "function", config: name, registered_name: name };
  }
  throw argumentError({
    where,
    argument,
    value: given,
    expected: "a function with a name, by which files know it",
    fix: "Write const swell = (x) => …, give that, and load the file with customObjects: { swell }.",
  });
}

// ---- the logits behind a probability ------------------------------------------------------------------------------

export interface Logits {
  readonly logits: Tensor;
  readonly kind: "sigmoid" | "softmax";
}

const through = (t: Tensor, op: object): Tensor => {
  let inner = t;
  while ((inner.op as object) === op) inner = inner.inputs[0];
  return inner;
};

/**
 * What a sigmoid or softmax (over the last axis) was computed from, when `t` comes directly from one.
 *
 * Cross-entropies use the logits then, as Keras does on TensorFlow: exact where the activation saturates. Decided by
 * what was computed, not by the names of layers.
 */
export function logitsOf(t: Tensor): Logits | undefined {
  const y = through(t, identityOp);
  if (y.op === (ops.sigmoid as object)) return { logits: y.inputs[0], kind: "sigmoid" };
  // softmax is  p / sum(p)  with  p = exp(x − max(x))
  if (y.op !== (ops.div as object)) return undefined;
  const power = y.inputs[0];
  const total = through(y.inputs[1], reshapeOp);
  const shifted = power.inputs[0];
  if (power.op !== (ops.exp as object) || shifted.op !== (ops.sub as object)) return undefined;
  const [logits, shift] = [shifted.inputs[0], through(shifted.inputs[1], reshapeOp)];
  const isOverLast = (reduced: Tensor, of: Tensor, op: object): boolean => {
    const axes = reduced.attributes.axes as readonly number[];
    return (
      (reduced.op as object) === op && reduced.inputs[0] === of && axes.length === 1 && axes[0] === of.shape.length - 1
    );
  };
  if (!isOverLast(total, power, sumOp) || total.attributes.overSamples === true) return undefined;
  return isOverLast(shift, logits, maxOp) ? { logits, kind: "softmax" } : undefined;
}
