/** Functions of every number by itself, and of pairs of them. Shapes are matched as NumPy does it; the batch is axis 0. */
import { argumentError } from "../core/errors.ts";
import type { Tensor } from "../graph/tensor.ts";
import { clip as clipTensor, exponentialMinus1 } from "../layers/activations.ts";
import * as own from "../ops/index.ts";
import { aligned } from "./axes.ts";
import { binary, ternary, unary } from "./define.ts";
import { isMinus, logPlus1, squareOf } from "./series.ts";

const { divide: quotient, multiply: product, subtract: difference, add: total, where: choose } = own;

/** A function of two tensors that are matched first. */
const cells = (name: string, f: (a: Tensor, b: Tensor) => Tensor) =>
  binary(name, (x1, x2) => {
    const [a, b] = aligned(name, [x1, x2]);
    return f(a, b);
  });

// ---- arithmetic ---------------------------------------------------------------------------------------------------

/** x1 + x2 */
export const add = cells("add", own.add);
/** x1 − x2 */
export const subtract = cells("subtract", own.subtract);
/** x1 · x2 */
export const multiply = cells("multiply", own.multiply);
/** x1 / x2 */
export const divide = cells("divide", own.divide);
/** `divide` by its name in NumPy. */
export const trueDivide = divide;
/** x1 / x2, and 0 where x2 is 0. */
export const divideNoNan = cells("divideNoNan", (a, b) => {
  const none = own.equal(b, 0);
  return choose(none, 0, quotient(a, choose(none, 1, b)));
});
/** ⌊x1 / x2⌋ */
export const floorDivide = cells("floorDivide", (a, b) => own.floor(quotient(a, b)));
/** x1 − x2·⌊x1 / x2⌋: the remainder with the sign of x2. */
export const mod = cells("mod", (a, b) => difference(a, product(b, own.floor(quotient(a, b)))));
/** The remainder with the sign of x1. */
export const fmod = cells("fmod", (a, b) => difference(a, product(b, toZero(quotient(a, b)))));
/** The larger one; on a tie the gradient is x1's. */
export const maximum = cells("maximum", own.maximum);
/** The smaller one; on a tie the gradient is x1's. */
export const minimum = cells("minimum", own.minimum);
/** The larger of both; a number where the other is NaN. */
export const fmax = cells("fmax", (a, b) => choose(isNumber(a), choose(isNumber(b), own.maximum(a, b), a), b));
/** The smaller of both; a number where the other is NaN. */
export const fmin = cells("fmin", (a, b) => choose(isNumber(a), choose(isNumber(b), own.minimum(a, b), a), b));
/** √(x1² + x2²), without overflow. */
export const hypot = cells("hypot", (a, b) => {
  const [x, y] = [own.absolute(a), own.absolute(b)];
  const large = own.maximum(x, y);
  const safe = choose(own.greater(large, 0), large, 1);
  const ratio = quotient(own.minimum(x, y), safe);
  return product(large, own.squareRoot(total(1, product(ratio, ratio))));
});
/** ln(eˣ¹ + eˣ²), without overflow. */
export const logaddexp = cells("logaddexp", (a, b) => {
  const gap = own.negative(own.absolute(difference(a, b)));
  return total(own.maximum(a, b), own.softplus(gap));
});
/** log₂(2ˣ¹ + 2ˣ²) */
export const logaddexp2 = cells("logaddexp2", (a, b) => {
  const gap = product(-Math.LN2, own.absolute(difference(a, b)));
  return total(own.maximum(a, b), product(1 / Math.LN2, own.softplus(gap)));
});
/** 0 below 0, x2 at 0, 1 above. */
export const heaviside = cells("heaviside", (a, b) => choose(own.equal(a, 0), b, own.greater(a, 0)));
/** x1·2^x2 */
export const ldexp = cells("ldexp", (a, b) => product(a, own.exponential(product(Math.LN2, b))));

// ---- powers and logarithms ----------------------------------------------------------------------------------------

