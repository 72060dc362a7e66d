/** Comparisons and logic. What is true is 1 and what is false 0; what is not 0 counts as true. No gradient goes through. */
import type { Tensor } from "../graph/tensor.ts";
import * as own from "../ops/index.ts";
import { aligned, rowOf } from "./axes.ts";
import { binary, unary } from "./define.ts";

const not = (x: Tensor): Tensor => own.equal(x, 0);
const isTrue = (x: Tensor): Tensor => not(not(x));

const compared = (name: string, f: (a: Tensor, b: Tensor) => Tensor) =>
  binary(name, (x1, x2) => {
    const [a, b] = aligned(name, [x1, x2]);
    return f(a, b);
  });

/** 1 where both are equal, else 0. */
export const equal = compared("equal", own.equal);
/** 1 where both differ, else 0. */
export const notEqual = compared("notEqual", (a, b) => not(own.equal(a, b)));
/** 1 where the first is larger, else 0. */
export const greater = compared("greater", own.greater);
/** 1 where the first is larger or both are equal, else 0. */
export const greaterEqual = compared("greaterEqual", own.greaterEqual);
/** 1 where the first is smaller, else 0. */
export const less = compared("less", (a, b) => own.greater(b, a));
/** 1 where the first is smaller or both are equal, else 0. */
export const lessEqual = compared("lessEqual", (a, b) => own.greaterEqual(b, a));
/** 1 where neither is 0, else 0. */
export const logicalAnd = compared("logicalAnd", (a, b) => own.minimum(isTrue(a), isTrue(b)));
/** 1 where one is not 0, else 0. */
export const logicalOr = compared("logicalOr", (a, b) => own.maximum(isTrue(a), isTrue(b)));
/** 1 where exactly one is not 0, else 0. */
export const logicalXor = compared("logicalXor", (a, b) => not(own.equal(isTrue(a), isTrue(b))));
/** 1 where x is 0, else 0. */
export const logicalNot = unary("logicalNot", not);

/** 1 where x is no number, else 0. */
export const isnan = unary("isnan", (x) => not(own.equal(x, x)));
/** 1 where x is infinite, else 0. */
export const isinf = unary("isinf", (x) => own.equal(own.absolute(x), Number.POSITIVE_INFINITY));
/** 1 where x is +∞, else 0. */
export const isposinf = unary("isposinf", (x) => own.equal(x, Number.POSITIVE_INFINITY));
/** 1 where x is −∞, else 0. */
export const isneginf = unary("isneginf", (x) => own.equal(x, Number.NEGATIVE_INFINITY));
/** 1 where x is a number and not infinite, else 0. */
export const isfinite = unary("isfinite", (x) => own.greater(Number.POSITIVE_INFINITY, own.absolute(x)));

interface Tolerances {
  /** Per unit of x2; default 1e-5. */
  readonly rtol?: number;
  /** Default 1e-8. */
  readonly atol?: number;
  /** Whether NaN is close to NaN; default false. */
  readonly equalNan?: boolean;
}

function closeOf(where: string, x1: Tensor, x2: Tensor, options: Tolerances): Tensor {
  const { rtol = 1e-5, atol = 1e-8, equalNan = false } = options;
  const [a, b] = aligned(where, [x1, x2]);
  const room = own.add(atol, own.multiply(rtol, own.absolute(b)));
  const isNear = own.greaterEqual(room, own.absolute(own.subtract(a, b)));
  const hasEnd = own.greater(Number.POSITIVE_INFINITY, own.absolute(b));
  const close = own.maximum(own.equal(a, b), own.multiply(hasEnd, isNear));
  return equalNan ? own.maximum(close, own.multiply(not(own.equal(a, a)), not(own.equal(b, b)))) : close;
}
const tolerances = ["rtol", "atol", "equalNan"] as const;

/** |x1 − x2| ≤ atol + rtol·|x2|; infinities are close to themselves. */
export const isclose = binary(
  "isclose",
  (x1: Tensor, x2: Tensor, options: Tolerances = {}) => closeOf("isclose", x1, x2, options),
  tolerances,
);
/** 1 where `isclose` holds everywhere, else 0. Not over the batch. */
export const allclose = binary(
  "allclose",
  (x1: Tensor, x2: Tensor, options: Tolerances = {}) => {
    const close = rowOf("allclose", closeOf("allclose", x1, x2, options));
    return own.subtract(1, own.max(not(close), [0]));
  },
  tolerances,
);
