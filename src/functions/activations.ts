/** Activations as functions. What they compute is in layers/activations.ts; here are their arguments, as in Keras. */
import { argumentError } from "../core/errors.ts";
import type { Tensor } from "../graph/tensor.ts";
import { activations, elu as eluOf, exponentialMinus1, softmax as softmaxOf } from "../layers/activations.ts";
import * as own from "../ops/index.ts";
import { type AxisLike, fromLast, ownAxes, ownAxis, withLast } from "./axes.ts";
import { logSoftmax as logSoftmaxOf } from "./crossentropy.ts";
import { unary } from "./define.ts";

const { add: plus, divide, multiply, subtract, where: choose } = own;

/** The activation with that name. */
const plain = (name: string): ((x: Tensor) => Tensor) => {
  const found = activations.get(name);
  return (x) => (found as { apply(x: Tensor): Tensor }).apply(x);
};

/** max(x, 0) */
export const relu = unary("relu", own.relu);
/** min(max(x, 0), 6) */
export const relu6 = unary("relu6", plain("relu6"));
/** 1/(1 + e⁻ˣ) */
export const sigmoid = unary("sigmoid", own.sigmoid);
/** ln(1 + eˣ) */
export const softplus = unary("softplus", own.softplus);
/** x/(1 + |x|) */
export const softsign = unary("softsign", plain("softsign"));
/** x·σ(x) */
export const silu = unary("silu", plain("silu"));
/** `silu` by its other name. */
export const swish = silu;
/** ln σ(x) */
export const logSigmoid = unary("logSigmoid", plain("log_sigmoid"));
/** relu6(x + 3)/6 */
export const hardSigmoid = unary("hardSigmoid", plain("hard_sigmoid"));
/** x·relu6(x + 3)/6 */
export const hardSilu = unary("hardSilu", plain("hard_silu"));
/** `hardSilu` by its other name. */
export const hardSwish = hardSilu;
/** x limited to [−1, 1] */
export const hardTanh = unary("hardTanh", plain("hard_tanh"));
/** x − tanh x */
export const tanhShrink = unary("tanhShrink", plain("tanh_shrink"));
/** 0 up to −1, (x + 1)²/4 up to 1, x beyond. */
export const sparsePlus = unary("sparsePlus", plain("sparse_plus"));
/** 0 up to −1, (x + 1)/2 up to 1, 1 beyond. */
export const sparseSigmoid = unary("sparseSigmoid", plain("sparse_sigmoid"));
/** 1.0507·elu(x, 1.6733) */
export const selu = unary("selu", plain("selu"));

/** x above 0, else x·`negativeSlope` (0.2). */
export const leakyRelu = unary(
  "leakyRelu",
  (x: Tensor, { negativeSlope = 0.2 }: { readonly negativeSlope?: number } = {}) =>
    choose(own.greater(x, 0), x, multiply(negativeSlope, x)),
  ["negativeSlope"],
);
/** x above 0, else `alpha`·(eˣ − 1). */
export const elu = unary("elu", (x: Tensor, { alpha = 1 }: { readonly alpha?: number } = {}) => eluOf(x, alpha), [
  "alpha",
]);
/** max(x, 0) + `alpha`·(e^(min(x, 0)/alpha) − 1) */
export const celu = unary(
  "celu",
  (x: Tensor, { alpha = 1 }: { readonly alpha?: number } = {}) =>
    plus(own.maximum(x, 0), multiply(alpha, exponentialMinus1(divide(own.minimum(x, 0), alpha)))),
  ["alpha"],
);
/** x·Φ(x); by a tanh unless `approximate` is false. (In layers, `"gelu"` is exact, as in Keras.) */
export const gelu = unary(
  "gelu",
  (x: Tensor, { approximate = true }: { readonly approximate?: boolean } = {}) => {
    if (!approximate) return plain("gelu")(x);
    const angle = multiply(Math.sqrt(2 / Math.PI), plus(x, multiply(0.044715, multiply(x, multiply(x, x)))));
    return multiply(multiply(0.5, x), plus(1, own.tanh(angle)));
  },
  ["approximate"],
);
/** The first half of an axis times σ of the second. */
export const glu = unary(
  "glu",
  (x: Tensor, { axis = -1 }: { readonly axis?: number } = {}) => {
    const at = ownAxis("glu", x, axis);
    return fromLast(plain("glu")(withLast(x, at)), at);
  },
  ["axis"],
);
/** x where |x| > `threshold` (0.5), else 0. */
export const hardShrink = unary(
  "hardShrink",
  (x: Tensor, { threshold: at = 0.5 }: { readonly threshold?: number } = {}) =>
    choose(own.greater(own.absolute(x), at), x, 0),
  ["threshold"],
);
/** x moved towards 0 by `threshold` (0.5), and 0 within it. */
export const softShrink = unary(
  "softShrink",
  (x: Tensor, { threshold: at = 0.5 }: { readonly threshold?: number } = {}) =>
    choose(own.greater(x, at), subtract(x, at), choose(own.greater(-at, x), plus(x, at), 0)),
  ["threshold"],
);
/** (x + √(x² + b))/2, b being 4. */
export const squareplus = unary(
  "squareplus",
  (x: Tensor, { b = 4 }: { readonly b?: number } = {}) =>
    multiply(0.5, plus(x, own.squareRoot(plus(multiply(x, x), b)))),
  ["b"],
);
/** x above `threshold`, else `defaultValue`. */
export const threshold = unary("threshold", (x: Tensor, at: number, defaultValue: number) =>
  choose(own.greater(x, at), x, defaultValue),
);

interface AxisOption {
  /** Default −1. */
  readonly axis?: AxisLike;
}

const needAxes = (where: string, x: Tensor, axis: AxisLike | undefined): number[] => {
  const axes = ownAxes(where, x, axis);
  if (axes.length > 0) return axes;
  throw argumentError({ where: `ops.${where}`, argument: "axis", value: axis, expected: "at least one axis" });
};
/** eˣ/Σ eˣ along axes. */
export const softmax = unary(
  "softmax",
  (x: Tensor, { axis = -1 }: AxisOption = {}) => softmaxOf(x, needAxes("softmax", x, axis)),
  ["axis"],
);
/** ln softmax(x) */
export const logSoftmax = unary(
  "logSoftmax",
  (x: Tensor, { axis = -1 }: AxisOption = {}) => logSoftmaxOf(x, needAxes("logSoftmax", x, axis)),
  ["axis"],
);
/** As Keras' sparsemax, over one axis. */
export const sparsemax = unary(
  "sparsemax",
  (x: Tensor, { axis = -1 }: { readonly axis?: number } = {}) => {
    const at = ownAxis("sparsemax", x, axis);
    return fromLast(plain("sparsemax")(withLast(x, at)), at);
  },
  ["axis"],
);
