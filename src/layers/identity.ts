/** A layer that answers what it is given: Keras' `Identity`. */
import type { Tensor } from "../graph/tensor.ts";
import { identity as same } from "../ops/index.ts";
import { Layer, type LayerOptions, layerOptions } from "./layer.ts";
import { type Config, checkOptions, readConfig } from "./options.ts";
import type { Same } from "./rule.ts";

/** The layer that `identity` makes: Keras' `Identity`. */
export class Identity extends Layer<Same> {
  constructor(options: LayerOptions = {}) {
    super(options);
    checkOptions(this.where, options, layerOptions);
  }

  override get className(): string {
    return "Identity";
  }

  call(x: Tensor): Tensor {
    return same(x);
  }

  static fromConfig(config: Config): Identity {
    return new Identity(readConfig("Identity", config, layerOptions));
  }
}

/** What it is given, unchanged: a place with a name, or a branch in which nothing is done. */
export const identity = (options?: LayerOptions): Identity => new Identity(options);
