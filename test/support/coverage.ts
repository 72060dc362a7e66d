/** docs/coverage.md: what of Keras 3.15 there is, read from the registries and the fixtures. */
import { readdirSync, readFileSync } from "node:fs";
import { RhytonError } from "../../src/core/errors.ts";
import { constraintOf } from "../../src/layers/constraints.ts";
import { initializerOf } from "../../src/layers/initializers.ts";
import { layerRegistry } from "../../src/layers/registry.ts";
import { regularizerOf } from "../../src/layers/regularizers.ts";
import { opClasses } from "../../src/saving/ops-read.ts";
import * as callbacks from "../../src/training/callbacks.ts";
import { lossClasses, metricClasses } from "../../src/training/from-config.ts";
import { optimizerClasses } from "../../src/training/optimizers.ts";
import { scheduleFromConfig } from "../../src/training/schedules.ts";
import { opsSection } from "./coverage-ops.ts";

const words = (text: string): string[] => text.trim().split(/\s+/);

/** The public classes of Keras 3.15.1 that can be used as they are, without base classes and containers. */
const keras = {
  layers: words(`
    Activation ActivityRegularization AdaptiveAveragePooling1D AdaptiveAveragePooling2D AdaptiveAveragePooling3D
    AdaptiveMaxPooling1D AdaptiveMaxPooling2D AdaptiveMaxPooling3D Add AdditiveAttention AlphaDropout Attention AugMix
    AutoContrast Average AveragePooling1D AveragePooling2D AveragePooling3D BatchNormalization Bidirectional
    CategoryEncoding CenterCrop Concatenate ContrastLimitedAdaptiveHistogramEqualization Conv1D Conv1DTranspose Conv2D
    Conv2DTranspose Conv3D Conv3DTranspose ConvLSTM1D ConvLSTM2D ConvLSTM3D Cropping1D Cropping2D Cropping3D CutMix Dense
    DepthwiseConv1D DepthwiseConv2D Discretization Dot Dropout ELU EinsumDense Embedding Equalization Flatten FlaxLayer GRU
    GRUCell GaussianDropout GaussianNoise GlobalAveragePooling1D GlobalAveragePooling2D GlobalAveragePooling3D
    GlobalMaxPooling1D GlobalMaxPooling2D GlobalMaxPooling3D GroupNormalization GroupedQueryAttention HashedCrossing
    Hashing Identity InputLayer IntegerLookup JaxLayer LSTM LSTMCell Lambda LayerNormalization LeakyReLU Masking
    MaxNumBoundingBoxes MaxPooling1D MaxPooling2D MaxPooling3D Maximum MelSpectrogram Minimum MixUp MultiHeadAttention
    Multiply Normalization PReLU Permute Pipeline RMSNormalization RNN RandAugment RandomBrightness RandomColorDegeneration
    RandomColorJitter RandomContrast RandomCrop RandomElasticTransform RandomErasing RandomFlip RandomGaussianBlur
    RandomGrayscale RandomHue RandomInvert RandomPerspective RandomPosterization RandomRotation RandomSaturation
    RandomSharpness RandomShear RandomTranslation RandomZoom ReLU RepeatVector Rescaling Reshape Resizing
    ReversibleEmbedding STFTSpectrogram SeparableConv1D SeparableConv2D SimpleRNN SimpleRNNCell Softmax Solarization
    SpatialDropout1D SpatialDropout2D SpatialDropout3D SpectralNormalization StackedRNNCells StringLookup Subtract
    TFSMLayer TextVectorization TimeDistributed TorchModuleWrapper UnitNormalization UpSampling1D UpSampling2D UpSampling3D
    ZeroPadding1D ZeroPadding2D ZeroPadding3D`),
  losses: words(`
    BinaryCrossentropy BinaryFocalCrossentropy CTC CategoricalCrossentropy CategoricalFocalCrossentropy
    CategoricalGeneralizedCrossEntropy CategoricalHinge Circle CosineSimilarity Dice Hinge Huber KLDivergence LogCosh
    MeanAbsoluteError MeanAbsolutePercentageError MeanSquaredError MeanSquaredLogarithmicError Poisson
    SparseCategoricalCrossentropy SquaredHinge Tversky`),
  metrics: words(`
    AUC Accuracy BinaryAccuracy BinaryCrossentropy BinaryIoU CategoricalAccuracy CategoricalCrossentropy CategoricalHinge
    ConcordanceCorrelation CosineSimilarity F1Score FBetaScore FalseNegatives FalsePositives Hinge IoU KLDivergence
    LogCoshError Mean MeanAbsoluteError MeanAbsolutePercentageError MeanIoU MeanMetricWrapper MeanSquaredError
    MeanSquaredLogarithmicError OneHotIoU OneHotMeanIoU PearsonCorrelation Poisson Precision PrecisionAtRecall R2Score
    Recall RecallAtPrecision RootMeanSquaredError SensitivityAtSpecificity SparseCategoricalAccuracy
    SparseCategoricalCrossentropy SparseTopKCategoricalAccuracy SpecificityAtSensitivity SquaredHinge Sum
    TopKCategoricalAccuracy TrueNegatives TruePositives`),
  optimizers: words(`
    Adadelta Adafactor Adagrad Adam AdamW Adamax Ftrl Lamb Lion LossScaleOptimizer Muon Nadam RMSprop SGD
    ScheduleFreeAdamW`),
  schedules: words(`
    CosineDecay CosineDecayRestarts ExponentialDecay InverseTimeDecay PiecewiseConstantDecay PolynomialDecay`),
  initializers: words(`
    Constant GlorotNormal GlorotUniform HeNormal HeUniform Identity LecunNormal LecunUniform Ones Orthogonal RandomNormal
    RandomUniform STFT TruncatedNormal VarianceScaling Zeros`),
  regularizers: words("L1 L1L2 L2 OrthogonalRegularizer"),
  constraints: words("MaxNorm MinMaxNorm NonNeg UnitNorm"),
  callbacks: words(`
    BackupAndRestore CSVLogger EarlyStopping History LambdaCallback LearningRateScheduler ModelCheckpoint OrbaxCheckpoint
    ProgbarLogger ReduceLROnPlateau RemoteMonitor SwapEMAWeights TensorBoard TerminateOnNaN`),
} as const;
type Kind = keyof typeof keras;

