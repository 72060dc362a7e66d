/** Classes as zeros and ones, cross-entropies, normalisation, attention, and blocks of pictures. Axes are Keras'. */
import { sameShape, showShape } from "../core/array.ts";
import { argumentError, shapeError } from "../core/errors.ts";
import type { Tensor } from "../graph/tensor.ts";
import type { DataFormat } from "../layers/options.ts";
import * as own from "../ops/index.ts";
import { type Operand, toTensor } from "./arrays.ts";
import { type AxisLike, aligned, newAxis, ownAxes, ownAxis, rankOf, withOnes } from "./axes.ts";
import { binaryEach, classLogs, epsilon as smallest, softmax, sparseLogs } from "./crossentropy.ts";
import { binary, ternary, unary } from "./define.ts";
import { einsteinSum } from "./products.ts";
import { meanOf, normOf } from "./reduce.ts";

const { add, divide, multiply, subtract } = own;
const isGiven = (x: Operand | null | undefined): x is Operand => x !== undefined && x !== null;

const numbersTo = (n: number): Tensor =>
  own.constantTensor({ data: Float32Array.from({ length: n }, (_, i) => i), shape: [n] });

interface AxisOption {
  /** Default −1. */
  readonly axis?: number;
}

/** Class numbers as 0 and 1 on a new axis of `n`; what is no class is all 0. */
function classesOf(where: string, x: Tensor, n: number, axis: number): Tensor {
  if (!Number.isInteger(n) || n < 1) {
    throw argumentError({
      where: `ops.${where}`,
      argument: "numClasses",
      value: n,
      expected: "a whole number of at least 1",
    });
  }
  const at = newAxis(where, x, axis);
  const behind = x.shape.slice(at).map(() => 1);
  return own.equal(
    own.reshape(x, [...x.shape.slice(0, at), 1, ...x.shape.slice(at)]),
    own.reshape(numbersTo(n), [n, ...behind]),
  );
}

/** Class numbers as 0 and 1 over `numClasses`, on a new axis. */
export const oneHot = unary(
  "oneHot",
  (x: Tensor, numClasses: number, { axis = -1 }: AxisOption = {}) => classesOf("oneHot", x, numClasses, axis),
  ["axis"],
  1,
);
/** As `oneHot`, for the classes of a list on the first axis (the second, the batch being one): 1 where one of them stands. */
export const multiHot = unary(
  "multiHot",
  (inputs: Tensor, { numClasses, axis = -1 }: AxisOption & { readonly numClasses?: number } = {}) => {
    const y = classesOf("multiHot", inputs, numClasses as number, axis);
    return own.max(y, [ownAxis("multiHot", y, rankOf(inputs) > 1 ? 1 : 0)]);
  },
  ["numClasses", "axis"],
);

// ---- cross-entropies ----------------------------------------------------------------------------------------------

interface LogitsOption {
  /** Whether `output` is a logit and not a probability. Default false. */
  readonly fromLogits?: boolean;
}

function requireAlike(where: string, target: Tensor, output: Pick<Tensor, "shape" | "perSample">): void {
  if (sameShape(target.shape, output.shape) && target.perSample === output.perSample) return;
  throw shapeError({
    where: `ops.${where}`,
    got: `a target of shape ${showShape(target.shape, target.perSample)}`,
    expected: `${showShape(output.shape, output.perSample)}, the shape of the output`,
    fix: "Reshape one of them.",
  });
}

