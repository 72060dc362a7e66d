/**
 * Every way to compile a model that files hold, for the tests of saving: each optimizer, schedule, loss and metric, with
 * arguments that are not the defaults, and everything that layers may say about their weights.
 */
import type { NdArray } from "../../src/core/array.ts";
import { maxNorm, minMaxNorm, nonNeg, unitNorm } from "../../src/layers/constraints.ts";
import { dense } from "../../src/layers/dense.ts";
import { input } from "../../src/layers/input.ts";
import { l1, l1l2, l2, orthogonalRegularizer } from "../../src/layers/regularizers.ts";
import type { CompileOptions, MetricsLike } from "../../src/training/compile.ts";
import type { LossLike } from "../../src/training/loss-names.ts";
import * as losses from "../../src/training/losses.ts";
import { model, sequential } from "../../src/training/make-model.ts";
import type { MetricLike } from "../../src/training/metric-names.ts";
import * as metrics from "../../src/training/metrics.ts";
import type { Model } from "../../src/training/model.ts";
import * as optimizers from "../../src/training/optimizers.ts";
import * as schedules from "../../src/training/schedules.ts";
import type { Kind } from "./saved-models.ts";

const samples = 4;

/** Numbers in [0, 1) that look random and are always the same. */
function noise(shape: readonly number[], seed: number): NdArray<Float32Array> {
  let state = seed * 2654435761;
  const next = (): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
  for (let i = 0; i < 8; i++) next();
  return { data: Float32Array.from({ length: shape.reduce((n, s) => n * s, 1) }, next), shape };
}

/** Rows with a single 1, and the numbers of these classes. */
const classes = [0, 2, 1, 2];
const oneHot: NdArray<Float32Array> = {
  data: Float32Array.from(classes.flatMap((c) => [0, 1, 2].map((k) => Number(k === c)))),
  shape: [samples, 3],
};
const numbered: NdArray<Float32Array> = { data: Float32Array.from(classes), shape: [samples, 1] };
const yesNo: NdArray<Float32Array> = { data: Float32Array.of(1, 0, 0, 1, 1, 1, 0, 1, 0, 0, 1, 0), shape: [samples, 3] };
const plusMinus: NdArray<Float32Array> = { ...yesNo, data: yesNo.data.map((v) => 2 * v - 1) };
const amounts = noise([samples, 3], 21);

// ---- optimizers ---------------------------------------------------------------------------------------------------

const schedule = () => schedules.exponentialDecay(0.1, 2, 0.5, { staircase: true });

const ways: readonly (readonly [name: string, make: () => NonNullable<CompileOptions["optimizer"]>])[] = [
  ...optimizers.optimizerClasses.map((name) => [name, () => name as optimizers.OptimizerName] as const),
  ["SGD, Nesterov", () => optimizers.sgd({ momentum: 0.9, nesterov: true, learningRate: 0.1 })],
  ["RMSprop, centered", () => optimizers.rmsprop({ centered: true, momentum: 0.5, rho: 0.8, learningRate: 0.01 })],
  ["Adam, averaged", () => optimizers.adam({ useEma: true, emaMomentum: 0.9, emaOverwriteFrequency: 3 })],
  ["SGD, gradients added up", () => optimizers.sgd({ gradientAccumulationSteps: 3, momentum: 0.9 })],
  ["Nadam, gradients added up and averaged", () => optimizers.nadam({ gradientAccumulationSteps: 2, useEma: true })],
  ["AdamW, clipped", () => optimizers.adamw({ clipnorm: 0.1, weightDecay: 0.01, lossScaleFactor: 8 })],
  ["Adam, AMSGrad", () => optimizers.adam({ amsgrad: true, beta1: 0.8, beta2: 0.9, epsilon: 1e-5 })],
  [
    "Adagrad, with arguments",
    () => optimizers.adagrad({ initialAccumulatorValue: 0.5, epsilon: 1e-3, clipvalue: 0.2 }),
  ],
  [
    "Ftrl, with arguments",
    () => optimizers.ftrl({ l1RegularizationStrength: 0.01, l2RegularizationStrength: 0.02, beta: 0.1 }),
  ],
  ["ExponentialDecay", () => optimizers.adam({ learningRate: schedule() })],
  ["InverseTimeDecay", () => optimizers.sgd({ learningRate: schedules.inverseTimeDecay(0.1, 3, 0.5) })],
  [
    "PiecewiseConstantDecay",
    () => optimizers.sgd({ learningRate: schedules.piecewiseConstantDecay([1, 2], [0.1, 0.05, 0.01]) }),
  ],
  [
    "PolynomialDecay",
    () => optimizers.sgd({ learningRate: schedules.polynomialDecay(0.1, 5, { power: 2, cycle: true }) }),
  ],
  [
    "CosineDecay",
    () => optimizers.lion({ learningRate: schedules.cosineDecay(0.01, 9, { warmupTarget: 0.1, warmupSteps: 2 }) }),
  ],
  ["CosineDecayRestarts", () => optimizers.sgd({ learningRate: schedules.cosineDecayRestarts(0.1, 2, { tMul: 1.5 }) })],
];