/** Why something is missing: the first that matches. */
const reasons: readonly (readonly [pattern: RegExp, reason: string])[] = [
  [
    /^(Lambda|TFSMLayer|FlaxLayer|JaxLayer|TorchModuleWrapper)$/,
    "Python code, or a program of another framework: never run from a file",
  ],
  [
    /RNN|LSTM|GRU|Bidirectional|TimeDistributed/,
    "recurrent layers need loops over time, which the compiler has not yet",
  ],
  [/Attention|EinsumDense/, "a product of two tensors that both belong to a sample is not there yet"],
  [/Embedding|Masking/, "whole numbers and masks between layers are not there yet"],
  [
    /Lookup|Hash|CategoryEncoding|Discretization|TextVectorization/,
    "works on words or categories; float32 is the only kind of number between layers",
  ],
  [/Spectrogram|STFT/, "sound: there is no Fourier transform yet"],
  [
    /^(Random|AugMix|AutoContrast|Contrast|CutMix|Equalization|MixUp|Pipeline|RandAugment|Solarization|MaxNumBoundingBoxes)/,
    "augmentation beyond flips, turns, zooms, shifts, contrast and brightness is not there yet",
  ],
  [/^SpectralNormalization$/, "a wrapper that changes another layer's weights is not there yet"],
  [/^(Mean|Sum|MeanMetricWrapper)$/, "as functions: a metric of your own is a function of target and prediction"],
  [/^ProgbarLogger$/, "`verbose` of `fit` shows progress"],
  [/^(OrbaxCheckpoint|RemoteMonitor)$/, "needs a Python library or sends data over the network"],
  [/^LossScaleOptimizer$/, "for float16; `lossScaleFactor` of every optimizer scales the loss"],
];
const reasonFor = (name: string): string => reasons.find(([pattern]) => pattern.test(name))?.[1] ?? "not there yet";

/** Whether a function that looks up a class knows it. */
function knows(look: () => unknown): boolean {
  try {
    look();
    return true;
  } catch (error) {
    return error instanceof RhytonError && error.code !== "unknown-name";
  }
}

const isThere: { readonly [K in Kind]: (name: string) => boolean } = {
  layers: (name) => layerRegistry.has(name),
  losses: (name) => lossClasses.includes(name),
  metrics: (name) => metricClasses.includes(name),
  optimizers: (name) => optimizerClasses.includes(name),
  schedules: (name) => knows(() => scheduleFromConfig("coverage", name, {})),
  initializers: (name) => knows(() => initializerOf("coverage", "it", { class_name: name, config: {} })),
  regularizers: (name) => knows(() => regularizerOf("coverage", "it", { class_name: name, config: {} })),
  constraints: (name) => knows(() => constraintOf("coverage", "it", { class_name: name, config: {} })),
  callbacks: (name) => Object.hasOwn(callbacks, name),
};

interface Case {
  readonly class_name?: string;
  readonly kind?: string;
  readonly serialized?: { readonly class_name: string };
}