/** xⁿ as products. */
function wholePower(x: Tensor, n: number): Tensor {
  let result: Tensor | undefined;
  for (let square = x, rest = Math.abs(n); rest > 0; rest = Math.floor(rest / 2)) {
    if (rest % 2 === 1) result = result === undefined ? square : product(result, square);
    if (rest > 1) square = squareOf(square);
  }
  if (result === undefined) return own.broadcastTo(own.fill(1, []), x.shape);
  return n < 0 ? quotient(1, result) : result;
}

/**
 * xʸ for tensors. The size comes from e^(y·ln|x|) and the sign from whether a whole y is odd; a broken power of a negative
 * number is NaN. Of ln 0 no gradient comes.
 */
function generalPower(x: Tensor, y: Tensor): Tensor {
  const atZero = own.equal(x, 0);
  const size = own.exponential(product(y, own.logarithm(choose(atZero, 1, own.absolute(x)))));
  const half = product(y, 0.5);
  const isWhole = own.equal(own.floor(y), y);
  const isOdd = choose(own.equal(own.floor(half), half), 1, -1);
  const sign = choose(own.greater(0, x), choose(isWhole, isOdd, Number.NaN), 1);
  const ofZero = choose(own.equal(y, 0), 1, choose(own.greater(y, 0), 0, Number.POSITIVE_INFINITY));
  return choose(atZero, ofZero, product(size, sign));
}

const MOST_FACTORS = 64;

/** x1 to the power x2. Powers that are whole numbers (up to 64) and halves are products and roots. */
export const power = binary("power", (x1, x2) => {
  const [x, y] = aligned("power", [x1, x2]);
  const n = y.shape.length === 0 ? (y.attributes.value as number | undefined) : undefined;
  if (n === 0.5) return own.squareRoot(x);
  if (n === -0.5) return quotient(1, own.squareRoot(x));
  if (n === 0) return own.broadcastTo(own.add(product(own.stopGradient(x), 0), 1), x.shape);
  if (Number.isInteger(n) && Math.abs(n as number) <= MOST_FACTORS) return wholePower(x, n as number);
  return generalPower(x, y);
});
/** x² */
export const square = unary("square", squareOf);
/** √x */
export const sqrt = unary("sqrt", own.squareRoot);
/** 1/√x */
export const rsqrt = unary("rsqrt", (x) => quotient(1, own.squareRoot(x)));
/** ∛x */
export const cbrt = unary("cbrt", (x) => {
  const none = own.equal(x, 0);
  const root = own.exponential(product(1 / 3, own.logarithm(choose(none, 1, own.absolute(x)))));
  // One step of Newton's brings the last bits.
  const better = difference(root, quotient(difference(root, quotient(own.absolute(x), squareOf(root))), 3));
  return choose(none, 0, product(own.sign(x), better));
});
/** 1/x */
export const reciprocal = unary("reciprocal", (x) => quotient(1, x));
/** eˣ */
export const exp = unary("exp", own.exponential);
/** 2ˣ */
export const exp2 = unary("exp2", (x) => own.exponential(product(Math.LN2, x)));
/** eˣ − 1, exact near 0. */
export const expm1 = unary("expm1", exponentialMinus1);
/** ln x */
export const log = unary("log", own.logarithm);
/** log₂ x */
export const log2 = unary("log2", (x) => product(1 / Math.LN2, own.logarithm(x)));
/** log₁₀ x */
export const log10 = unary("log10", (x) => product(1 / Math.LN10, own.logarithm(x)));

/** ln(1 + x), exact near 0. */
export const log1p = unary("log1p", logPlus1);

// ---- signs and whole numbers --------------------------------------------------------------------------------------

/** Towards 0. */
const toZero = (x: Tensor): Tensor => product(own.sign(x), own.floor(own.absolute(x)));

