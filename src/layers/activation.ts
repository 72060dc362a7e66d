/** An activation as a layer of its own. */
import { argumentError } from "../core/errors.ts";
import type { Tensor } from "../graph/tensor.ts";
import { type Activation, type ActivationLike, activationConfig, activationOf } from "./activations.ts";
import { Layer, type LayerOptions, layerOptions } from "./layer.ts";
import { type Config, checkOptions, readConfig } from "./options.ts";
import type { Same } from "./rule.ts";

/** The layer that `activation` makes: Keras' `Activation`. */
export class ActivationLayer extends Layer<Same> {
  readonly activation: Activation;

  constructor(activation: NonNullable<ActivationLike>, options: LayerOptions = {}) {
    super(options);
    checkOptions(this.where, options, layerOptions);
    if (activation === undefined) {
      throw argumentError({ where: this.where, argument: "activation", value: activation, expected: "a name" });
    }
    this.activation = activationOf(this.where, activation);
  }

  override get className(): string {
    return "Activation";
  }

  call(x: Tensor): Tensor {
    return this.activation.apply(x);
  }

  override getConfig(): Config {
    return { ...super.getConfig(), activation: activationConfig(this.where, this.activation) };
  }

  static fromConfig(config: Config): ActivationLayer {
    const { activation, ...options } = readConfig("Activation", config, ["activation", ...layerOptions]);
    return new ActivationLayer(activation as NonNullable<ActivationLike>, options);
  }
}

/** A function of every value: `activation("relu")`. */
export const activation = (name: NonNullable<ActivationLike>, options?: LayerOptions): ActivationLayer =>
  new ActivationLayer(name, options);
