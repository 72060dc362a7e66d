/**
 * Scalar expressions as SIMD instructions, four lanes at a time.
 *
 * exp, log, tanh, erf and what is made of them are polynomials over plain float32 arithmetic, multiply then add, so
 * that every engine gives the same bits. Errors are those of the classic single-precision Cephes forms, 1 to 2 units in
 * the last place.
 */
import type { BinaryName, UnaryName } from "../../expr/expr.ts";
import { type Expr, type Func, f32x4, i32x4, Local, local, type Statement, v128 } from "./assembler.ts";

export type Vector = Expr<"v128"> | Local<"v128">;

/** Where the code of one expression goes: statements before it, and locals for values that are used twice. */
export interface Target {
  readonly func: Func;
  readonly statements: Statement[];
}

/** Computes a value once and gives the local that holds it. */
export function keep(target: Target, value: Vector): Local<"v128"> {
  if (value instanceof Local) return value;
  const l = target.func.local("v128");
  target.statements.push(local.set(l, value));
  return l;
}

const c = (x: number): Expr<"v128"> => f32x4.const(x);

/** Horner's scheme, highest power first. */
const polynomial = (x: Local<"v128">, coefficients: readonly number[]): Expr<"v128"> =>
  coefficients.slice(1).reduce<Expr<"v128">>((sum, k) => f32x4.add(f32x4.mul(sum, x), c(k)), c(coefficients[0]));

const absolute = (x: Vector): Expr<"v128"> => f32x4.abs(x);

/** Added to a number below 2^22, it leaves the nearest whole number in the low bits. */
const ROUNDING = 1.5 * 2 ** 23;
const ROUNDING_BITS = 0x4b400000;

/** e^x as 2^n · e^r with |r| ≤ ln 2 / 2: the whole numbers n, and e^r. */
function splitExp(t: Target, x: Local<"v128">): { n: Local<"v128">; e: Expr<"v128"> } {
  const rounded = keep(t, f32x4.add(f32x4.mul(x, c(Math.LOG2E)), c(ROUNDING)));
  const n = keep(t, f32x4.sub(rounded, c(ROUNDING)));
  const r = keep(t, f32x4.sub(f32x4.sub(x, f32x4.mul(n, c(0.693359375))), f32x4.mul(n, c(-2.1219444e-4))));
  const p = polynomial(r, [1.98756915e-4, 1.398199951e-3, 8.333451907e-3, 4.166579589e-2, 0.1666666546, 0.5]);
  const e = f32x4.add(f32x4.add(f32x4.mul(p, f32x4.mul(r, r)), r), c(1));
  return { n: keep(t, i32x4.sub(rounded, i32x4.const(ROUNDING_BITS))), e };
}

const powerOfTwo = (k: Vector): Expr<"v128"> => i32x4.shl(i32x4.add(k, i32x4.const(127)), 23);

/** e^x for x clamped to [−87.3, 88.7]. */
function exp(t: Target, x: Vector): Expr<"v128"> {
  const { n, e } = splitExp(t, keep(t, f32x4.pmin(f32x4.pmax(x, c(-87.33654)), c(88.72283))));
  // 2^n in two halves, so that n = 128 does not overflow the exponent.
  const half = keep(t, i32x4.shrS(n, 1));
  return f32x4.mul(f32x4.mul(e, powerOfTwo(half)), powerOfTwo(i32x4.sub(n, half)));
}

/** e^−|x|, for x clamped to ±87.3: no half of the powers of two can overflow. */
function expOfMinusAbsolute(t: Target, x: Local<"v128">): Expr<"v128"> {
  const { n, e } = splitExp(t, keep(t, f32x4.pmax(f32x4.neg(absolute(x)), c(-87.33654))));
  return f32x4.mul(e, powerOfTwo(n));
}

/** The natural logarithm; −∞ at 0, NaN below. */
function log(t: Target, x: Vector): Expr<"v128"> {
  const v = keep(t, x);
  const bits = keep(t, f32x4.max(v, c(1.17549435e-38)));
  const exponent = i32x4.sub(i32x4.shrU(bits, 23), i32x4.const(126));
  const mantissa = v128.or(v128.and(bits, i32x4.const(0x007fffff)), i32x4.const(0x3f000000));
  const m = keep(t, mantissa);
  const small = keep(t, f32x4.lt(m, c(Math.SQRT1_2)));
  const e = keep(t, f32x4.sub(f32x4.convertI32x4S(exponent), v128.and(small, c(1))));
  const y = keep(t, f32x4.add(f32x4.sub(m, c(1)), v128.and(small, m)));
  const z = keep(t, f32x4.mul(y, y));
  const p = polynomial(
    y,
    [
      7.0376836292e-2, -1.151461031e-1, 1.167699874e-1, -1.2420140846e-1, 1.4249322787e-1, -1.6668057665e-1,
      2.0000714765e-1, -2.4999993993e-1, 3.3333331174e-1,
    ],
  );
  const tail = f32x4.add(f32x4.mul(f32x4.mul(p, y), z), f32x4.mul(e, c(-2.1219444e-4)));
  const value = f32x4.add(f32x4.add(f32x4.sub(tail, f32x4.mul(z, c(0.5))), y), f32x4.mul(e, c(0.693359375)));
  const finite = v128.bitselect(value, v, f32x4.lt(v, c(Number.POSITIVE_INFINITY)));
  const positive = v128.bitselect(finite, c(Number.NEGATIVE_INFINITY), f32x4.gt(v, c(0)));
  return v128.bitselect(positive, c(Number.NaN), f32x4.ge(v, c(0)));
}