/** −t·ln p − (1 − t)·ln(1 − p) of every number; p is clipped to [1e-7, 1 − 1e-7]. */
export const binaryCrossentropy = binary(
  "binaryCrossentropy",
  (target: Tensor, output: Tensor, { fromLogits = false }: LogitsOption = {}) => {
    requireAlike("binaryCrossentropy", target, output);
    return binaryEach(target, output, fromLogits);
  },
  ["fromLogits"],
);
/** −Σ t·ln p along an axis; p is divided by its sum, then clipped. */
export const categoricalCrossentropy = binary(
  "categoricalCrossentropy",
  (target: Tensor, output: Tensor, { fromLogits = false, axis = -1 }: LogitsOption & AxisOption = {}) => {
    requireAlike("categoricalCrossentropy", target, output);
    const at = ownAxis("categoricalCrossentropy", output, axis);
    return own.negative(own.sum(multiply(target, classLogs(output, fromLogits, at)), [at]));
  },
  ["fromLogits", "axis"],
);
/** −ln p of the class that `target` names; the classes are on the last axis. */
export const sparseCategoricalCrossentropy = binary(
  "sparseCategoricalCrossentropy",
  (target: Tensor, output: Tensor, { fromLogits = false, axis = -1 }: LogitsOption & { readonly axis?: -1 } = {}) => {
    const where = "sparseCategoricalCrossentropy";
    const last = ownAxis(where, output, axis);
    const labels =
      target.shape.length === output.shape.length ? own.reshape(target, output.shape.slice(0, -1)) : target;
    requireAlike(where, labels, { shape: output.shape.slice(0, -1), perSample: output.perSample });
    const chosen = classesOf(where, labels, output.shape[last], -1);
    return own.negative(own.sum(multiply(chosen, sparseLogs(output, fromLogits)), [last]));
  },
  ["fromLogits", "axis"],
);

// ---- normalisation ------------------------------------------------------------------------------------------------

/** x divided by its length along axes, which is at least `epsilon` (1e-7). */
export const normalize = unary(
  "normalize",
  (
    x: Tensor,
    {
      axis = -1,
      order = 2,
      epsilon = null,
    }: { readonly axis?: AxisLike; readonly order?: number; readonly epsilon?: number | null } = {},
  ) => {
    if (!Number.isInteger(order) || order < 1) {
      throw argumentError({
        where: "ops.normalize",
        argument: "order",
        value: order,
        expected: "a whole number of at least 1",
      });
    }
    const least = epsilon ?? smallest;
    if (order === 2) {
      const squares = own.sum(multiply(x, x), ownAxes("normalize", x, axis), { keepDims: true });
      return divide(x, own.maximum(own.squareRoot(squares), least));
    }
    return divide(x, own.maximum(normOf(x, { ord: order, axis, keepdims: true }), least));
  },
  ["axis", "order", "epsilon"],
);

/** A weight in the rank of `x`: with 1 on the axes that it has not. */
function alongAxes(where: string, x: Tensor, weight: Operand, axes: readonly number[]): Tensor {
  const w = toTensor(where, weight);
  const isRow = !w.perSample && w.shape.length < x.shape.length && w.shape.length <= axes.length;
  const [, fitted] = aligned(where, [
    x,
    isRow
      ? own.reshape(
          w,
          x.shape.map((n, i) => (axes.includes(i) ? n : 1)),
        )
      : w,
  ]);
  return fitted;
}

interface NormalizationOptions {
  /** Default −1. */
  readonly axis?: number | readonly number[];
  /** Added to the variance; default 1e-7. */
  readonly epsilon?: number | null;
}

/** x / √(mean x² + ε), times `scale`. */
export const rmsNormalization = unary(
  "rmsNormalization",
  (
    x: Tensor,
    { scale = null, axis = -1, epsilon = null }: NormalizationOptions & { readonly scale?: Operand | null } = {},
  ) => {
    const where = "rmsNormalization";
    const axes = ownAxes(where, x, axis);
    const squares = meanOf(where, multiply(x, x), { axis, keepdims: true });
    const y = divide(x, own.squareRoot(add(squares, epsilon ?? smallest)));
    return isGiven(scale) ? multiply(y, alongAxes(where, x, scale, axes)) : y;
  },
  ["scale", "axis", "epsilon"],
);

