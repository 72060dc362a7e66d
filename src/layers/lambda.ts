/** Keras' `Lambda` from a file, with the caller's own function in place of the Python code. */

import type { Tensor } from "../graph/tensor.ts";
import { functionConfig } from "./activations.ts";
import { Layer, type LayerOptions } from "./layer.ts";
import type { Config } from "./options.ts";

/** What a Lambda computes: like the function in Python, with the layer's `arguments` as one object. */
export type LambdaFunction = (x: Tensor | readonly Tensor[], given: Config) => Tensor | readonly Tensor[];

/** Only files make it: in a model of one's own, functions are called as they are, or a class is written. */
export class Lambda extends Layer {
  readonly #apply: LambdaFunction;
  readonly #given: Config;

  constructor(apply: LambdaFunction, given: Config, options: LayerOptions) {
    super(options);
    this.#apply = apply;
    this.#given = given;
  }

  override get className(): string {
    return "Lambda";
  }

  call(x: Tensor | readonly Tensor[]): Tensor | readonly Tensor[] {
    return this.#apply(x, this.#given);
  }

  override getConfig(): Config {
    const named = functionConfig(this.where, "function", this.#apply);
    return { ...super.getConfig(), function: named, arguments: this.#given };
  }
}