/** 1 / (1 + e^−|x|), mirrored: no overflow on either side. */
function sigmoid(t: Target, x: Vector): Expr<"v128"> {
  const v = keep(t, x);
  const e = keep(t, expOfMinusAbsolute(t, v));
  const top = v128.bitselect(c(1), e, f32x4.ge(v, c(0)));
  return f32x4.div(top, f32x4.add(c(1), e));
}

/** max(x, 0) + ln(1 + e^−|x|), with ln(1 + e) = 2 artanh(e / (2 + e)). */
function softplus(t: Target, x: Vector): Expr<"v128"> {
  const v = keep(t, x);
  const e = keep(t, expOfMinusAbsolute(t, v));
  const r = keep(t, f32x4.div(e, f32x4.add(e, c(2))));
  const s = keep(t, f32x4.mul(r, r));
  const series = polynomial(s, [1 / 13, 1 / 11, 1 / 9, 1 / 7, 1 / 5, 1 / 3, 1]);
  return f32x4.add(f32x4.pmax(v, c(0)), f32x4.mul(f32x4.add(r, r), series));
}

/**
 * sin(x + quarters·π/2) by quadrants: Cody and Waite's reduction, good for |x| up to about 8000, then the polynomials of
 * sine and cosine on [−π/4, π/4].
 */
function sineFrom(quarters: 0 | 1) {
  return (t: Target, x: Vector): Expr<"v128"> => {
    const v = keep(t, x);
    const n = keep(t, f32x4.nearest(f32x4.mul(v, c(2 / Math.PI))));
    const steps = [1.5703125, 4.837512969970703e-4, 7.54978995489188e-8];
    const r = keep(
      t,
      steps.reduce<Expr<"v128">>((rest, part) => f32x4.sub(rest, f32x4.mul(n, c(part))), v.read),
    );
    const z = keep(t, f32x4.mul(r, r));
    const sinP = polynomial(z, [-1.9515295891e-4, 8.3321608736e-3, -1.6666654611e-1]);
    const sin = f32x4.add(f32x4.mul(f32x4.mul(sinP, z), r), r);
    const cosP = polynomial(z, [2.443315711809948e-5, -1.388731625493765e-3, 4.166664568298827e-2]);
    const cos = f32x4.add(f32x4.sub(f32x4.mul(f32x4.mul(cosP, z), z), f32x4.mul(z, c(0.5))), c(1));
    const quadrant = keep(t, i32x4.add(i32x4.truncSatF32x4S(n), i32x4.const(quarters)));
    const odd = i32x4.eq(v128.and(quadrant, i32x4.const(1)), i32x4.const(1));
    const negative = i32x4.shl(v128.and(quadrant, i32x4.const(2)), 30);
    return v128.xor(v128.bitselect(cos, sin, odd), negative);
  };
}

/** The first word of Threefry-2x32 (20 rounds) as a number in [0, 1), for operands that are whole numbers in float32. */
export function randomCode(
  t: Target,
  key: readonly [number, number],
  step: Vector,
  sample: Vector,
  cell: Vector,
): Expr<"v128"> {
  const whole = (x: Vector) => i32x4.truncSatF32x4U(x);
  const word = (x: number) => i32x4.const(x | 0);
  const k0 = word(key[0]);
  const k1 = keep(t, i32x4.add(word(key[1]), whole(step)));
  const k2 = keep(t, v128.xor(v128.xor(k0, k1), word(0x1bd11bda)));
  const keys: Vector[] = [k0, k1, k2];
  let a = keep(t, i32x4.add(whole(sample), k0));
  let b = keep(t, i32x4.add(whole(cell), k1));
  const rotations = [13, 15, 26, 6, 17, 29, 16, 24];
  for (let round = 0; round < 20; round++) {
    const r = rotations[round % 8];
    a = keep(t, i32x4.add(a, b));
    b = keep(t, v128.xor(v128.or(i32x4.shl(b, r), i32x4.shrU(b, 32 - r)), a));
    if (round % 4 === 3) {
      const turn = (round + 1) / 4;
      a = keep(t, i32x4.add(a, keys[turn % 3]));
      b = keep(t, i32x4.add(i32x4.add(b, keys[(turn + 1) % 3]), word(turn)));
    }
  }
  return f32x4.mul(f32x4.convertI32x4S(i32x4.shrU(a, 8)), c(2 ** -24));
}