const small = (): Model => {
  const x = input([3]);
  return model(x, dense(2, { name: "out" })(dense(4, { activation: "tanh" })(x))) as unknown as Model;
};

const optimizerKinds: readonly Kind[] = ways.map(([name, make]) => ({
  name: `optimizer ${name}`,
  steps: 2,
  make: () => ({
    model: small(),
    x: [noise([samples, 3], 1)],
    y: [noise([samples, 2], 2)],
    compile: { optimizer: make(), loss: "mse" },
  }),
}));

// ---- losses and metrics -------------------------------------------------------------------------------------------

type Target = NdArray<Float32Array>;
interface Output {
  readonly y: Target;
  readonly activation?: "softmax" | "sigmoid" | "softplus";
  readonly loss: LossLike | null;
  readonly metrics?: readonly MetricLike[];
  readonly weighted?: readonly MetricLike[];
}

/** A model with an output of three cells for each entry. */
function judged(name: string, outputs: readonly Output[], extra: Partial<CompileOptions> = {}): Kind {
  return {
    name,
    steps: 1,
    make: () => {
      const x = input([3]);
      const h = dense(4, { activation: "tanh" })(x);
      const ends = outputs.map(({ activation }, i) => dense(3, { activation, name: `o${i}` })(h));
      const metricsOf = (key: "metrics" | "weighted"): MetricsLike => outputs.map((output) => output[key] ?? null);
      return {
        model: model(x, ends) as unknown as Model,
        x: [noise([samples, 3], 5)],
        y: outputs.map(({ y }) => y),
        compile: {
          optimizer: "sgd",
          loss: outputs.map(({ loss }) => loss),
          metrics: metricsOf("metrics"),
          weightedMetrics: metricsOf("weighted"),
          ...extra,
        },
      };
    },
  };
}

const lossKind = judged(
  "every loss",
  [
    { y: amounts, loss: losses.meanSquaredError({ reduction: "sum" }) },
    { y: amounts, loss: losses.meanAbsoluteError({ name: "mine" }) },
    { y: amounts, loss: losses.meanAbsolutePercentageError() },
    { y: amounts, activation: "softplus", loss: losses.meanSquaredLogarithmicError() },
    { y: amounts, loss: losses.cosineSimilarity({ axis: -1 }) },
    // Keras' own file would forget a delta, and the axis of a cosine similarity.
    { y: amounts, loss: losses.huber() },
    { y: amounts, loss: losses.logCosh() },
    { y: amounts, activation: "softplus", loss: losses.poisson() },
    { y: yesNo, loss: losses.binaryCrossentropy({ fromLogits: true, labelSmoothing: 0.1 }) },
    { y: yesNo, activation: "sigmoid", loss: losses.binaryFocalCrossentropy({ gamma: 3, applyClassBalancing: true }) },
    { y: oneHot, loss: losses.categoricalCrossentropy({ fromLogits: true, labelSmoothing: 0.2 }) },
    { y: oneHot, activation: "softmax", loss: losses.categoricalFocalCrossentropy({ alpha: 0.3, gamma: 1.5 }) },
    { y: numbered, loss: losses.sparseCategoricalCrossentropy({ fromLogits: true, ignoreClass: 1 }) },
    { y: oneHot, activation: "softmax", loss: losses.klDivergence() },
    { y: plusMinus, loss: losses.hinge() },
    { y: yesNo, loss: losses.squaredHinge() },
    { y: oneHot, loss: losses.categoricalHinge() },
    { y: yesNo, activation: "sigmoid", loss: losses.dice({ axis: [1] }) },
    { y: yesNo, activation: "sigmoid", loss: losses.tversky({ alpha: 0.7, beta: 0.3 }) },
  ],
  { lossWeights: Object.fromEntries(Array.from({ length: 19 }, (_, i) => [`o${i}`, 1 + i / 8])) },
);

const nameKind = judged(
  "losses and metrics by name",
  [
    { y: amounts, loss: "mse", metrics: ["mae", "accuracy"] },
    { y: amounts, loss: "mape", weighted: ["mse", "cosine_similarity"] },
    { y: yesNo, activation: "sigmoid", loss: "bce", metrics: ["accuracy", "AUC"], weighted: ["acc"] },
    {
      y: oneHot,
      activation: "softmax",
      loss: "categorical_crossentropy",
      metrics: ["acc", "top_k_categorical_accuracy"],
    },
    { y: numbered, activation: "softmax", loss: "sparse_categorical_crossentropy", metrics: ["accuracy"] },
    { y: amounts, activation: "softplus", loss: null, metrics: ["MSLE", "poisson"] },
    { y: plusMinus, loss: "hinge" },
    { y: oneHot, activation: "softmax", loss: "kld", weighted: ["KLDivergence"] },
  ],
  { lossWeights: [1, 0.5, 2, 1, 1, 1, 0, 3] },
);

