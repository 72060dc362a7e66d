/** A small model with penalties, and every optimizer with options that keep something, for the tests of files. */
import type { NdArray } from "../../src/core/array.ts";
import { interp } from "../../src/device/interp.ts";
import { dense } from "../../src/layers/dense.ts";
import { input } from "../../src/layers/input.ts";
import { sequential } from "../../src/training/make-model.ts";
import type { Model } from "../../src/training/model.ts";
import type { Optimizer } from "../../src/training/optimizer.ts";
import { adam, lion, nadam, optimizerClasses, resolveOptimizer, rmsprop, sgd } from "../../src/training/optimizers.ts";
import { isSchedule } from "../../src/training/schedule.ts";
import { cosineDecay, piecewiseConstantDecay } from "../../src/training/schedules.ts";
import { arrayOf } from "../../src/training/testing.ts";

export const x = arrayOf(Array.from({ length: 12 }, (_, i) => [Math.sin(i), Math.cos(3 * i), (i % 5) / 5]));
export const y = arrayOf(Array.from({ length: 12 }, (_, i) => [Math.sin(2 * i)]));

export function modelWith(optimizer: Optimizer): Model {
  const kernel = { kernelRegularizer: "l2", kernelConstraint: "max_norm" } as const;
  const head = dense(1, { activityRegularizer: "l1", biasConstraint: "non_neg" });
  const m = sequential([input([3]), dense(4, { activation: "tanh", ...kernel }), head], { seed: 5 });
  m.compile({ optimizer, loss: "mse", device: interp() });
  return m as unknown as Model;
}

export const optimizerCases: readonly (readonly [string, () => Optimizer])[] = [
  ...optimizerClasses.map((name) => [name, () => resolveOptimizer(name, "test")] as const),
  ["a schedule", () => sgd({ learningRate: cosineDecay(0.1, 20), momentum: 0.9 })],
  ["another schedule", () => lion({ learningRate: piecewiseConstantDecay([2, 4], [0.1, 0.01, 0.001]) })],
  ["averages", () => sgd({ useEma: true, emaMomentum: 0.9, emaOverwriteFrequency: 2 })],
  ["accumulation", () => nadam({ gradientAccumulationSteps: 2, weightDecay: 0.01 })],
  ["all options", () => rmsprop({ momentum: 0.5, centered: true, epsilon: 0.01, clipnorm: 1, lossScaleFactor: 4 })],
  ["amsgrad", () => adam({ amsgrad: true, globalClipnorm: 0.5, name: "mine" })],
];

/** All that the optimizer keeps, as Keras lists it. */
export const stateOf = ({ optimizer }: Model): readonly NdArray[] => [
  { data: Float32Array.of(optimizer.iterations), shape: [] },
  ...(isSchedule(optimizer.learningRate) ? [] : [{ data: Float32Array.of(optimizer.rateAt(0)), shape: [] }]),
  ...optimizer.variables.map(({ value = new Float32Array(), shape }) => ({ data: value, shape })),
];
