/** What functions that are computed by series have in common: signs, polynomials, and the logarithm near 1. */
import type { Tensor } from "../graph/tensor.ts";
import * as own from "../ops/index.ts";

const { divide: quotient, multiply: product, add: total, where: choose } = own;

/** x² */
export const squareOf = (x: Tensor): Tensor => product(x, x);

/** 1 where the sign is minus, also that of −0. */
export const isMinus = (x: Tensor): Tensor => own.greater(0, choose(own.equal(x, 0), quotient(1, x), x));

/** Σ coefficients[k]·xᵏ */
export const polynomial = (x: Tensor, coefficients: readonly number[]): Tensor =>
  coefficients
    .slice(0, -1)
    .reduceRight<Tensor>(
      (sum, c) => own.add(own.multiply(sum, x), c),
      own.fill(coefficients[coefficients.length - 1], []),
    );

/** An odd function from what it is for x ≥ 0: f(−x) = −f(x). At 0 it has the slope of `f`. */
export function mirrored(x: Tensor, f: (size: Tensor) => Tensor): Tensor {
  const isNegative = own.greater(0, x);
  const y = f(own.where(isNegative, own.negative(x), x));
  return own.where(isNegative, own.negative(y), y);
}

/** ln(1 + x), exact near 0: 2·artanh(x / (2 + x)) by its series there. */
export function logPlus1(x: Tensor): Tensor {
  const near = own.greater(0.25, own.absolute(x));
  const inside = choose(near, x, 0);
  const s = quotient(inside, total(2, inside));
  const z = squareOf(s);
  // |s| ≤ 0.143: six terms are good to 1e-11.
  const series = polynomial(z, [1 / 3, 1 / 5, 1 / 7, 1 / 9, 1 / 11, 1 / 13]);
  const small = product(product(2, s), total(1, product(z, series)));
  return choose(near, small, own.logarithm(total(1, choose(near, 0, x))));
}