const metricKind = judged("every metric", [
  {
    y: amounts,
    activation: "softplus",
    loss: "mse",
    metrics: [
      metrics.meanSquaredError(),
      metrics.rootMeanSquaredError({ name: "rmse" }),
      metrics.meanAbsoluteError(),
      metrics.meanAbsolutePercentageError(),
      metrics.meanSquaredLogarithmicError(),
      metrics.cosineSimilarity({ axis: -1 }),
      metrics.logCoshError(),
      metrics.r2Score({ classAggregation: "variance_weighted_average", numRegressors: 1 }),
      metrics.pearsonCorrelation({ axis: -1 }),
      metrics.concordanceCorrelation(),
      metrics.poisson(),
      metrics.accuracy(),
    ],
  },
  {
    y: yesNo,
    activation: "sigmoid",
    loss: "binary_crossentropy",
    metrics: [
      metrics.binaryAccuracy({ threshold: 0.4 }),
      metrics.binaryCrossentropy({ labelSmoothing: 0.1 }),
      metrics.truePositives({ thresholds: 0.4 }),
      metrics.falsePositives(),
      metrics.trueNegatives({ thresholds: 0.45 }),
      metrics.falseNegatives({ name: "missed" }),
      metrics.precision({ thresholds: 0.55 }),
      metrics.recall({ topK: 2 }),
      metrics.sensitivityAtSpecificity(0.5, { numThresholds: 20 }),
      metrics.specificityAtSensitivity(0.4, { numThresholds: 20 }),
      metrics.precisionAtRecall(0.5, { numThresholds: 20 }),
      metrics.recallAtPrecision(0.5, { numThresholds: 20 }),
      metrics.binaryIoU({ targetClassIds: [1], threshold: 0.6 }),
    ],
    weighted: [metrics.auc({ numThresholds: 20, curve: "PR", name: "area" })],
  },
  {
    y: oneHot,
    activation: "softmax",
    loss: "categorical_crossentropy",
    metrics: [
      metrics.categoricalAccuracy(),
      metrics.topKCategoricalAccuracy({ k: 2 }),
      metrics.categoricalCrossentropy({ labelSmoothing: 0.1 }),
      metrics.klDivergence(),
      metrics.categoricalHinge(),
      metrics.f1Score({ average: "macro", threshold: 0.3 }),
      metrics.fBetaScore({ beta: 2, average: "micro", threshold: 0.3 }),
      metrics.oneHotIoU(3, [0, 2]),
      metrics.oneHotMeanIoU(3),
    ],
  },
  {
    y: numbered,
    activation: "softmax",
    loss: "sparse_categorical_crossentropy",
    metrics: [
      metrics.sparseCategoricalAccuracy(),
      metrics.sparseTopKCategoricalAccuracy({ k: 2 }),
      metrics.sparseCategoricalCrossentropy(),
      metrics.meanIoU(3, { sparseYPred: false }),
      metrics.iou(3, [1], { sparseYPred: false }),
    ],
  },
  { y: plusMinus, loss: "hinge", metrics: [metrics.hinge(), metrics.squaredHinge()] },
]);

// ---- weights ------------------------------------------------------------------------------------------------------

const ruleKind: Kind = {
  name: "every regularizer and constraint",
  steps: 2,
  make: () => ({
    model: sequential([
      input([3]),
      dense(4, {
        kernelRegularizer: "l2",
        biasRegularizer: l1(0.3),
        kernelConstraint: maxNorm({ maxValue: 0.7, axis: 0 }),
      }),
      dense(4, {
        kernelRegularizer: l1l2({ l1: 0.1, l2: 0.2 }),
        kernelConstraint: "non_neg",
        biasConstraint: nonNeg(),
        activityRegularizer: l2(0.05),
      }),
      dense(4, {
        kernelRegularizer: orthogonalRegularizer({ factor: 0.1, mode: "columns" }),
        kernelConstraint: unitNorm(),
      }),
      dense(2, {
        kernelConstraint: minMaxNorm({ minValue: 0.3, maxValue: 0.6, rate: 0.5, axis: [0, 1] }),
        activityRegularizer: "l1",
      }),
    ]) as unknown as Model,
    x: [noise([samples, 3], 3)],
    y: [noise([samples, 2], 4)],
    compile: { optimizer: optimizers.sgd({ learningRate: 0.1 }), loss: "mse" },
  }),
};

export const compiledKinds: readonly Kind[] = [...optimizerKinds, lossKind, nameKind, metricKind, ruleKind];
