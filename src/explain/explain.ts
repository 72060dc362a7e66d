/** `explain`: what a layer, or a model, does to the sizes of its input, and why. */
import { argumentError } from "../core/errors.ts";
import type { Shape } from "../graph/tensor.ts";
import { checkLayer, type Layer } from "../layers/layer.ts";
import { checkOptions } from "../layers/options.ts";
import { type LayerExplanation, layerBetween } from "./layer.ts";
import { layerText } from "./text.ts";

/** Options of `explain`. */
export interface ExplainOptions {
  /** Gets the text. Default `console.log`. */
  readonly print?: (text: string) => void;
}

/**
 * Explains a layer: for each spatial axis the sizes, the formula with the numbers put in, padding before and after and
 * what it is made of, the cells that each window reads, those that none or several read; and what the layer costs.
 * Prints it as text, and answers it as data. The layer stays as it was; it need not be built.
 *
 * @param shape - of an input, without the batch: `[28, 28, 1]`. A list of shapes for a layer with several inputs.
 * @throws RhytonError `shape` when the layer does not take it.
 * @example
 * explain(maxPooling2d(2, { padding: "same" }), [7, 7, 8]);
 */
export function explain(layer: Layer, shape: Shape | readonly Shape[], options: ExplainOptions = {}): LayerExplanation {
  checkLayer("explain", "what is explained", layer);
  checkOptions("explain", options, ["print"]);
  const { print = console.log } = options;
  const explanation = layer.preview(checkShapes(shape), (inputs, outputs) =>
    layerBetween({ layer, name: layer.name, inputs, outputs }),
  );
  print(layerText(explanation).join("\n").trimEnd());
  return explanation;
}

function checkShapes(shape: unknown): readonly Shape[] {
  const list: readonly unknown[] = Array.isArray(shape) && Array.isArray(shape[0]) ? shape : [shape];
  const isShape = (value: unknown): value is Shape =>
    Array.isArray(value) && value.every((size) => Number.isInteger(size) && size > 0);
  if (list.length > 0 && list.every(isShape)) return list;
  throw argumentError({
    where: "explain",
    argument: "shape",
    value: shape,
    expected: "the sizes of an input without the batch, whole numbers of at least 1: [28, 28, 1]",
  });
}