const fixtures = new URL("../../fixtures/", import.meta.url);
const casesIn = (file: string): Case[] =>
  (JSON.parse(readFileSync(new URL(file, fixtures), "utf8")) as { readonly cases: Case[] }).cases;
const nameOf = (c: Case): string => c.class_name ?? c.serialized?.class_name ?? "";
const hasGradient = (c: Case): boolean => Object.keys(c).some((key) => /^(grad|gradient)/.test(key));

const sources: { readonly [K in Kind]: () => Case[] } = {
  layers: () => [
    ...readdirSync(new URL("layers/", fixtures))
      .sort()
      .flatMap((file) => casesIn(`layers/${file}`)),
    ...casesIn("normalization.json"),
    ...casesIn("augmentation.json"),
  ],
  losses: () => casesIn("losses.json"),
  metrics: () => casesIn("metrics.json"),
  optimizers: () => casesIn("optimizers.json"),
  schedules: () => casesIn("schedules.json"),
  initializers: () => casesIn("initializers.json"),
  regularizers: () => casesIn("penalties.json"),
  constraints: () => casesIn("penalties.json"),
  callbacks: () => casesIn("callbacks.json"),
};

/** What a case holds, and what of it files hold. */
const notes: { readonly [K in Kind]: readonly [cases: string, saved: string] } = {
  layers: [
    "outputs, and gradients of inputs and weights. Layers that draw do nothing outside training; tests hold their draws against their distributions",
    "in random graphs saved by Keras and loaded here, and the other way",
  ],
  losses: [
    "value and gradient, over reductions, weights and masks",
    "compiled, saved, loaded, and trained on in Keras",
  ],
  metrics: ["value over batches, weighted and not", "compiled, saved, loaded, and measured in Keras"],
  optimizers: ["50 steps", "with all slots, saved after some steps and trained on in Keras, and the other way"],
  schedules: ["learning rates over 79 steps", "in an optimizer that is saved and trained on in Keras"],
  initializers: ["distribution and shape of the values", "in layers that are saved and loaded by Keras"],
  regularizers: ["value and gradient", "in layers that are saved and trained on in Keras"],
  constraints: ["values after a step", "in layers that are saved and trained on in Keras"],
  callbacks: ["decisions epoch by epoch", ""],
};

function table(kind: Kind): string {
  const counts = new Map<string, { cases: number; gradients: number }>();
  for (const c of sources[kind]()) {
    const count = counts.get(nameOf(c)) ?? { cases: 0, gradients: 0 };
    counts.set(nameOf(c), { cases: count.cases + 1, gradients: count.gradients + Number(hasGradient(c)) });
  }
  const there = keras[kind].filter(isThere[kind]);
  const missing = keras[kind].filter((name) => !isThere[kind](name));
  const [cases, saved] = notes[kind];
  const isLayers = kind === "layers";
  const rows = there.map((name) => {
    const count = counts.get(name) ?? { cases: 0, gradients: 0 };
    const shown = count.cases === 0 ? "–" : String(count.cases);
    const gradients = isLayers ? ` ${count.gradients === 0 ? "–" : count.gradients} |` : "";
    return `| ${name} | ${shown} |${gradients}${saved === "" ? "" : " yes |"}`;
  });
  const head = `| Class | Cases |${isLayers ? " With gradients |" : ""}${saved === "" ? "" : " Saved and loaded |"}`;
  const line = head.replace(/[^|]+/g, " --- ");
  const reasonsHere = new Map<string, string[]>();
  for (const name of missing) reasonsHere.set(reasonFor(name), [...(reasonsHere.get(reasonFor(name)) ?? []), name]);
  const title = kind.charAt(0).toUpperCase() + kind.slice(1);
  return [
    `## ${title}: ${there.length} of ${keras[kind].length}`,
    `Cases compared with Keras: ${cases}.${saved === "" ? "" : ` Saved and loaded: ${saved}.`}`,
    [head, line, ...rows].join("\n"),
    ...(missing.length === 0 ? [] : ["Missing:"]),
    ...(missing.length === 0
      ? []
      : [[...reasonsHere].map(([reason, names]) => `- ${names.join(", ")}: ${reason}.`).join("\n")]),
  ].join("\n\n");
}

/** The text of docs/coverage.md. */
export function coverage(): string {
  const kinds = Object.keys(keras) as Kind[];
  return `${[
    "# Coverage",
    "What of Keras 3.15 there is, how many cases are compared with Keras itself, and what is missing and why. " +
      "`npm run docs` writes this page from the code and the fixtures.",
    ...kinds.map(table),
    opsSection(),
    "## Ops between layers",
    `Files may hold these of \`keras.ops\` between layers: ${[...opClasses].sort().join(", ")}.`,
  ].join("\n\n")}\n`;
}
