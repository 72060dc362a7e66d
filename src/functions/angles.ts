/** Functions of angles, round and hyperbolic, and their inverses. */

import type { Tensor } from "../graph/tensor.ts";
import { exponentialMinus1 } from "../layers/activations.ts";
import * as own from "../ops/index.ts";
import { aligned } from "./axes.ts";
import { binary, unary } from "./define.ts";
import { isMinus, logPlus1, mirrored, polynomial, squareOf } from "./series.ts";

const { divide: quotient, multiply: product, subtract: difference, add: total, where: choose } = own;

/** sin(x), x in radians. */
export const sin = unary("sin", own.sine);
/** cos(x), x in radians. */
export const cos = unary("cos", own.cosine);
/** tan(x), x in radians. */
export const tan = unary("tan", (x) => quotient(own.sine(x), own.cosine(x)));
/** The hyperbolic tangent of x. */
export const tanh = unary("tanh", own.tanh);
/** (eˣ − e⁻ˣ)/2 */
export const sinh = unary("sinh", (x) =>
  mirrored(x, (a) => {
    const e = exponentialMinus1(a);
    return product(0.5, total(e, quotient(e, total(e, 1))));
  }),
);
/** (eˣ + e⁻ˣ)/2 */
export const cosh = unary("cosh", (x) => product(0.5, total(own.exponential(x), own.exponential(own.negative(x)))));
/** ln(|x| + √(x² + 1)) with the sign of x. */
export const arcsinh = unary("arcsinh", (x) =>
  mirrored(x, (a) => {
    const square = squareOf(a);
    return logPlus1(total(a, quotient(square, total(1, own.squareRoot(total(square, 1))))));
  }),
);
/** ln(x + √(x² − 1)) for x ≥ 1. */
export const arccosh = unary("arccosh", (x) => {
  const d = difference(x, 1);
  return logPlus1(total(d, own.squareRoot(product(d, total(d, 2)))));
});
/** ½·ln((1 + x)/(1 − x)) */
export const arctanh = unary("arctanh", (x) => product(0.5, difference(logPlus1(x), logPlus1(own.negative(x)))));
/** sin(πx)/(πx), and 1 at 0. */
export const sinc = unary("sinc", (x) => {
  const none = own.equal(x, 0);
  const angle = product(Math.PI, choose(none, 1, x));
  return choose(none, 1, quotient(own.sine(angle), angle));
});
/** Degrees as radians. */
export const deg2rad = unary("deg2rad", (x) => product(Math.PI / 180, x));
/** Radians as degrees. */
export const rad2deg = unary("rad2deg", (x) => product(180 / Math.PI, x));

// ---- inverse ------------------------------------------------------------------------------------------------------

/** The angle whose tangent is x, for 0 ≤ x ≤ 1: by its series, from π/4 on where x lies above tan(π/8). */
function arctanToOne(x: Tensor): Tensor {
  const isUpper = own.greater(x, Math.tan(Math.PI / 8));
  const u = choose(isUpper, quotient(difference(x, 1), total(x, 1)), x);
  // |u| ≤ 0.415: what follows the ninth term is below 1e-9.
  const series = polynomial(squareOf(u), [1, -1 / 3, 1 / 5, -1 / 7, 1 / 9, -1 / 11, 1 / 13, -1 / 15, 1 / 17]);
  return total(choose(isUpper, Math.PI / 4, 0), product(u, series));
}

/** The angle of the point (x, y), from −π to π. */
function angleOf(y: Tensor, x: Tensor): Tensor {
  // Not `absolute`, whose gradient at 0 is 0.
  const [isBelow, isLeft] = [isMinus(y), isMinus(x)];
  const size = (z: Tensor, isNegative: Tensor): Tensor => choose(isNegative, own.negative(z), z);
  const [height, width] = [size(y, isBelow), size(x, isLeft)];
  const isSteep = own.greater(height, width);
  const [small, large] = [choose(isSteep, width, height), choose(isSteep, height, width)];
  const isEndless = own.equal(small, Number.POSITIVE_INFINITY);
  const isNowhere = own.equal(large, 0);
  const ratio = quotient(choose(isEndless, 1, small), choose(isEndless, 1, choose(isNowhere, 1, large)));
  const octant = arctanToOne(ratio);
  const quadrant = choose(isSteep, difference(Math.PI / 2, octant), octant);
  const half = choose(isLeft, difference(Math.PI, quadrant), quadrant);
  return choose(isBelow, own.negative(half), half);
}

/** The angle in radians whose tangent is x, from −π/2 to π/2. */
export const arctan = unary("arctan", (x) =>
  mirrored(x, (a) => {
    const isSteep = own.greater(a, 1);
    const angle = arctanToOne(choose(isSteep, quotient(1, choose(isSteep, a, 1)), a));
    return choose(isSteep, difference(Math.PI / 2, angle), angle);
  }),
);
/** The angle in radians of the point (x2, x1), from −π to π: x1 is its height. */
export const arctan2 = binary("arctan2", (x1, x2) => {
  const [y, x] = aligned("arctan2", [x1, x2]);
  return angleOf(y, x);
});

/** The other side of a right triangle of which the longest is 1 and one is x. */
const otherSide = (x: Tensor): Tensor => own.squareRoot(product(difference(1, x), total(1, x)));
const withinOne = (x: Tensor, angle: Tensor): Tensor => choose(own.greater(own.absolute(x), 1), Number.NaN, angle);
/** The angle in radians whose sine is x, from −π/2 to π/2; NaN beyond ±1. */
export const arcsin = unary("arcsin", (x) => withinOne(x, angleOf(x, otherSide(x))));
/** The angle in radians whose cosine is x, from 0 to π; NaN beyond ±1. */
export const arccos = unary("arccos", (x) => withinOne(x, angleOf(otherSide(x), x)));
