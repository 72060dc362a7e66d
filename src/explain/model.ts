/** A model explained: every layer between its tensors, costs, and what would make it restore the sizes of its input. */
import { sizeOf } from "../core/array.ts";
import { argumentError, unknownName } from "../core/errors.ts";
import { type Shape, Tensor } from "../graph/tensor.ts";
import { mirrorAdvice, mirrorWords } from "../layers/mirror.ts";
import type { Network } from "../layers/network.ts";
import { classNameOf } from "../layers/network-names.ts";
import { layerNameIn, type Run, type Runs, runsOf } from "../layers/network-runs.ts";
import { type Cost, costOf, sumOfCosts } from "./cost.ts";
import { type FieldExplanation, type FieldOptions, fieldsOf, type Named } from "./fields.ts";
import { type LayerExplanation, layerBetween } from "./layer.ts";

/** Whether a model gives the sizes that went in, and what to do where not. */
export interface MirrorExplanation {
  /** Sizes on the spatial axes: those of the input. */
  readonly expected: Shape;
  /** Sizes on the spatial axes: those of the output. */
  readonly built: Shape;
  /** Ways to change layers so that the sizes are restored, each of one or two changes. */
  readonly ways: readonly (readonly { readonly layer: string; readonly change: string }[])[];
  /** `28×28 expected, 32×32 built: make conv2d_5 valid, or crop 2`. */
  readonly advice: string;
}

/** What `explain` answers for a model. Shapes are without the batch. */
export interface ModelExplanation {
  /** `"model"`; of a layer it is `"layer"`. */
  readonly kind: "model";
  /** The name of the model. */
  readonly name: string;
  /** The shapes of the inputs. */
  readonly inputs: readonly Shape[];
  /** The shapes of the outputs. */
  readonly outputs: readonly Shape[];
  /** Every run of every layer, in order; also ops that stand between layers, and the layers of models in it. */
  readonly layers: readonly LayerExplanation[];
  /** Of all layers together; weights that are used twice count once. */
  readonly cost: Cost;
  /** For a model with one input and one output of as many axes, where the sizes differ. */
  readonly mirror: MirrorExplanation | undefined;
  /** What the cells that were asked for depend on, or have a say in. */
  readonly fields: readonly FieldExplanation[];
}

/**
 * Explains what lies between the inputs and the outputs of a network.
 *
 * @param shapes - of the inputs; nothing for those that the network was made for.
 */
export function networkExplained(
  name: string,
  network: Network,
  shapes: readonly Shape[] | undefined,
  options: FieldOptions,
): ModelExplanation {
  const flow = flowThrough(network, shapes);
  const { inputs, outputs, given, runs } = flow;
  const layers = flow.layers.map(explained);
  const parameters = network.weights.reduce((n, w) => n + sizeOf(w.shape), 0);
  return {
    kind: "model",
    name,
    inputs: inputs.map(({ tensor }) => tensor.shape),
    outputs: outputs.map(({ tensor }) => tensor.shape),
    layers,
    cost: {
      ...sumOfCosts(layers.map(({ cost }) => cost)),
      parameters,
      weightBytes: costOf([], [], parameters).weightBytes,
    },
    mirror: mirrorOf(runs),
    fields: fieldsOf({ inputs, outputs, later: [], between: given, picture: pictureOf(layers) }, options),
  };
}

/**
 * Explains one layer of a network; cells are those of what it gives, and followed through the whole network.
 *
 * @param layer - its name, as `networkExplained` calls it.
 * @throws RhytonError `unknown-name` when there is none of that name.
 */
export function layerExplained(
  layer: string,
  network: Network,
  shapes: readonly Shape[] | undefined,
  options: FieldOptions,
): LayerExplanation {
  const { inputs, outputs, given, layers } = flowThrough(network, shapes);
  const run = layers.find(({ name }) => name === layer);
  if (run === undefined) {
    throw unknownName({ where: "explain", what: "layer", name: layer, choices: layers.map(({ name }) => name) });
  }
  const own = run.outputs.map((tensor): Named => ({ name: layer, tensor }));
  const picture = pictureOf(layers.map(explained));
  const fields = fieldsOf({ inputs, outputs: own, later: outputs, between: given, picture }, options);
  return { ...explained(run), fields };
}

/** What cells are followed through, and what is explained. */
function flowThrough(network: Network, shapes: readonly Shape[] | undefined) {
  const runs = runsOf(network, checked(network, shapes));
  const inputs = runs.inputs.map((tensor, i): Named => ({ name: network.inputNames[i], tensor }));
  const outputs = runs.outputs.map((tensor, i): Named => ({ name: network.outputNames[i], tensor }));
  const layers = runs.runs.filter((run) => run.inputs.length > 0);
  const between = layers.flatMap(({ name, outputs: own }) => own.map((tensor): Named => ({ name, tensor })));
  return { inputs, outputs, given: [...inputs, ...between], layers, runs };
}

function explained({ operation, name, inputs, outputs }: Run): LayerExplanation {
  if (!(operation instanceof Tensor)) return layerBetween({ layer: operation, name, inputs, outputs });
  return {
    kind: "layer",
    name,
    className: classNameOf(operation),
    inputs: inputs.map(({ shape }) => shape),
    outputs: outputs.map(({ shape }) => shape),
    axes: [],
    cost: costOf(inputs, outputs, 0),
    fields: [],
  };
}

/** The spatial axes of the first layer over pictures; by default the channels are last. */
export const pictureOf = (layers: readonly LayerExplanation[]): readonly number[] =>
  layers.find(({ axes }) => axes.length === 2)?.axes.map(({ axis }) => axis) ?? [0, 1];

/** The shapes of the inputs: those that were given, or those of the network. */
function checked(network: Network, shapes: readonly Shape[] | undefined): readonly Shape[] {
  const own = network.inputs.map(({ shape }) => shape);
  const wanted = shapes ?? own;
  if (!wanted.flat().every((size) => Number.isInteger(size))) {
    const expected = "the sizes of the input, since the model takes any: explain(model, [28, 28, 1])";
    throw argumentError({ where: "explain", argument: "shape", value: shapes, expected });
  }
  if (wanted.length !== own.length) {
    const expected =
      own.length === 1 ? "1 shape, as the model has one input" : `${own.length} shapes, one for each input`;
    throw argumentError({ where: "explain", argument: "shape", value: shapes, expected });
  }
  return wanted as readonly Shape[];
}

function mirrorOf({ inputs, outputs, runs }: Runs): MirrorExplanation | undefined {
  if (inputs.length !== 1 || outputs.length !== 1) return undefined;
  const mirror = mirrorAdvice(runs, outputs[0], inputs[0].shape);
  if (mirror === undefined) return undefined;
  const { expected, built, ways } = mirror;
  const nameOf = layerNameIn(runs);
  return {
    expected,
    built,
    ways: ways.map((way) => way.map(({ of, change }) => ({ layer: nameOf(of), change: change[1] }))),
    advice: mirrorWords(mirror, nameOf),
  };
}
