/** The inputs of an op under test: leaves with seeded values; and losses whose gradients reach every cell. */
import { sizeOf } from "../core/array.ts";
import type { Tensor } from "../graph/tensor.ts";
import { add, constantTensor, multiply, sum, sumSamples } from "../ops/index.ts";
import { type Feed, feed, weight } from "./run.ts";
import { type Domain, randomArray } from "./values.ts";

/** An input of an op under test. */
export interface Operand {
  readonly shape: readonly number[];
  readonly domain?: Domain;
  /** The same for all samples (a weight). */
  readonly shared?: boolean;
}

export interface Operands {
  readonly tensors: readonly Tensor[];
  readonly feeds: readonly Feed[];
  /** Values as given to the device: of all samples where the operand is per sample. */
  readonly values: readonly Float32Array[];
}

/** Leaves with random values for a list of operands. */
export function makeOperands(operands: readonly Operand[], samples: number, seed: number): Operands {
  const feeds: Feed[] = [];
  const values: Float32Array[] = [];
  const tensors = operands.map(({ shape, shared, domain }, i) => {
    if (shared) {
      values.push(randomArray(sizeOf(shape), seed + i, domain));
      return weight(`w${i}`, shape, values[i]);
    }
    // Sample by sample, so that "apart" holds within each and stays small.
    const own = Array.from({ length: samples }, (_, n) =>
      randomArray(sizeOf(shape), seed + i + 1000 * (n + 1), domain),
    );
    values.push(Float32Array.from(own.flatMap((v) => Array.from(v))));
    feeds.push(feed(`x${i}`, shape, samples, values[i]));
    return feeds[feeds.length - 1].tensor;
  });
  return { tensors, feeds, values };
}

const allAxes = (t: Tensor): number[] => t.shape.map((_, i) => i);

/** A shared scalar: the sum of everything, over samples too. */
export const total = (t: Tensor): Tensor => {
  const one = sum(t, allAxes(t));
  return one.perSample ? sumSamples(one) : one;
};

/**
 * A number that depends on every cell of `y`: Σ r·y with random weights r, plus ½ Σ y² where it is `curved`. Without the
 * curve the gradient that reaches `y` is the same for all samples; with it every sample has its own.
 */
export function lossOf(y: Tensor, seed: number, curved: boolean): Tensor {
  const r = constantTensor({ data: randomArray(sizeOf(y.shape), seed, "nonzero"), shape: y.shape });
  const weighted = multiply(y, r);
  return total(curved ? add(weighted, multiply(0.5, multiply(y, y))) : weighted);
}

/** `t` as a per-sample tensor, for reading a gradient that is the same for all samples; `like` is per sample. */
export const forEachSample = (t: Tensor, like: Tensor): Tensor =>
  t.perSample ? t : add(t, multiply(0, sum(like, allAxes(like))));
