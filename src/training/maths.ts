/**
 * Functions of numbers that come out the same on every engine, which `Math.pow` and `Math.cos` need not: only operations
 * that IEEE 754 fixes to the last bit. Good to about 1e-14, which float32 never sees.
 */

/** `base` to a whole power `n` ≥ 0. */
export function wholePower(base: number, n: number): number {
  let result = 1;
  let square = base;
  for (let rest = n; rest > 0; rest = Math.floor(rest / 2)) {
    if (rest % 2 === 1) result *= square;
    square *= square;
  }
  return result;
}

/** The natural logarithm of a number ≥ 0. */
export function logarithm(x: number): number {
  if (!(x > 0)) return x === 0 ? Number.NEGATIVE_INFINITY : Number.NaN;
  if (x === Number.POSITIVE_INFINITY) return x;
  let mantissa = x;
  let exponent = 0;
  for (; mantissa > Math.SQRT2; exponent++) mantissa /= 2;
  for (; mantissa < Math.SQRT1_2; exponent--) mantissa *= 2;
  // ln m = 2·artanh(s) = 2·(s + s³/3 + s⁵/5 + …) with |s| ≤ 0.172.
  const s = (mantissa - 1) / (mantissa + 1);
  const z = s * s;
  let sum = 0;
  for (let k = 21; k >= 1; k -= 2) sum = sum * z + 1 / k;
  return 2 * s * sum + exponent * Math.LN2;
}

function exponential(x: number): number {
  if (!(x > -746)) return Number.isNaN(x) ? x : 0;
  if (x > 710) return Number.POSITIVE_INFINITY;
  // eˣ = 2ⁿ·eʳ with |r| ≤ ln 2 / 2.
  const n = Math.floor(x / Math.LN2 + 0.5);
  const r = x - n * Math.LN2;
  let sum = 1;
  for (let k = 18; k >= 1; k--) sum = 1 + (sum * r) / k;
  const half = Math.floor(n / 2);
  return sum * twoTo(half) * twoTo(n - half);
}

/** 2ⁿ. */
const twoTo = (n: number): number => (n < 0 ? 1 / wholePower(2, -n) : wholePower(2, n));

/** `base` ≥ 0 to any power. */
export function power(base: number, exponent: number): number {
  if (exponent === 0 || base === 1) return 1;
  if (Number.isInteger(exponent)) return exponent > 0 ? wholePower(base, exponent) : 1 / wholePower(base, -exponent);
  return exponential(exponent * logarithm(base));
}

/** The cosine of π·`x`, for any `x`. */
export function cosineOfPi(x: number): number {
  const turn = Math.abs(x) % 2;
  const folded = turn > 1 ? 2 - turn : turn;
  // cos πx = −cos π(1 − x): an angle of at most π/2.
  const [sign, angle] = folded > 0.5 ? [-1, (1 - folded) * Math.PI] : [1, folded * Math.PI];
  const z = angle * angle;
  let sum = 1;
  for (let k = 22; k >= 2; k -= 2) sum = 1 - (z / (k * (k - 1))) * sum;
  return sign * sum;
}
