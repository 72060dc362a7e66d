/** Where samples enter a model. */
import { argumentError } from "../core/errors.ts";
import type { Shape, Tensor } from "../graph/tensor.ts";
import { placeholder } from "../ops/index.ts";
import { Layer, type LayerCall, type LayerOptions } from "./layer.ts";
import { type Config, checkOptions, readConfig } from "./options.ts";
import type { Same } from "./rule.ts";

/** Holds the shape of what a model is fed. Made by `input`. */
export class InputLayer extends Layer<Same> {
  /** Without the batch axis. */
  readonly shape: Shape;

  constructor(shape: Shape, options: LayerOptions = {}) {
    super(options);
    if (!Array.isArray(shape) || shape.some((size) => !Number.isInteger(size) || size < 1)) {
      throw argumentError({
        where: this.where,
        argument: "shape",
        value: shape,
        expected: "the sizes of one sample's axes, whole numbers of at least 1, without the batch",
      });
    }
    this.shape = [...shape];
  }

  override get className(): string {
    return "InputLayer";
  }

  call(x: Tensor): Tensor {
    return x;
  }

  override getConfig(): Config {
    return { batch_shape: [null, ...this.shape], dtype: "float32", sparse: false, name: this.name };
  }
}

/** Records that `tensor` is what the layer gives. */
export function enterAt(layer: InputLayer, tensor: Tensor): LayerCall {
  return { layer, index: layer.calls.length, inputs: [], outputs: [tensor], listed: false };
}

/** As a tuple that can be written to, which is how shapes show best. */
type Plain<S extends Shape> = S extends readonly [...infer Sizes extends number[]] ? Sizes : never;

/** Options of `input`. */
export interface InputOptions {
  /** Data and files may call the input by it. */
  readonly name?: string;
}

/**
 * A symbolic sample of this shape, to call layers on.
 *
 * @param shape - without the batch axis: `input([28, 28, 1])` takes pictures of 28 × 28 with one channel.
 */
export function input<const S extends Shape>(shape: S, options: InputOptions = {}): Tensor<Plain<S>> {
  checkOptions("input", options, ["name"]);
  const layer = new InputLayer(shape, options);
  const tensor = placeholder(layer.shape, layer.name) as Tensor<Plain<S>>;
  const call = enterAt(layer, tensor);
  layer.calls.push(call);
  tensor.origin = { call, output: 0 };
  return tensor;
}

/** The layer from its config in a file. */
export function inputLayerFromConfig(config: Config): InputLayer {
  const { name, batchShape } = readConfig("InputLayer", config, ["name", "batchShape", "trainable"]);
  const shape = Array.isArray(batchShape) ? batchShape.slice(1) : batchShape;
  return new InputLayer(shape as Shape, { name: name as string | undefined });
}
