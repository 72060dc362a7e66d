/** Where samples enter a model. */
import { argumentError } from "../core/errors.ts";
import type { OpenShape, OpenTensor, Tensor } from "../graph/tensor.ts";
import { placeholder } from "../ops/index.ts";
import { Layer, type LayerCall, type LayerOptions } from "./layer.ts";
import { type Config, checkOptions, readConfig } from "./options.ts";
import type { Same } from "./rule.ts";

/** Holds the shape of what a model is fed. Made by `input`. */
export class InputLayer extends Layer<Same> {
  /** Without the batch axis; null where any size may come. */
  readonly shape: OpenShape;

  constructor(shape: OpenShape, options: LayerOptions = {}) {
    super(options);
    if (!Array.isArray(shape) || shape.some((size) => size !== null && (!Number.isInteger(size) || size < 1))) {
      throw argumentError({
        where: this.where,
        argument: "shape",
        value: shape,
        expected: "the sizes of one sample's axes, whole numbers of at least 1 or null for any, without the batch",
        fix: "For example input([28, 28, 1]).",
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
export function enterAt(layer: InputLayer, tensor: OpenTensor): LayerCall {
  return { layer, index: layer.calls.length, inputs: [], outputs: [tensor], listed: false };
}

/** As a tuple that can be written to, which is how shapes show best. */
type Plain<S extends OpenShape> = S extends readonly [...infer Sizes extends (number | null)[]] ? Sizes : never;

/** Options of `input`. */
export interface InputOptions {
  /** Data and files may call the input by it. */
  readonly name?: string;
}

/**
 * A symbolic sample of this shape, to call layers on.
 *
 * @param shape - without the batch axis: `input([28, 28, 1])` takes pictures of 28 × 28 with one channel. A size may be
 *   null, for any: `input([null, null, 3])` takes pictures of all sizes, those of one call being of one size. The model is
 *   then compiled for every size that comes, and keeps the programs of the eight that were used last.
 */
export function input<const S extends OpenShape>(shape: S, options: InputOptions = {}): Tensor<Plain<S>> {
  checkOptions("input", options, ["name"]);
  const layer = new InputLayer(shape, options);
  const tensor = placeholder(layer.shape as Plain<S>, layer.name);
  const call = enterAt(layer, tensor);
  layer.calls.push(call);
  tensor.origin = { call, output: 0 };
  return tensor;
}

/**
 * The layer from its config in a file. Whole numbers enter as float32, with the same values below 2^24: Keras' layers
 * convert them, too, before they compute.
 */
export function inputLayerFromConfig(config: Config): InputLayer {
  const { dtype, ...rest } = config;
  const isWhole = typeof dtype === "string" && /^u?int(8|16|32|64)$/.test(dtype);
  const known = ["name", "batchShape", "trainable"] as const;
  const { name, batchShape } = readConfig("InputLayer", isWhole ? rest : config, known);
  const shape = Array.isArray(batchShape) ? batchShape.slice(1) : batchShape;
  return new InputLayer(shape as OpenShape, { name: name as string | undefined });
}