function tanh(t: Target, x: Vector): Expr<"v128"> {
  const v = keep(t, x);
  const a = keep(t, absolute(v));
  const z = keep(t, f32x4.mul(v, v));
  const p = polynomial(
    z,
    [-5.70498872745e-3, 2.06390887954e-2, -5.37397155531e-2, 1.33314422036e-1, -3.33332819422e-1],
  );
  const near = f32x4.add(f32x4.mul(f32x4.mul(p, z), v), v);
  const e = keep(t, exp(t, f32x4.add(a, a)));
  const far = f32x4.sub(c(1), f32x4.div(c(2), f32x4.add(e, c(1))));
  const signed = v128.or(far, v128.and(v, i32x4.const(-0x80000000)));
  return v128.bitselect(near, signed, f32x4.lt(a, c(0.625)));
}

/** The error function: its series up to 1, and 1 − e^(−x²)·P(1/x-like) beyond (Abramowitz & Stegun 7.1.28 is too coarse). */
function erf(t: Target, x: Vector): Expr<"v128"> {
  const v = keep(t, x);
  const a = keep(t, f32x4.min(absolute(v), c(4)));
  const z = keep(t, f32x4.mul(a, a));
  // Series 2/√π Σ (−1)ⁿ x²ⁿ⁺¹ / (n! (2n + 1)), good to 2e-8 up to 1.
  const series = polynomial(
    z,
    [
      -1.63658447e-7, 1.6462114366e-6, -1.4925650358e-5, 1.2055332982e-4, -8.5483270235e-4, 5.2239776254e-3,
      -2.6866170645e-2, 0.11283791671, -0.37612638903, 1.1283791671,
    ],
  );
  const near = f32x4.mul(series, a);
  // erfc(x) = τ·e^(−x² + p(τ)), τ = 1/(1 + x/2): W. J. Cody's form as in Numerical Recipes, relative error 1.2e-7.
  const tau = keep(t, f32x4.div(c(1), f32x4.add(c(1), f32x4.mul(a, c(0.5)))));
  const p = polynomial(
    tau,
    [
      0.17087277, -0.82215223, 1.48851587, -1.13520398, 0.27886807, -0.18628806, 0.09678418, 0.37409196, 1.00002368,
      -1.26551223,
    ],
  );
  const tail = f32x4.mul(tau, exp(t, f32x4.sub(p, z)));
  const far = f32x4.sub(c(1), tail);
  const size = v128.bitselect(near, far, f32x4.lt(a, c(1)));
  return v128.or(size, v128.and(v, i32x4.const(-0x80000000)));
}

const mask = (m: Expr<"v128">): Expr<"v128"> => v128.and(m, c(1));

export const unaryCode: Readonly<Record<UnaryName, (t: Target, x: Vector) => Expr<"v128">>> = {
  neg: (_, x) => f32x4.neg(x),
  abs: (_, x) => f32x4.abs(x),
  sqrt: (_, x) => f32x4.sqrt(x),
  exp,
  log,
  tanh,
  sin: sineFrom(0),
  cos: sineFrom(1),
  sigmoid,
  softplus,
  erf,
  sign: (t, x) => {
    const v = keep(t, x);
    return f32x4.sub(mask(f32x4.gt(v, c(0))), mask(f32x4.lt(v, c(0))));
  },
  floor: (_, x) => f32x4.floor(x),
  round: (_, x) => f32x4.nearest(x),
};

/** All bits set where the comparison holds. */
export const compareCode = {
  gt: (a: Vector, b: Vector): Expr<"v128"> => f32x4.gt(a, b),
  ge: (a: Vector, b: Vector): Expr<"v128"> => f32x4.ge(a, b),
  eq: (a: Vector, b: Vector): Expr<"v128"> => f32x4.eq(a, b),
} as const;

export const binaryCode: Readonly<Record<BinaryName, (a: Vector, b: Vector) => Expr<"v128">>> = {
  add: (a, b) => f32x4.add(a, b),
  sub: (a, b) => f32x4.sub(a, b),
  mul: (a, b) => f32x4.mul(a, b),
  div: (a, b) => f32x4.div(a, b),
  max: (a, b) => f32x4.max(a, b),
  min: (a, b) => f32x4.min(a, b),
  gt: (a, b) => mask(compareCode.gt(a, b)),
  ge: (a, b) => mask(compareCode.ge(a, b)),
  eq: (a, b) => mask(compareCode.eq(a, b)),
};