/** −x. */
export const negative = unary("negative", own.negative);
/** The size of x; its gradient at 0 is 0. */
export const absolute = unary("absolute", own.absolute);
/** |x|. */
export const abs = absolute;
/** |x|. */
export const fabs = absolute;
/** −1, 0 or 1. */
export const sign = unary("sign", own.sign);
/** The largest whole number that is not above x; no gradient. */
export const floor = unary("floor", own.floor);
/** The smallest whole number that is not below x; no gradient. */
export const ceil = unary("ceil", (x) => own.negative(own.floor(own.negative(x))));
/** x without what follows the point; no gradient. */
export const trunc = unary("trunc", toZero);
/** To the nearest whole number, or with so many `decimals` (0); halves to the even one. */
export const round = unary(
  "round",
  (x: Tensor, { decimals = 0 }: { readonly decimals?: number } = {}) => {
    if (!Number.isInteger(decimals)) {
      throw argumentError({ where: "ops.round", argument: "decimals", value: decimals, expected: "a whole number" });
    }
    if (decimals === 0) return own.round(x);
    // Powers of ten below 1 are no float32: divided by, they do no harm.
    const factor = 10 ** Math.abs(decimals);
    return decimals > 0
      ? quotient(own.round(product(x, factor)), factor)
      : product(own.round(quotient(x, factor)), factor);
  },
  ["decimals"],
);
/** 1 where the sign is minus, also that of −0. */
export const signbit = unary("signbit", isMinus);

// ---- limits, choices, special values ------------------------------------------------------------------------------

const isNumber = (x: Tensor): Tensor => own.equal(x, x);

/** `x` limited to [xMin, xMax]; on the bounds the gradient is 1. */
export const clip = ternary("clip", (x, low, high) => {
  const [a, b, c] = aligned("clip", [x, low, high]);
  return clipTensor(a, b, c);
});
/** x1 where the condition is not 0, else x2. */
export const where = ternary("where", (condition, x1, x2) => {
  const [c, a, b] = aligned("where", [condition, x1, x2]);
  return choose(c, a, b);
});
/** NaN as `nan` (0), ±∞ as `posinf` and `neginf` (the largest and smallest float32). */
export const nanToNum = unary(
  "nanToNum",
  (
    x: Tensor,
    {
      nan = 0,
      posinf = null,
      neginf = null,
    }: { readonly nan?: number; readonly posinf?: number | null; readonly neginf?: number | null } = {},
  ) => {
    const most = 3.4028234663852886e38;
    const finite = choose(
      own.equal(x, Number.POSITIVE_INFINITY),
      posinf ?? most,
      choose(own.equal(x, Number.NEGATIVE_INFINITY), neginf ?? -most, x),
    );
    return choose(isNumber(x), finite, nan);
  },
  ["nan", "posinf", "neginf"],
);
/** The value, without a gradient. */
export const stopGradient = unary("stopGradient", own.stopGradient);

type Kind = "float32" | "int32" | "uint8" | "bool";

function castTo(where: string, x: Tensor, dtype: Kind): Tensor {
  switch (dtype) {
    case "float32":
      return x;
    case "int32":
    case "uint8":
      return toZero(x);
    case "bool":
      return difference(1, own.equal(x, 0));
    default:
      throw argumentError({
        where: `ops.${where}`,
        argument: "dtype",
        value: dtype,
        expected: '"float32", "int32", "uint8" or "bool"; numbers stay float32 and are made whole, or 0 and 1',
      });
  }
}

/** Numbers kept as they are; those of other kinds are float32 here, too. */
export const cast = unary("cast", (x: Tensor, dtype: Kind) => castTo("cast", x, dtype));
/** As `cast`, limited to what the kind can hold: 0 to 255 for "uint8". */
export const saturateCast = unary("saturateCast", (x: Tensor, dtype: Kind) => {
  // The largest float32 below 2³¹.
  const limits = { bool: [0, 1], uint8: [0, 255], int32: [-(2 ** 31), 2 ** 31 - 128] } as const;
  const [low, high] = limits[dtype as keyof typeof limits] ?? [];
  return castTo("saturateCast", low === undefined ? x : clipTensor(x, low, high), dtype);
});

// ---- parts of complex numbers -------------------------------------------------------------------------------------

/** The real part: x, every number being real. */
export const real = unary("real", (x) => own.identity(x));
/** The imaginary part: 0, every number being real. */
export const imag = unary("imag", (x) => product(own.stopGradient(x), 0));
/** x, every number being real. */
export const conj = unary("conj", (x) => own.identity(x));
/** `conj` by its long name. */
export const conjugate = conj;
/** 0, and π for numbers below 0: the angle of a real number. */
export const angle = unary("angle", (x) => product(Math.PI, own.greater(0, x)));
/** 1, every number being real. */
export const isreal = unary("isreal", (x) => own.equal(x, x));