/** (x − mean) / √(variance + ε), times `gamma`, plus `beta`. */
export const layerNormalization = unary(
  "layerNormalization",
  (
    x: Tensor,
    {
      gamma = null,
      beta = null,
      axis = -1,
      epsilon = null,
    }: NormalizationOptions & { readonly gamma?: Operand | null; readonly beta?: Operand | null } = {},
  ) => {
    const where = "layerNormalization";
    const axes = ownAxes(where, x, axis);
    const distance = subtract(x, meanOf(where, x, { axis, keepdims: true }));
    const variance = meanOf(where, multiply(distance, distance), { axis, keepdims: true });
    const y = divide(distance, own.squareRoot(add(variance, epsilon ?? smallest)));
    const scaled = isGiven(gamma) ? multiply(y, alongAxes(where, x, gamma, axes)) : y;
    return isGiven(beta) ? add(scaled, alongAxes(where, x, beta, axes)) : scaled;
  },
  ["gamma", "beta", "axis", "epsilon"],
);

/** (x − mean) / √(variance + ε), times `scale`, plus `offset`; each has a number for every place of `axis`. */
export const batchNormalization = ternary(
  "batchNormalization",
  (
    x: Tensor,
    mean: Tensor,
    variance: Tensor,
    axis: number,
    {
      offset = null,
      scale = null,
      epsilon = 1e-3,
    }: { readonly offset?: Operand | null; readonly scale?: Operand | null; readonly epsilon?: number } = {},
  ) => {
    const where = "batchNormalization";
    const at = ownAxis(where, x, axis);
    const along = (w: Operand): Tensor =>
      own.reshape(
        toTensor(where, w),
        withOnes(
          x.shape,
          x.shape.map((_, i) => i),
        ).with(at, x.shape[at]),
      );
    const y = divide(subtract(x, along(mean)), own.squareRoot(add(along(variance), epsilon)));
    const scaled = isGiven(scale) ? multiply(y, along(scale)) : y;
    return isGiven(offset) ? add(scaled, along(offset)) : scaled;
  },
  ["offset", "scale", "epsilon"],
  1,
);

/** 20·log₁₀ of the largest value minus 10·log₁₀ of the mean squared difference: how alike two pictures are, in decibels. */
export const psnr = binary("psnr", (x1: Tensor, x2: Tensor, maxVal: number) => {
  requireAlike("psnr", x1, x2);
  const gap = subtract(x1, x2);
  const error = meanOf("psnr", multiply(gap, gap), {});
  return subtract(20 * Math.log10(maxVal), multiply(10 / Math.LN10, own.logarithm(error)));
});

// ---- attention ----------------------------------------------------------------------------------------------------

/** Far below every logit: its softmax is 0. */
const never = -0.7 * 3.4028234663852886e38;

interface AttentionOptions {
  /** Added to the scores `[batch, heads, targets, sources]`. */
  readonly bias?: Operand | null;
  /** 0 where a source is not to be looked at, of the shape of the scores. */
  readonly mask?: Operand | null;
  /** What scores are multiplied by; 1/√(size of a head) unless given. */
  readonly scale?: number | null;
  /** Whether a target looks only at sources up to its own place. Default false. */
  readonly isCausal?: boolean;
}

/**
 * softmax(query · key · scale) · value for every head.
 *
 * @param query - `[batch, targets, heads, size]`; `key` and `value`: `[batch, sources, heads, size]`.
 */
