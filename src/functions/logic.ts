/** Comparisons and logic. What is true is 1 and what is false 0; what is not 0 counts as true. No gradient goes through. */
import type { Tensor } from "../graph/tensor.ts";
import * as own from "../ops/index.ts";
import { aligned } from "./axes.ts";
import { binary, unary } from "./define.ts";

const not = (x: Tensor): Tensor => own.equal(x, 0);
const isTrue = (x: Tensor): Tensor => not(not(x));

const compared = (name: string, f: (a: Tensor, b: Tensor) => Tensor) =>
  binary(name, (x1, x2) => {
    const [a, b] = aligned(name, [x1, x2]);
    return f(a, b);
  });

export const equal = compared("equal", own.equal);
export const notEqual = compared("notEqual", (a, b) => not(own.equal(a, b)));
export const greater = compared("greater", own.greater);
export const greaterEqual = compared("greaterEqual", own.greaterEqual);
export const less = compared("less", (a, b) => own.greater(b, a));
export const lessEqual = compared("lessEqual", (a, b) => own.greaterEqual(b, a));
export const logicalAnd = compared("logicalAnd", (a, b) => own.minimum(isTrue(a), isTrue(b)));
export const logicalOr = compared("logicalOr", (a, b) => own.maximum(isTrue(a), isTrue(b)));
export const logicalXor = compared("logicalXor", (a, b) => not(own.equal(isTrue(a), isTrue(b))));
export const logicalNot = unary("logicalNot", not);

export const isnan = unary("isnan", (x) => not(own.equal(x, x)));
export const isinf = unary("isinf", (x) => own.equal(own.absolute(x), Number.POSITIVE_INFINITY));
export const isposinf = unary("isposinf", (x) => own.equal(x, Number.POSITIVE_INFINITY));
export const isneginf = unary("isneginf", (x) => own.equal(x, Number.NEGATIVE_INFINITY));
export const isfinite = unary("isfinite", (x) => own.greater(Number.POSITIVE_INFINITY, own.absolute(x)));

interface Tolerances {
  /** Per unit of x2; default 1e-5. */
  readonly rtol?: number;
  /** Default 1e-8. */
  readonly atol?: number;
  /** Whether NaN is close to NaN; default false. */
  readonly equalNan?: boolean;
}

/** |x1 − x2| ≤ atol + rtol·|x2|; infinities are close to themselves. */
export const isclose = binary(
  "isclose",
  (x1: Tensor, x2: Tensor, { rtol = 1e-5, atol = 1e-8, equalNan = false }: Tolerances = {}) => {
    const [a, b] = aligned("isclose", [x1, x2]);
    const room = own.add(atol, own.multiply(rtol, own.absolute(b)));
    const isNear = own.greaterEqual(room, own.absolute(own.subtract(a, b)));
    const hasEnd = own.greater(Number.POSITIVE_INFINITY, own.absolute(b));
    const close = own.maximum(own.equal(a, b), own.multiply(hasEnd, isNear));
    return equalNan ? own.maximum(close, own.multiply(not(own.equal(a, a)), not(own.equal(b, b)))) : close;
  },
  ["rtol", "atol", "equalNan"],
);
