/** `explain`: what a layer, or a model, does to the sizes of its input, and why. */
import { argumentError, unknownName } from "../core/errors.ts";
import type { Shape } from "../graph/tensor.ts";
import { checkLayer, type Layer } from "../layers/layer.ts";
import { type Holder, isHolder } from "../layers/network-runs.ts";
import { checkOptions } from "../layers/options.ts";
import { type FieldOptions, fieldsOf, type Named } from "./fields.ts";
import { type LayerExplanation, layerBetween } from "./layer.ts";
import { layerMarkdown, modelMarkdown } from "./markdown.ts";
import { layerExplained, type ModelExplanation, networkExplained, pictureOf } from "./model.ts";
import { layerSvg, modelSvg } from "./svg.ts";
import { layerText, modelText } from "./text.ts";

/** What an explanation is printed as. */
export const explainFormats = ["text", "json", "markdown", "svg"] as const;

/** `"text"` for a terminal, `"json"` the data itself, `"markdown"` tables, `"svg"` a drawing. */
export type ExplainFormat = (typeof explainFormats)[number];

/** What `explain` answers. */
export type Explanation = LayerExplanation | ModelExplanation;

/** Options of `explain`. */
export interface ExplainOptions extends FieldOptions {
  /** What is printed. Default `"text"`. */
  readonly format?: ExplainFormat;
  /** Gets what is printed. Default `console.log`. */
  readonly print?: (text: string) => void;
}

/** Options of `explain` for one layer of a model. */
export interface ExplainLayerOptions extends ExplainOptions {
  /** The name of a layer of the model. `encoder/conv2d` lies in a model that is a layer; `conv2d (run 2)` is a second call. */
  readonly layer: string;
}

/**
 * Explains one layer of a model, as below, at the sizes that it has there. Cells are followed through the whole model.
 *
 * @throws RhytonError as below, and `unknown-name` when the model has no layer of that name.
 * @example
 * explain(autoencoder, undefined, { layer: "max_pooling2d_2", cell: [0, 0] });
 */
export function explain(
  model: Holder,
  shape: Shape | readonly Shape[] | undefined,
  options: ExplainLayerOptions,
): LayerExplanation;
/**
 * Explains a model: every layer as below, what all of it costs, the receptive field of a cell if one is given, and, where
 * the output has other sizes than the input, which change of a layer would restore them.
 * Prints it, and answers it as data.
 *
 * @param shape - of the input, without the batch; needed where the model takes any size, and allowed where its layers
 *   take other sizes than it was made for. A list of shapes for several inputs.
 * @throws RhytonError `shape` when a layer does not take it, `argument` for a cell that there is not, `not-built` for a
 *   sequential model that does not know its input.
 * @example
 * explain(autoencoder, undefined, { cell: [14, 14] });
 */
export function explain(model: Holder, shape?: Shape | readonly Shape[], options?: ExplainOptions): ModelExplanation;
/**
 * Explains a layer: for each spatial axis the sizes, the formula with the numbers put in, padding before and after and
 * what it is made of, the cells that each window reads, those that none or several read; and what the layer costs.
 * Prints it, and answers it as data. The layer stays as it was; it need not be built.
 *
 * @param shape - of an input, without the batch: `[28, 28, 1]`. A list of shapes for a layer with several inputs.
 * @throws RhytonError `shape` when the layer does not take it, `argument` for a cell that there is not.
 * @example
 * explain(maxPooling2d(2, { padding: "same" }), [7, 7, 8]);
 */
export function explain(layer: Layer, shape: Shape | readonly Shape[], options?: ExplainOptions): LayerExplanation;
export function explain(
  what: Layer | Holder,
  shape?: Shape | readonly Shape[],
  options: ExplainOptions & Partial<ExplainLayerOptions> = {},
): Explanation {
  checkLayer("explain", "what is explained", what);
  checkOptions("explain", options, ["format", "print", "cell", "output", "inputCell", "input", "layer"]);
  const { format = "text", print = console.log } = options;
  if (!explainFormats.includes(format)) {
    throw unknownName({ where: "explain", what: "format", name: String(format), choices: explainFormats });
  }
  const explanation = explained(what, shape, options);
  print(printed(explanation, format));
  return explanation;
}

function explained(
  what: Layer | Holder,
  shape: Shape | readonly Shape[] | undefined,
  options: FieldOptions & Partial<ExplainLayerOptions>,
): Explanation {
  const { layer: own } = options;
  if (isHolder(what)) {
    const shapes = shape === undefined ? undefined : checkShapes(shape);
    if (own === undefined) return networkExplained(what.name, what.network, shapes, options);
    if (typeof own === "string") return layerExplained(own, what.network, shapes, options);
    throw argumentError({ where: "explain", argument: "layer", value: own, expected: "the name of a layer" });
  }
  if (own !== undefined) {
    throw argumentError({
      where: "explain",
      argument: "layer",
      value: own,
      expected: "nothing, since this is a layer",
    });
  }
  return what.preview(checkShapes(shape), (inputs, outputs) => {
    const span = { layer: what, name: what.name, inputs, outputs };
    const named =
      (kind: string) =>
      (tensor: Named["tensor"]): Named => ({ name: kind, tensor });
    const [from, to] = [inputs.map(named("input")), outputs.map(named("output"))];
    const layer = layerBetween(span);
    const flow = { inputs: from, outputs: to, later: [], between: [...from, ...to], picture: pictureOf([layer]) };
    return { ...layer, fields: fieldsOf(flow, options) };
  });
}

const shapeExpected = "the sizes of an input without the batch, whole numbers of at least 1: [28, 28, 1]";

function checkShapes(shape: unknown): readonly Shape[] {
  const list: readonly unknown[] = Array.isArray(shape) && Array.isArray(shape[0]) ? shape : [shape];
  const isShape = (value: unknown): value is Shape =>
    Array.isArray(value) && value.every((size) => Number.isInteger(size) && size > 0);
  if (list.length > 0 && list.every(isShape)) return list;
  throw argumentError({ where: "explain", argument: "shape", value: shape, expected: shapeExpected });
}

/** An explanation as text of a format. */
function printed(explanation: Explanation, format: ExplainFormat): string {
  const isModel = explanation.kind === "model";
  switch (format) {
    case "text":
      return (isModel ? modelText(explanation) : layerText(explanation)).join("\n").trimEnd();
    case "json":
      return JSON.stringify(explanation, undefined, 2);
    case "markdown":
      return (isModel ? modelMarkdown(explanation) : layerMarkdown(explanation)).join("\n").trimEnd();
    case "svg":
      return isModel ? modelSvg(explanation) : layerSvg(explanation);
  }
}
