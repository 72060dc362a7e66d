/**
 * Random numbers inside a program. They follow from seed, step, place of the sample and cell alone, never from which
 * worker computes them; the generator is that of core/random.ts.
 */
import { sizeOf } from "../core/array.ts";
import { argumentError } from "../core/errors.ts";
import { constantIndex, type Expr } from "../expr/expr.ts";
import { apply, type Op } from "../graph/op.ts";
import { type Shape, Tensor } from "../graph/tensor.ts";
import {
  add,
  cosine,
  equal,
  floor,
  logarithm,
  maximum,
  minimum,
  multiply,
  squareRoot,
  subtract,
  where,
} from "./elementwise.ts";
import { constantTensor, sampleIndex } from "./leaf.ts";
import { reshape } from "./movement.ts";
import { sum } from "./reduce.ts";

type RandomAttributes = { readonly key: readonly [number, number]; readonly shape: Shape };

/** Inputs: the step's number, the sample's place, and the number of every cell. */
export const randomOp: Op<RandomAttributes> = {
  name: "random",
  infer: (_, { shape }) => ({ shape }),
  grad: () => [undefined, undefined, undefined],
  lower: (y) => ({
    kind: "map",
    value: (index, read): Expr => ({
      kind: "random",
      key: y.attributes.key as [number, number],
      step: read(0, []),
      sample: read(1, []),
      cell: read(2, index),
    }),
  }),
};

/** 0, 1, 2, … in row-major order. */
export function cellNumbers(shape: Shape): Tensor {
  const n = shape.reduce((p, size) => p * size, 1);
  return constantTensor({ data: Float32Array.from({ length: n }, (_, i) => i), shape });
}

/** Throws unless a key and a step are given; `name` is that of the function in `ops`. */
function checkUse(name: string, key: unknown, step: unknown): void {
  const where = `ops.${name}`;
  const fix = "It is undefined outside training: there call gives back its input.";
  if (!Array.isArray(key) || key.length !== 2 || !key.every(Number.isInteger)) {
    const expected = "two 32-bit words: in a layer's call, context.randomKey?.(this)";
    throw argumentError({ where, argument: "key", value: key, expected, fix });
  }
  if (!(step instanceof Tensor)) {
    const expected = "a tensor: in a layer's call, context.step";
    throw argumentError({ where, argument: "step", value: step, expected, fix });
  }
}

/**
 * Uniform numbers in [low, high), one for every cell of `shape` and every sample; for `call` of a layer.
 *
 * @param shape - without the batch axis.
 * @param key - two 32-bit words that belong to this use of randomness alone: `context.randomKey?.(this)`.
 * @param step - a shared scalar that differs from step to step: `context.step`.
 * @param low - default 0.
 * @param high - default 1.
 * @throws RhytonError `argument` without key and step, which a context has in training only.
 */
export function randomUniform(shape: Shape, key: readonly [number, number], step: Tensor, low = 0, high = 1): Tensor {
  checkUse("randomUniform", key, step);
  const unit = apply(randomOp, [step, sampleIndex(), cellNumbers(shape)], { key, shape });
  return low === 0 && high === 1 ? unit : add(multiply(unit, high - low), low);
}

/**
 * Normal numbers (Box and Muller) of a mean and standard deviation, one for every cell of `shape` and every sample; for
 * `call` of a layer.
 *
 * @param shape - without the batch axis.
 * @param key - two 32-bit words that belong to this use of randomness alone: `context.randomKey?.(this)`.
 * @param step - a shared scalar that differs from step to step: `context.step`.
 * @param mean - default 0.
 * @param deviation - default 1.
 * @throws RhytonError `argument` without key and step, which a context has in training only.
 */
export function randomNormal(
  shape: Shape,
  key: readonly [number, number],
  step: Tensor,
  mean = 0,
  deviation = 1,
): Tensor {
  checkUse("randomNormal", key, step);
  const radius = randomUniform(shape, key, step);
  const angle = randomUniform(shape, [key[0], (key[1] ^ 0x80000000) >>> 0], step);
  // 1 − u lies in (0, 1]: its logarithm is finite.
  const length = squareRoot(multiply(logarithm(subtract(1, radius)), -2));
  return add(multiply(multiply(length, cosine(multiply(angle, 2 * Math.PI))), deviation), mean);
}

/** Inputs: a row of values, and for each result the place of its value. */
export const takeOp: Op<Readonly<Record<string, never>>> = {
  name: "take",
  infer: ([, cells]) => ({ shape: cells.shape }),
  // What reads a cell adds its gradient there: every cell is compared with every place, as loops write where they are.
  grad: (y, dy) => {
    const [row, cells] = y.inputs;
    const [n] = row.shape;
    const read = reshape(floor(minimum(maximum(cells, 0), n - 1)), [sizeOf(cells.shape)]);
    const isRead = equal(reshape(cellNumbers([n]), [n, 1]), read);
    const parts = where(isRead, reshape(dy, [sizeOf(cells.shape)]), 0);
    return [sum(parts, [1], { overSamples: y.perSample && !row.perSample }), undefined];
  },
  lower: () => ({
    kind: "map",
    buffered: [0],
    value: (index, read): Expr => ({ kind: "gather", from: read(0, [constantIndex(0)]), cell: read(1, index) }),
  }),
};

/**
 * The values of `x` (counted row-major) at computed places, cut to whole numbers and to the range of `x`. Its gradient
 * costs as much as there are values times places.
 */
export const take = (x: Tensor, cells: Tensor): Tensor =>
  apply(takeOp, [reshape(x, [x.shape.reduce((p, n) => p * n, 1)]), cells], {});
