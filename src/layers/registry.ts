/** Layers by the names of their classes in Keras: how files name them. */
import { ActivationLayer } from "./activation.ts";
import { Conv2D } from "./convolution.ts";
import { Dense } from "./dense.ts";
import { inputLayerFromConfig } from "./input.ts";
import type { Layer } from "./layer.ts";
import type { Config } from "./options.ts";
import { AveragePooling2D, MaxPooling2D } from "./pooling.ts";
import { Flatten, Reshape } from "./reshaping.ts";
import { UpSampling2D } from "./upsampling.ts";

/** How a layer is made from what `getConfig` gave. */
export interface LayerRecord {
  /** @throws RhytonError when the config asks for something that Rhyton has not, naming layer and key. */
  readonly fromConfig: (config: Config) => Layer;
}

/** Every layer that a file may name. A map, since names come from files. */
export const layerRegistry: ReadonlyMap<string, LayerRecord> = new Map<string, LayerRecord>([
  ["Activation", ActivationLayer],
  ["AveragePooling2D", AveragePooling2D],
  ["Conv2D", Conv2D],
  ["Dense", Dense],
  ["Flatten", Flatten],
  ["InputLayer", { fromConfig: inputLayerFromConfig }],
  ["MaxPooling2D", MaxPooling2D],
  ["Reshape", Reshape],
  ["UpSampling2D", UpSampling2D],
]);
