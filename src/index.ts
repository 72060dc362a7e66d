/**
 * The public names of `rhyton`, and nothing else. Data sets are in `rhyton/datasets`.
 */

// Arrays and errors
export { type DType, type NdArray, ndarray, type TypedArray } from "./core/array.ts";
export { RhytonError } from "./core/errors.ts";
// Arithmetic on sizes, for the rules of layers of your own
export type { CeilDivide, FloorDivide, Minus, Plus, Product, Times } from "./core/shape-types.ts";
export { VERSION } from "./core/version.ts";
// Files of arrays and pictures
export { readNpy, writeNpy } from "./data/npy.ts";
export { type ReconstructionSheet, reconstructionSheet } from "./data/pictures.ts";
// Devices
export type { Device } from "./device/device.ts";
export { interp } from "./device/interp.ts";
export { type WasmOptions, wasm } from "./device/wasm/device.ts";
// Layers
export type { Initializer, Shape, Tensor, Variable } from "./graph/tensor.ts";
export { type ActivationLayer, activation } from "./layers/activation.ts";
export type { Activation, ActivationLike, ActivationName } from "./layers/activations.ts";
export { type Conv2D, type Conv2DOptions, conv2d } from "./layers/convolution.ts";
export { type Dense, type DenseOptions, dense } from "./layers/dense.ts";
export {
  constant,
  glorotNormal,
  glorotUniform,
  heNormal,
  heUniform,
  type InitializerLike,
  type InitializerName,
  lecunNormal,
  lecunUniform,
  ones,
  orthogonal,
  randomNormal,
  randomUniform,
  truncatedNormal,
  varianceScaling,
  zeros,
} from "./layers/initializers.ts";
export { type InputOptions, input } from "./layers/input.ts";
export { type CallContext, Layer, type LayerOptions } from "./layers/layer.ts";
export type { Config, DataFormat, Pair } from "./layers/options.ts";
export { pipe } from "./layers/pipe.ts";
export {
  type AveragePooling2D,
  averagePooling2d,
  type MaxPooling2D,
  maxPooling2d,
  type Pooling2DOptions,
} from "./layers/pooling.ts";
export { type Flatten, type FlattenOptions, flatten, type Reshape, reshape } from "./layers/reshaping.ts";
export type { Rule, Same, ShapeError, Shapes } from "./layers/rule.ts";
export { type UpSampling2D, type UpSampling2DOptions, upSampling2d } from "./layers/upsampling.ts";
/** Functions of tensors, for layers and losses of your own. Axes are counted without the batch. */
export * as ops from "./ops/index.ts";
// Models and training
export { type Callback, CSVLogger, type History, type Logs } from "./training/callbacks.ts";
export type { CompileOptions, LossLike } from "./training/compile.ts";
export type { Arrays } from "./training/data.ts";
export type { FitOptions, RunOptions, Verbose } from "./training/fit-options.ts";
export { type LayerClass, type LoadOptions, loadModel } from "./training/load.ts";
export {
  binaryCrossentropy,
  type CrossentropyOptions,
  categoricalCrossentropy,
  type Loss,
  type LossFunction,
  type LossName,
  meanAbsoluteError,
  meanSquaredError,
  sparseCategoricalCrossentropy,
} from "./training/losses.ts";
export { model, type Sequential, sequential } from "./training/make-model.ts";
export {
  binaryAccuracy,
  categoricalAccuracy,
  type Metric,
  type MetricLike,
  type MetricName,
  sparseCategoricalAccuracy,
} from "./training/metrics.ts";
export type { Model } from "./training/model.ts";
export type { ModelOptions, SummaryOptions } from "./training/model-types.ts";
export type { LearningRate, Optimizer, OptimizerOptions } from "./training/optimizer.ts";
export { type AdamOptions, adam, type OptimizerName, type SgdOptions, sgd } from "./training/optimizers.ts";
export { type Stage, show, stages } from "./training/show.ts";