export const dotProductAttention = ternary(
  "dotProductAttention",
  (
    query: Tensor,
    key: Tensor,
    value: Tensor,
    { bias = null, mask = null, scale = null, isCausal = false }: AttentionOptions = {},
  ) => {
    const where = "dotProductAttention";
    const size = key.shape[key.shape.length - 1];
    const products = multiply(einsteinSum("btnh,bsnh->bnts", [query, key]), scale ?? 1 / Math.sqrt(size));
    const withBias = isGiven(bias)
      ? add(...(aligned(where, [products, toTensor(where, bias)]) as [Tensor, Tensor]))
      : products;
    const last = withBias.shape.length - 1;
    const [targets, sources] = withBias.shape.slice(-2);
    let scores = withBias;
    if (isGiven(mask)) {
      const [s, m] = aligned(where, [scores, toTensor(where, mask)]);
      scores = own.where(m, s, never);
    }
    if (isCausal) {
      const data = Float32Array.from({ length: targets * sources }, (_, i) =>
        i % sources <= Math.floor(i / sources) ? 1 : 0,
      );
      scores = own.where(own.constantTensor({ data, shape: [targets, sources] }), scores, never);
    }
    return einsteinSum("bnts,bsnh->btnh", [softmax(scores, last), value]);
  },
  ["bias", "mask", "scale", "isCausal"],
);

// ---- blocks -------------------------------------------------------------------------------------------------------

/** `f` of pictures whose axes are the batch, height, width and channels, as cells [batch…, height, width, channels]. */
function ofPictures(
  where: string,
  x: Tensor,
  dataFormat: DataFormat,
  f: (x: Tensor, batch: readonly number[]) => Tensor,
): Tensor {
  if (rankOf(x) !== 4) {
    throw shapeError({
      where: `ops.${where}`,
      got: showShape(x.shape, x.perSample),
      expected: "four axes, the batch first",
      fix: "Add axes with expandDims.",
    });
  }
  const batch = x.perSample ? [] : [x.shape[0]];
  const at = batch.length;
  const lead = batch.map((_, i) => i);
  if (dataFormat === "channels_last") return f(x, batch);
  const y = f(own.transpose(x, [...lead, at + 1, at + 2, at]), batch);
  return own.transpose(y, [...lead, at + 2, at, at + 1]);
}

/** Channels become blocks of `blockSize` by `blockSize` cells: fewer channels, more height and width. */
export const depthToSpace = unary(
  "depthToSpace",
  (x: Tensor, blockSize: number, { dataFormat = "channels_last" }: { readonly dataFormat?: DataFormat } = {}) =>
    ofPictures("depthToSpace", x, dataFormat, (y, batch) => {
      const [h, w, c] = y.shape.slice(batch.length);
      const depth = c / (blockSize * blockSize);
      if (!Number.isInteger(depth))
        throw argumentError({
          where: "ops.depthToSpace",
          argument: "blockSize",
          value: blockSize,
          expected: `a number whose square divides ${c} channels`,
        });
      const parts = own.reshape(y, [...batch, h, w, blockSize, blockSize, depth]);
      const at = batch.length;
      const turned = own.transpose(parts, [...batch.map((_, i) => i), at, at + 2, at + 1, at + 3, at + 4]);
      return own.reshape(turned, [...batch, h * blockSize, w * blockSize, depth]);
    }),
  ["dataFormat"],
  1,
);
/** Blocks of `blockSize` by `blockSize` cells become channels. */
export const spaceToDepth = unary(
  "spaceToDepth",
  (x: Tensor, blockSize: number, { dataFormat = "channels_last" }: { readonly dataFormat?: DataFormat } = {}) =>
    ofPictures("spaceToDepth", x, dataFormat, (y, batch) => {
      const [h, w, c] = y.shape.slice(batch.length);
      if (h % blockSize !== 0 || w % blockSize !== 0)
        throw argumentError({
          where: "ops.spaceToDepth",
          argument: "blockSize",
          value: blockSize,
          expected: `a number that divides ${h} and ${w} cells`,
        });
      const parts = own.reshape(y, [...batch, h / blockSize, blockSize, w / blockSize, blockSize, c]);
      const at = batch.length;
      const turned = own.transpose(parts, [...batch.map((_, i) => i), at, at + 2, at + 1, at + 3, at + 4]);
      return own.reshape(turned, [...batch, h / blockSize, w / blockSize, blockSize * blockSize * c]);
    }),
  ["dataFormat"],
  1,
);
