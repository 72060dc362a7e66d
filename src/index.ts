/**
 * The public names of `rhyton`, and nothing else. Data sets are in `rhyton/datasets`.
 */

// Arrays and errors
export { type DType, type NdArray, ndarray, type TypedArray } from "./core/array.ts";
export { RhytonError } from "./core/errors.ts";
export type { Beyond } from "./core/shape.ts";
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
// Explanations of layers and models
export type { Block } from "./explain/cells.ts";
export type { Cost } from "./explain/cost.ts";
export {
  type ExplainFormat,
  type ExplainLayerOptions,
  type ExplainOptions,
  type Explanation,
  explain,
  explainFormats,
} from "./explain/explain.ts";
export type { Cell, FieldExplanation, FieldStep } from "./explain/fields.ts";
export type { AxisExplanation, LayerExplanation } from "./explain/layer.ts";
export type { MirrorExplanation, ModelExplanation } from "./explain/model.ts";
// Functions of tensors and arrays
export type { ArrayLike, NestedNumbers, Numbers, Operand } from "./functions/arrays.ts";
/** Functions for layers, losses and metrics of your own, and for plain data: those of `keras.ops`. */
export * as ops from "./functions/index.ts";
// Layers
export type {
  Constraint,
  Initializer,
  OpenShape,
  OpenTensor,
  Regularizer,
  Shape,
  Tensor,
  Variable,
} from "./graph/tensor.ts";
export { type ActivationLayer, activation } from "./layers/activation.ts";
export {
  type ELU,
  type ELUOptions,
  eLU,
  type LeakyReLU,
  type LeakyReLUOptions,
  leakyReLU,
  type PReLU,
  type PReLUOptions,
  pReLU,
  type ReLU,
  type ReLUOptions,
  reLU,
  type Softmax,
  type SoftmaxOptions,
  softmax,
} from "./layers/activation-layers.ts";
export type { Activation, ActivationLike, ActivationName } from "./layers/activations.ts";
export {
  type AdaptiveAveragePooling1D,
  type AdaptiveAveragePooling2D,
  type AdaptiveAveragePooling3D,
  type AdaptiveMaxPooling1D,
  type AdaptiveMaxPooling2D,
  type AdaptiveMaxPooling3D,
  type AdaptivePooling,
  type AdaptivePoolingOptions,
  adaptiveAveragePooling1d,
  adaptiveAveragePooling2d,
  adaptiveAveragePooling3d,
  adaptiveMaxPooling1d,
  adaptiveMaxPooling2d,
  adaptiveMaxPooling3d,
} from "./layers/adaptive-pooling.ts";
export {
  type Factor,
  type FlipMode,
  type PictureOptions,
  type RandomFlip,
  type RandomRotation,
  type RandomTranslation,
  type RandomZoom,
  type RandomZoomOptions,
  randomFlip,
  randomRotation,
  randomTranslation,
  randomZoom,
  type SamplingOptions,
} from "./layers/augmentation.ts";
export {
  type ColourOptions,
  type RandomBrightness,
  type RandomContrast,
  randomBrightness,
  randomContrast,
} from "./layers/augmentation-colour.ts";
export type { FillMode, SampleInterpolation } from "./layers/augmentation-sampling.ts";
export {
  type BorderOptions,
  type Cropping,
  type Cropping1D,
  type Cropping2D,
  type Cropping3D,
  cropping1d,
  cropping2d,
  cropping3d,
  type ZeroPadding,
  type ZeroPadding1D,
  type ZeroPadding2D,
  type ZeroPadding3D,
  zeroPadding1d,
  zeroPadding2d,
  zeroPadding3d,
} from "./layers/borders.ts";
export { type Concatenate, type ConcatenateOptions, concatenate } from "./layers/concatenate.ts";
export {
  type Axes,
  type ConstraintLike,
  type ConstraintName,
  maxNorm,
  minMaxNorm,
  nonNeg,
  unitNorm,
} from "./layers/constraints.ts";
export {
  type Conv1D,
  type Conv1DOptions,
  type Conv2D,
  type Conv2DOptions,
  type Conv3D,
  type Conv3DOptions,
  type Convolution,
  type ConvolutionOptions,
  conv1d,
  conv2d,
  conv3d,
} from "./layers/convolution.ts";
export { type Dense, type DenseOptions, dense } from "./layers/dense.ts";
export {
  type DepthwiseConv1D,
  type DepthwiseConv1DOptions,
  type DepthwiseConv2D,
  type DepthwiseConv2DOptions,
  type DepthwiseConvolution,
  type DepthwiseOptions,
  depthwiseConv1d,
  depthwiseConv2d,
  type SeparableConv1D,
  type SeparableConv1DOptions,
  type SeparableConv2D,
  type SeparableConv2DOptions,
  type SeparableConvolution,
  type SeparableOptions,
  separableConv1d,
  separableConv2d,
} from "./layers/depthwise-convolution.ts";
export { type Dot, type DotAxes, type DotOptions, dot } from "./layers/dot.ts";
export {
  type GlobalAveragePooling1D,
  type GlobalAveragePooling2D,
  type GlobalAveragePooling3D,
  type GlobalMaxPooling1D,
  type GlobalMaxPooling2D,
  type GlobalMaxPooling3D,
  type GlobalPooling,
  type GlobalPoolingOptions,
  globalAveragePooling1d,
  globalAveragePooling2d,
  globalAveragePooling3d,
  globalMaxPooling1d,
  globalMaxPooling2d,
  globalMaxPooling3d,
} from "./layers/global-pooling.ts";
export { type Identity, identity } from "./layers/identity.ts";
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
export { type CallContext, Layer, type LayerOptions, type WeightOptions } from "./layers/layer.ts";
export {
  type Add,
  type Average,
  add,
  average,
  type Maximum,
  type Merge,
  type Minimum,
  type Multiply,
  maximum,
  minimum,
  multiply,
  type Subtract,
  subtract,
} from "./layers/merging.ts";
export {
  type GaussianDropout,
  type GaussianNoise,
  gaussianDropout,
  gaussianNoise,
  type RandomOptions,
} from "./layers/noise.ts";
export {
  type Axis,
  type GroupNormalization,
  type GroupNormalizationOptions,
  groupNormalization,
  type LayerNormalization,
  type LayerNormalizationOptions,
  layerNormalization,
  type NormalizationOptions,
  type RMSNormalization,
  type RMSNormalizationOptions,
  rmsNormalization,
  type UnitNormalization,
  type UnitNormalizationOptions,
  unitNormalization,
} from "./layers/normalization.ts";
export {
  type BatchNormalization,
  type BatchNormalizationOptions,
  batchNormalization,
} from "./layers/normalization-batch.ts";
export type { Config, DataFormat, None } from "./layers/options.ts";
export { pipe } from "./layers/pipe.ts";
export {
  type AveragePooling1D,
  type AveragePooling2D,
  type AveragePooling3D,
  averagePooling1d,
  averagePooling2d,
  averagePooling3d,
  type MaxPooling1D,
  type MaxPooling2D,
  type MaxPooling3D,
  maxPooling1d,
  maxPooling2d,
  maxPooling3d,
  type Pooling,
  type Pooling1DOptions,
  type Pooling2DOptions,
  type Pooling3DOptions,
  type PoolingOptions,
} from "./layers/pooling.ts";
export {
  type CenterCrop,
  type CenterCropOptions,
  centerCrop,
  type PerChannel,
  type Rescaling,
  type RescalingOptions,
  type Resizing,
  type ResizingOptions,
  rescaling,
  resizing,
} from "./layers/preprocessing.ts";
export {
  type Normalization,
  type NormalizationLayerOptions,
  normalization,
  type Statistics,
} from "./layers/preprocessing-normalization.ts";
export {
  type ActivityRegularization,
  type ActivityRegularizationOptions,
  type AlphaDropout,
  activityRegularization,
  alphaDropout,
  type Dropout,
  type DropoutOptions,
  dropout,
  type NoiseShape,
  type SpatialDropout1D,
  type SpatialDropout2D,
  type SpatialDropout3D,
  type SpatialDropoutOptions,
  spatialDropout1d,
  spatialDropout2d,
  spatialDropout3d,
} from "./layers/regularization.ts";
export {
  l1,
  l1l2,
  l2,
  orthogonalRegularizer,
  type RegularizerLike,
  type RegularizerName,
} from "./layers/regularizers.ts";
export {
  type Flatten,
  type FlattenOptions,
  flatten,
  type Permute,
  permute,
  type RepeatVector,
  type Reshape,
  repeatVector,
  reshape,
} from "./layers/reshaping.ts";
export type { Rule, Same, ShapeError, Shapes } from "./layers/rule.ts";
export type { PerAxis, Rank, Sizes } from "./layers/spatial.ts";
export type { SpatialOptions } from "./layers/spatial-layer.ts";
export {
  type Conv1DTranspose,
  type Conv1DTransposeOptions,
  type Conv2DTranspose,
  type Conv2DTransposeOptions,
  type Conv3DTranspose,
  type Conv3DTransposeOptions,
  type ConvolutionTranspose,
  type ConvolutionTransposeOptions,
  conv1dTranspose,
  conv2dTranspose,
  conv3dTranspose,
} from "./layers/transposed-convolution.ts";
export {
  type UpSampling,
  type UpSampling1D,
  type UpSampling1DOptions,
  type UpSampling2D,
  type UpSampling2DOptions,
  type UpSampling3D,
  type UpSampling3DOptions,
  upSampling1d,
  upSampling2d,
  upSampling3d,
} from "./layers/upsampling.ts";
// Files of several arrays
export { readNpz, writeNpz } from "./saving/npz.ts";
// Models and training
export {
  BackupAndRestore,
  type BackupAndRestoreOptions,
  type Callback,
  CSVLogger,
  EarlyStopping,
  type EarlyStoppingOptions,
  type History,
  LambdaCallback,
  LearningRateScheduler,
  type Logs,
  ModelCheckpoint,
  type ModelCheckpointOptions,
  ReduceLROnPlateau,
  type ReduceLROnPlateauOptions,
  SwapEMAWeights,
  TensorBoard,
  type TensorBoardOptions,
  TerminateOnNaN,
  type TrainingParams,
} from "./training/callbacks.ts";
export type { CompileOptions, LossLike } from "./training/compile.ts";
export type { Arrays } from "./training/data.ts";
export type { Batch, InputBatch } from "./training/feeding.ts";
export type {
  BatchFitOptions,
  EvaluateOptions,
  FitOptions,
  OnBatchOptions,
  RunOptions,
  ValidationData,
  Verbose,
} from "./training/fit-options.ts";
export { type CustomObject, type LayerClass, type LoadOptions, loadModel } from "./training/load.ts";
export type { LossName } from "./training/loss-names.ts";
/** Losses by their names in Keras, in camelCase. */
export * as losses from "./training/losses.ts";
export {
  binaryCrossentropy,
  type CrossentropyOptions,
  categoricalCrossentropy,
  type Judge,
  type Loss,
  type LossFunction,
  meanAbsoluteError,
  meanSquaredError,
  sparseCategoricalCrossentropy,
} from "./training/losses.ts";
export { model, type Sequential, sequential } from "./training/make-model.ts";
export type { MetricLike, MetricName } from "./training/metric-names.ts";
/** Metrics by their names in Keras, in camelCase. */
export * as metrics from "./training/metrics.ts";
export {
  binaryAccuracy,
  categoricalAccuracy,
  type Metric,
  sparseCategoricalAccuracy,
} from "./training/metrics.ts";
export type { Model } from "./training/model.ts";
export type { ModelOptions, SummaryOptions } from "./training/model-types.ts";
export type { Optimizer } from "./training/optimizer.ts";
export type { LearningRate, OptimizerOptions } from "./training/optimizer-options.ts";
export {
  type AdadeltaOptions,
  type AdagradOptions,
  type AdamOptions,
  adadelta,
  adagrad,
  adam,
  adamax,
  adamw,
  type BetaOptions,
  type FtrlOptions,
  ftrl,
  type LionOptions,
  lamb,
  lion,
  nadam,
  type OptimizerName,
  type RmspropOptions,
  rmsprop,
  type SgdOptions,
  sgd,
} from "./training/optimizers.ts";
export {
  cosineDecay,
  cosineDecayRestarts,
  exponentialDecay,
  inverseTimeDecay,
  piecewiseConstantDecay,
  polynomialDecay,
  type Schedule,
} from "./training/schedules.ts";
export { type Stage, show, stages } from "./training/show.ts";
export type { TrainingState } from "./training/state.ts";
export type { WeightFormat } from "./training/weights-file.ts";
