/** The error function and its relatives, and the Bessel function that windows are made of. */
import * as own from "../ops/index.ts";
import { unary } from "./define.ts";
import { mirrored, polynomial, squareOf } from "./series.ts";

const { divide: quotient, multiply: product, subtract: difference, add: total, where: choose } = own;

/** The error function, 2/√π·∫₀ˣ e^(−t²) dt. */
export const erf = unary("erf", own.erf);

/** 1 − erf(x), exact also where erf is near 1. */
export const erfc = unary("erfc", (x) => {
  const isNegative = own.greater(0, x);
  const z = choose(isNegative, own.negative(x), x);
  const t = quotient(1, total(1, product(0.5, z)));
  // ln(erfc(z)/t) + z² by least squares, good to 5e-8.
  const exponent = polynomial(
    t,
    [
      -1.26554701, 1.00106236, 0.361106315, 0.186103686, -0.561817758, 1.29318864, -2.92956705, 3.55461591, -2.31277636,
      0.782505217, -0.10887391,
    ],
  );
  const upper = product(t, own.exponential(difference(exponent, squareOf(z))));
  return choose(isNegative, difference(2, upper), upper);
});

/** The number whose error function is x, for −1 to 1 (M. Giles, Approximating the erfinv function, 2010). */
export const erfinv = unary("erfinv", (x) =>
  mirrored(x, (a) => {
    const isEnd = own.equal(a, 1);
    const inside = choose(isEnd, 0, a);
    const w = own.negative(own.logarithm(product(difference(1, inside), total(1, inside))));
    const isNear = own.greater(5, w);
    const near = polynomial(
      difference(choose(isNear, w, 0), 2.5),
      [
        1.50140941, 0.246640727, -0.00417768164, -0.00125372503, 0.00021858087, -4.39150654e-6, -3.5233877e-6,
        3.43273939e-7, 2.81022636e-8,
      ],
    );
    const far = polynomial(
      difference(own.squareRoot(choose(isNear, 5, w)), 3),
      [
        2.83297682, 1.00167406, 0.00943887047, -0.0076224613, 0.00573950773, -0.00367342844, 0.00134934322,
        0.000100950558, -0.000200214257,
      ],
    );
    return choose(isEnd, Number.POSITIVE_INFINITY, product(inside, choose(isNear, near, far)));
  }),
);

/** The modified Bessel function of the first kind and order 0 (Abramowitz and Stegun, 9.8.1 and 9.8.2). */
export const i0 = unary("i0", (x) => {
  const a = own.absolute(x);
  const isNear = own.greater(3.75, a);
  const near = polynomial(
    squareOf(quotient(choose(isNear, x, 0), 3.75)),
    [1, 3.5156229, 3.0899424, 1.2067492, 0.2659732, 0.0360768, 0.0045813],
  );
  const large = choose(isNear, 3.75, a);
  const far = polynomial(
    quotient(3.75, large),
    [0.39894228, 0.01328592, 0.00225319, -0.00157565, 0.00916281, -0.02057706, 0.02635537, -0.01647633, 0.00392377],
  );
  return choose(isNear, near, quotient(product(far, own.exponential(large)), own.squareRoot(large)));
});
