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
import type { Config } from "./options.ts";
import {
  AveragePooling1D,
  AveragePooling2D,
  AveragePooling3D,
  MaxPooling1D,
  MaxPooling2D,
  MaxPooling3D,
} from "./pooling.ts";
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
  ["AdaptiveAveragePooling1D", AdaptiveAveragePooling1D],
  ["AdaptiveAveragePooling2D", AdaptiveAveragePooling2D],
  ["AdaptiveAveragePooling3D", AdaptiveAveragePooling3D],
  ["AdaptiveMaxPooling1D", AdaptiveMaxPooling1D],
  ["AdaptiveMaxPooling2D", AdaptiveMaxPooling2D],
  ["AdaptiveMaxPooling3D", AdaptiveMaxPooling3D],
  ["Add", Add],
  ["Average", Average],
  ["AveragePooling1D", AveragePooling1D],
  ["AveragePooling2D", AveragePooling2D],
  ["AveragePooling3D", AveragePooling3D],
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
  ["ELU", ELU],
  ["Flatten", Flatten],
  ["GlobalAveragePooling1D", GlobalAveragePooling1D],
  ["GlobalAveragePooling2D", GlobalAveragePooling2D],
  ["GlobalAveragePooling3D", GlobalAveragePooling3D],
  ["GlobalMaxPooling1D", GlobalMaxPooling1D],
  ["GlobalMaxPooling2D", GlobalMaxPooling2D],
  ["GlobalMaxPooling3D", GlobalMaxPooling3D],
  ["InputLayer", { fromConfig: inputLayerFromConfig }],
  ["LeakyReLU", LeakyReLU],
  ["MaxPooling1D", MaxPooling1D],
  ["MaxPooling2D", MaxPooling2D],
  ["MaxPooling3D", MaxPooling3D],
  ["Maximum", Maximum],
  ["Minimum", Minimum],
  ["Multiply", Multiply],
  ["PReLU", PReLU],
  ["Permute", Permute],
  ["ReLU", ReLU],
  ["RepeatVector", RepeatVector],
  ["Reshape", Reshape],
  ["SeparableConv1D", SeparableConv1D],
  ["SeparableConv2D", SeparableConv2D],
  ["Softmax", Softmax],
  ["Subtract", Subtract],
  ["UpSampling1D", UpSampling1D],
  ["UpSampling2D", UpSampling2D],
  ["UpSampling3D", UpSampling3D],
  ["ZeroPadding1D", ZeroPadding1D],
  ["ZeroPadding2D", ZeroPadding2D],
  ["ZeroPadding3D", ZeroPadding3D],
]);
