/**
 * Losses and metrics as Keras has them twice: with options they make what `compile` takes, with targets and predictions
 * they are functions of these.
 */
import { showShape } from "../core/array.ts";
import { argumentError, shapeError } from "../core/errors.ts";
import { type ArrayLike, isArrayLike, type Numbers, type Operand, toNumbers, toTensor } from "../functions/arrays.ts";
import { aligned } from "../functions/axes.ts";
import { evaluate } from "../functions/evaluate.ts";
import type { Tensor } from "../graph/tensor.ts";
import { placeholder } from "../ops/index.ts";
import { alignRanks } from "./align.ts";
import { type Loss, type LossFunction, makers, requireTensor } from "./loss.ts";
import type { MeanMetric, Metric } from "./metric.ts";

/** What makes a loss or metric `J` of options `O`, and is itself a function of targets and predictions. */
export interface Judge<O, J> {
  /** For `compile`. */
  (options?: O): J;
  /** The value of every sample, before any reduction; the first axis counts the samples. */
  (yTrue: ArrayLike, yPred: ArrayLike, options?: O): Numbers;
  /** The same in a graph. */
  (yTrue: Operand, yPred: Operand, options?: O): Tensor;
}

/**
 * @param where - the name, for errors.
 * @param make - makes the loss or metric.
 * @param callOf - what it gives for targets and predictions.
 */
export const judge =
  <O extends object, J>(where: string, make: (options?: O) => J, callOf: (made: J) => LossFunction): Judge<O, J> =>
  (...[first, second, options]: readonly unknown[]): never =>
    (second === undefined
      ? make(first as O | undefined)
      : valuesOf(where, callOf(make(options as O | undefined)), first as Operand, second as Operand)) as never;

/** A loss that is also a function of targets and predictions. */
export function lossJudge<O extends object>(where: string, make: (options?: O) => Loss): Judge<O, Loss> {
  const made = judge(where, make, ({ call }) => call);
  makers.set(made, make);
  return made;
}

/** A metric that is a mean, and also a function of targets and predictions. */
export const metricJudge = <O extends object>(where: string, make: (options?: O) => MeanMetric): Judge<O, Metric> =>
  judge<O, Metric>(where, make, (metric) => (metric as MeanMetric).values);

function valuesOf(where: string, call: LossFunction, yTrue: Operand, yPred: Operand): Tensor | Numbers {
  const worth = (t: Tensor, p: Tensor): Tensor => requireTensor(where, call(...alignRanks(t, p)));
  if (!isArrayLike(yTrue) || !isArrayLike(yPred)) {
    const [t, p] = aligned(where, [toTensor(where, yTrue), toTensor(where, yPred)]);
    return worth(t, p);
  }
  const [targets, predictions] = [toNumbers(where, yTrue), toNumbers(where, yPred)];
  for (const [argument, { shape }] of [
    ["yTrue", targets],
    ["yPred", predictions],
  ] as const) {
    if (shape.length > 0) continue;
    throw argumentError({
      where,
      argument,
      value: "one number",
      expected: "an array whose first axis counts the samples",
    });
  }
  if (targets.shape[0] !== predictions.shape[0]) {
    throw shapeError({
      where,
      got: `targets of shape ${showShape(targets.shape)} for predictions of shape ${showShape(predictions.shape)}`,
      expected: "as many samples in both",
      fix: "The first axis counts the samples.",
    });
  }
  const [t, p] = [
    placeholder(targets.shape.slice(1), "targets"),
    placeholder(predictions.shape.slice(1), "predictions"),
  ];
  return evaluate(
    [worth(t, p)],
    [
      [t, targets],
      [p, predictions],
    ],
  )[0];
}
