/** Layers by the names of their classes in Keras: how files name them. */

import { ActivationLayer } from "./activation.ts";
import { ELU, LeakyReLU, PReLU, ReLU, Softmax } from "./activation-layers.ts";
import { adaptivePoolingRecords } from "./adaptive-pooling.ts";
import { RandomFlip, RandomRotation, RandomTranslation, RandomZoom } from "./augmentation.ts";
import { RandomBrightness, RandomContrast } from "./augmentation-colour.ts";
import { borderRecords } from "./borders.ts";
import { Concatenate } from "./concatenate.ts";
import { convolutionRecords } from "./convolution.ts";
import { Dense } from "./dense.ts";
import { depthwiseRecords } from "./depthwise-convolution.ts";
import { Dot } from "./dot.ts";
import { globalPoolingRecords } from "./global-pooling.ts";
import { Identity } from "./identity.ts";
import { inputLayerFromConfig } from "./input.ts";
import { mergeRecords } from "./merging.ts";
import { GaussianDropout, GaussianNoise } from "./noise.ts";
import { GroupNormalization, LayerNormalization, RMSNormalization, UnitNormalization } from "./normalization.ts";
import { BatchNormalization } from "./normalization-batch.ts";
import { poolingRecords } from "./pooling.ts";
import { CenterCrop, Rescaling, Resizing } from "./preprocessing.ts";
import { Normalization } from "./preprocessing-normalization.ts";
import type { ArgumentsRecord, LayerRecord } from "./record.ts";
import {
  ActivityRegularization,
  AlphaDropout,
  Dropout,
  SpatialDropout1D,
  SpatialDropout2D,
  SpatialDropout3D,
} from "./regularization.ts";
import { Flatten, Permute, RepeatVector, Reshape } from "./reshaping.ts";
import { convolutionTransposeRecords } from "./transposed-convolution.ts";
import { upSamplingRecords } from "./upsampling.ts";

/** The layers with windows over signals, pictures and volumes. */
export const windowLayers: ReadonlyMap<string, ArgumentsRecord> = new Map([
  ...convolutionRecords,
  ...depthwiseRecords,
  ...convolutionTransposeRecords,
  ...poolingRecords,
  ...globalPoolingRecords,
  ...adaptivePoolingRecords,
  ...upSamplingRecords,
  ...borderRecords,
]);

/** Every layer that a file may name. A map, since names come from files. */
export const layerRegistry: ReadonlyMap<string, LayerRecord> = new Map<string, LayerRecord>([
  ...windowLayers,
  ...mergeRecords,
  ["Activation", ActivationLayer],
  ["ActivityRegularization", ActivityRegularization],
  ["AlphaDropout", AlphaDropout],
  ["BatchNormalization", BatchNormalization],
  ["CenterCrop", CenterCrop],
  ["Concatenate", Concatenate],
  ["Dense", Dense],
  ["Dot", Dot],
  ["Dropout", Dropout],
  ["ELU", ELU],
  ["Flatten", Flatten],
  ["GaussianDropout", GaussianDropout],
  ["GaussianNoise", GaussianNoise],
  ["GroupNormalization", GroupNormalization],
  ["Identity", Identity],
  ["InputLayer", { fromConfig: inputLayerFromConfig }],
  ["LayerNormalization", LayerNormalization],
  ["LeakyReLU", LeakyReLU],
  ["Normalization", Normalization],
  ["PReLU", PReLU],
  ["Permute", Permute],
  ["RMSNormalization", RMSNormalization],
  ["RandomBrightness", RandomBrightness],
  ["RandomContrast", RandomContrast],
  ["RandomFlip", RandomFlip],
  ["RandomRotation", RandomRotation],
  ["RandomTranslation", RandomTranslation],
  ["RandomZoom", RandomZoom],
  ["ReLU", ReLU],
  ["RepeatVector", RepeatVector],
  ["Rescaling", Rescaling],
  ["Reshape", Reshape],
  ["Resizing", Resizing],
  ["Softmax", Softmax],
  ["SpatialDropout1D", SpatialDropout1D],
  ["SpatialDropout2D", SpatialDropout2D],
  ["SpatialDropout3D", SpatialDropout3D],
  ["UnitNormalization", UnitNormalization],
]);
