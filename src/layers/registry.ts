/** Layers by the names of their classes in Keras: how files name them. */

import { ActivationLayer } from "./activation.ts";
import { ELU, LeakyReLU, PReLU, ReLU, Softmax } from "./activation-layers.ts";
import {
  AdaptiveAveragePooling1D,
  AdaptiveAveragePooling2D,
  AdaptiveAveragePooling3D,
  AdaptiveMaxPooling1D,
  AdaptiveMaxPooling2D,
  AdaptiveMaxPooling3D,
} from "./adaptive-pooling.ts";
import { RandomFlip, RandomRotation, RandomTranslation, RandomZoom } from "./augmentation.ts";
import { RandomBrightness, RandomContrast } from "./augmentation-colour.ts";
import { Cropping1D, Cropping2D, Cropping3D, ZeroPadding1D, ZeroPadding2D, ZeroPadding3D } from "./borders.ts";
import { Conv1D, Conv2D, Conv3D } from "./convolution.ts";
import { Dense } from "./dense.ts";
import { DepthwiseConv1D, DepthwiseConv2D, SeparableConv1D, SeparableConv2D } from "./depthwise-convolution.ts";
import {
  GlobalAveragePooling1D,
  GlobalAveragePooling2D,
  GlobalAveragePooling3D,
  GlobalMaxPooling1D,
  GlobalMaxPooling2D,
  GlobalMaxPooling3D,
} from "./global-pooling.ts";
import { inputLayerFromConfig } from "./input.ts";
import type { Layer } from "./layer.ts";
import { Add, Average, Concatenate, Dot, Maximum, Minimum, Multiply, Subtract } from "./merging.ts";
import { GaussianDropout, GaussianNoise } from "./noise.ts";
import { GroupNormalization, LayerNormalization, RMSNormalization, UnitNormalization } from "./normalization.ts";
import { BatchNormalization } from "./normalization-batch.ts";
import type { Config } from "./options.ts";
import {
  AveragePooling1D,
  AveragePooling2D,
  AveragePooling3D,
  MaxPooling1D,
  MaxPooling2D,
  MaxPooling3D,
} from "./pooling.ts";
import { CenterCrop, Rescaling, Resizing } from "./preprocessing.ts";
import { Normalization } from "./preprocessing-normalization.ts";
import {
  ActivityRegularization,
  AlphaDropout,
  Dropout,
  SpatialDropout1D,
  SpatialDropout2D,
  SpatialDropout3D,
} from "./regularization.ts";
import { Flatten, Permute, RepeatVector, Reshape } from "./reshaping.ts";
import { Conv1DTranspose, Conv2DTranspose, Conv3DTranspose } from "./transposed-convolution.ts";
import { UpSampling1D, UpSampling2D, UpSampling3D } from "./upsampling.ts";

/** How a layer is made from what `getConfig` gave. */
export interface LayerRecord {
  /** @throws RhytonError when the config asks for something that Rhyton has not, naming layer and key. */
  readonly fromConfig: (config: Config) => Layer;
}

/** Every layer that a file may name. A map, since names come from files. */
export const layerRegistry: ReadonlyMap<string, LayerRecord> = new Map<string, LayerRecord>([
  ["Activation", ActivationLayer],
  ["ActivityRegularization", ActivityRegularization],
  ["AdaptiveAveragePooling1D", AdaptiveAveragePooling1D],
  ["AdaptiveAveragePooling2D", AdaptiveAveragePooling2D],
  ["AdaptiveAveragePooling3D", AdaptiveAveragePooling3D],
  ["AdaptiveMaxPooling1D", AdaptiveMaxPooling1D],
  ["AdaptiveMaxPooling2D", AdaptiveMaxPooling2D],
  ["AdaptiveMaxPooling3D", AdaptiveMaxPooling3D],
  ["Add", Add],
  ["AlphaDropout", AlphaDropout],
  ["Average", Average],
  ["AveragePooling1D", AveragePooling1D],
  ["AveragePooling2D", AveragePooling2D],
  ["AveragePooling3D", AveragePooling3D],
  ["BatchNormalization", BatchNormalization],
  ["CenterCrop", CenterCrop],
  ["Concatenate", Concatenate],
  ["Conv1D", Conv1D],
  ["Conv1DTranspose", Conv1DTranspose],
  ["Conv2D", Conv2D],
  ["Conv2DTranspose", Conv2DTranspose],
  ["Conv3D", Conv3D],
  ["Conv3DTranspose", Conv3DTranspose],
  ["Cropping1D", Cropping1D],
  ["Cropping2D", Cropping2D],
  ["Cropping3D", Cropping3D],
  ["Dense", Dense],
  ["DepthwiseConv1D", DepthwiseConv1D],
  ["DepthwiseConv2D", DepthwiseConv2D],
  ["Dot", Dot],
  ["Dropout", Dropout],
  ["ELU", ELU],
  ["Flatten", Flatten],
  ["GaussianDropout", GaussianDropout],
  ["GaussianNoise", GaussianNoise],
  ["GlobalAveragePooling1D", GlobalAveragePooling1D],
  ["GlobalAveragePooling2D", GlobalAveragePooling2D],
  ["GlobalAveragePooling3D", GlobalAveragePooling3D],
  ["GlobalMaxPooling1D", GlobalMaxPooling1D],
  ["GlobalMaxPooling2D", GlobalMaxPooling2D],
  ["GlobalMaxPooling3D", GlobalMaxPooling3D],
  ["GroupNormalization", GroupNormalization],
  ["InputLayer", { fromConfig: inputLayerFromConfig }],
  ["LayerNormalization", LayerNormalization],
  ["LeakyReLU", LeakyReLU],
  ["MaxPooling1D", MaxPooling1D],
  ["MaxPooling2D", MaxPooling2D],
  ["MaxPooling3D", MaxPooling3D],
  ["Maximum", Maximum],
  ["Minimum", Minimum],
  ["Multiply", Multiply],
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
  ["SeparableConv1D", SeparableConv1D],
  ["SeparableConv2D", SeparableConv2D],
  ["Softmax", Softmax],
  ["SpatialDropout1D", SpatialDropout1D],
  ["SpatialDropout2D", SpatialDropout2D],
  ["SpatialDropout3D", SpatialDropout3D],
  ["Subtract", Subtract],
  ["UnitNormalization", UnitNormalization],
  ["UpSampling1D", UpSampling1D],
  ["UpSampling2D", UpSampling2D],
  ["UpSampling3D", UpSampling3D],
  ["ZeroPadding1D", ZeroPadding1D],
  ["ZeroPadding2D", ZeroPadding2D],
  ["ZeroPadding3D", ZeroPadding3D],
]);
