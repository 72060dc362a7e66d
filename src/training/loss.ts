/**
 * What a loss is. It takes the target and the prediction of a sample and gives a tensor of losses; its reduction makes
 * one number of these, over their elements and the batch.
 */
import { argumentError } from "../core/errors.ts";
import { Tensor } from "../graph/tensor.ts";
import { checkName, checkOptions } from "../layers/options.ts";
import { batchSize, divide, fill, multiply, sum, sumSamples } from "../ops/index.ts";
import { alignRanks, alignWeight, allAxes, divideOrZero, weightOfCells } from "./align.ts";
import type { LabelRule } from "./labels.ts";

/** A loss written by hand: target and prediction (both per sample) to losses, or to one shared scalar used as it is. */
export type LossFunction = (target: Tensor, prediction: Tensor) => Tensor;

/**
 * How losses become one number. With sample weights every loss is multiplied by its weight first, and then
 * - `"sum_over_batch_size"` (or `"mean"`): their sum divided by their number, not by the sum of the weights;
 * - `"sum"`: their sum;
 * - `"mean_with_sample_weight"`: their sum divided by the sum of the weights;
 * - `"none"` (or null): left as they are, for losses of your own; a model cannot be trained on it.
 */
export type Reduction = "sum_over_batch_size" | "mean" | "sum" | "mean_with_sample_weight" | "none" | null;
const reductions: readonly Reduction[] = [
  "sum_over_batch_size",
  "mean",
  "sum",
  "mean_with_sample_weight",
  "none",
  null,
];

/** What every loss takes. */
export interface LossOptions {
  /** Default `"sum_over_batch_size"`. */
  readonly reduction?: Reduction;
  /** The name in messages and files. Default: after the loss. */
  readonly name?: string;
}

/** A loss, as the functions of `losses` make it: what it is called, its arguments, and what it computes. */
export interface Loss {
  /** The name of its class in Keras. */
  readonly className: string;
  /** For messages. */
  readonly name: string;
  /** The arguments in Keras' keys. */
  readonly config: Readonly<Record<string, unknown>>;
  /** The losses of target and prediction. */
  readonly call: LossFunction;
  /** Default `"sum_over_batch_size"`. */
  readonly reduction?: Reduction;
  /** 1 where a loss counts, 0 where it is left out of the mean; of the shape of the losses. */
  readonly mask?: LossFunction;
  /** Where its targets are class numbers: which. */
  readonly labels?: LabelRule;
  /** Its targets are probabilities; others are warned about. */
  readonly probable?: boolean;
}

/** What makes a loss, by the function of `losses` that was given for it: `losses.huber` stands for `losses.huber()`. */
export const makers = new WeakMap<object, () => Loss>();

/** The keys that every loss takes, and its own. */
export const checkLossOptions = (where: string, options: object, own: readonly string[] = []): void =>
  checkOptions(where, options, ["reduction", "name", ...own]);

/**
 * A loss of this library.
 *
 * @param own - its own arguments in Keras' keys.
 */
export function loss(
  where: string,
  className: string,
  defaultName: string,
  call: LossFunction,
  options: LossOptions = {},
  own: Readonly<Record<string, unknown>> = {},
): Loss {
  const { reduction = "sum_over_batch_size" } = options;
  if (!reductions.includes(reduction)) {
    const expected = `one of ${reductions.map((r) => JSON.stringify(r)).join(", ")}`;
    throw argumentError({ where, argument: "reduction", value: reduction, expected });
  }
  const name = checkName(where, options.name) ?? defaultName;
  return { className, name, config: { name, reduction, ...own }, call, reduction };
}

/**
 * The losses of every sample, weighted, before any reduction.
 *
 * Ranks that differ by one are made equal where the longer one ends in 1, as in Keras.
 *
 * @returns the losses, and the weights as they count in a weighted mean.
 */
export function lossesOf(
  loss: Loss,
  target: Tensor,
  prediction: Tensor,
  sampleWeight?: Tensor,
): { readonly losses: Tensor; readonly weights: Tensor | undefined } {
  const where = `loss "${loss.name}"`;
  const [t, p] = alignRanks(target, prediction);
  const losses = requireTensor(where, loss.call(t, p));
  const mask = loss.mask?.(t, p);
  let weights = sampleWeight;
  if (weights !== undefined) {
    // A weight of fewer axes than the losses stands for each of the losses it weighs.
    const fewer = weights.shape.length < losses.shape.length;
    weights = fewer ? weightOfCells(where, weights, losses.shape) : alignWeight(where, weights, losses.shape);
  }
  if (mask !== undefined) weights = weights === undefined ? mask : multiply(weights, mask);
  const product = weights === undefined ? losses : multiply(losses, weights);
  return { losses: mask === undefined ? product : rescale(product, mask, loss.reduction), weights };
}

/** What a function of one's own gave. */
export function requireTensor(where: string, result: unknown): Tensor {
  if (result instanceof Tensor) return result;
  const expected = "a tensor, made of target and prediction with ops";
  const fix = result === undefined ? "Is a return missing?" : undefined;
  throw argumentError({ where, argument: "the result", value: result, expected, fix });
}

/** A mean is over the losses that count: losses of a mean are raised by number / number that count. */
function rescale(losses: Tensor, mask: Tensor, reduction: Reduction = "sum_over_batch_size"): Tensor {
  if (reduction !== "sum_over_batch_size" && reduction !== "mean") return losses;
  return multiply(losses, divideOrZero(count(mask), sumAll(mask)));
}

/** The number of cells, over the batch where there is one for each sample. */
function count(x: Tensor): Tensor {
  const cells = x.shape.reduce((n, size) => n * size, 1);
  return x.perSample ? multiply(batchSize(), cells) : fill(cells, []);
}

/** The sum of all cells, over the batch where there is one for each sample. */
function sumAll(x: Tensor): Tensor {
  const total = x.shape.length === 0 ? x : sum(x, allAxes(x));
  return x.perSample ? sumSamples(total) : total;
}

/** A loss as one number, a shared scalar. */
export function lossValue(loss: Loss, target: Tensor, prediction: Tensor, sampleWeight?: Tensor): Tensor {
  const { losses, weights } = lossesOf(loss, target, prediction, sampleWeight);
  if (!losses.perSample && losses.shape.length === 0) return losses;
  switch (loss.reduction) {
    case "sum":
      return sumAll(losses);
    case "mean_with_sample_weight":
      return weights === undefined
        ? divide(sumAll(losses), count(losses))
        : divideOrZero(sumAll(losses), sumAll(weights));
    case "none":
    case null:
      throw argumentError({
        where: `loss "${loss.name}"`,
        argument: "reduction",
        value: loss.reduction,
        expected: "a reduction to one number, to train or judge a model with",
        fix: `Use "sum": its gradient is the same.`,
      });
    default:
      return divide(sumAll(losses), count(losses));
  }
}
