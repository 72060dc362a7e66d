/** A model explained: every layer between its tensors, costs, and what would make it restore the sizes of its input. */
import { sameShape, sizeOf } from "../core/array.ts";
import { argumentError } from "../core/errors.ts";
import { type OpenTensor, type Shape, Tensor } from "../graph/tensor.ts";
import type { Layer } from "../layers/layer.ts";
import { mirrorAdvice, mirrorWords } from "../layers/mirror.ts";
import type { Network } from "../layers/network.ts";
import { classNameOf } from "../layers/network-names.ts";
import { nodesAt, rerun, type SizedNode } from "../layers/network-nodes.ts";
import { placeholder } from "../ops/index.ts";
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
  /** Every run of every layer, in order; also ops that stand between layers. */
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
  const now = tensorsFor(network, shapes);
  const at = (t: OpenTensor): Tensor => now.get(t) ?? (t as Tensor);
  const [ends, sinks] = [network.inputs.map(at), network.outputs.map(at)];
  const runs = network.nodes.filter((node) => node.inputs.length > 0);
  const named = runs.map((node) => {
    const own = network.nameOf(node.operation);
    return { ...node, name: node.index === 0 ? own : `${own} (run ${node.index + 1})` };
  });
  const layers = named.map(({ operation, name: own, inputs, outputs }): LayerExplanation => {
    const [from, to] = [inputs.map(at), outputs.map(at)];
    if (!(operation instanceof Tensor)) return layerBetween({ layer: operation, name: own, inputs: from, outputs: to });
    return {
      kind: "layer",
      name: own,
      className: classNameOf(operation),
      inputs: from.map(({ shape }) => shape),
      outputs: to.map(({ shape }) => shape),
      axes: [],
      cost: costOf(from, to, 0),
      fields: [],
    };
  });
  const inputs = ends.map((tensor, i): Named => ({ name: network.inputNames[i], tensor }));
  const outputs = sinks.map((tensor, i): Named => ({ name: network.outputNames[i], tensor }));
  const given = named.flatMap((run) => run.outputs.map((t): Named => ({ name: run.name, tensor: at(t) })));
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
    mirror: mirrorOf(nodesAt(network.nodes, now), ends, sinks, (layer) => network.nameOf(layer)),
    fields: fieldsOf(inputs, outputs, [...inputs, ...given], pictureOf(layers), options),
  };
}

/** The spatial axes of the first layer over pictures; by default the channels are last. */
export const pictureOf = (layers: readonly LayerExplanation[]): readonly number[] =>
  layers.find(({ axes }) => axes.length === 2)?.axes.map(({ axis }) => axis) ?? [0, 1];

/** What stands in the place of every tensor of the network for inputs of other shapes. */
function tensorsFor(network: Network, shapes: readonly Shape[] | undefined): ReadonlyMap<OpenTensor, Tensor> {
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
  if (own.every((shape, i) => sameShape(shape, wanted[i]))) return new Map();
  const given = new Map(network.inputs.map((t, i) => [t, placeholder(wanted[i], `x${i}`)]));
  return rerun(network.nodes, given, (layer, x) => {
    const sized = x as Tensor | readonly Tensor[];
    layer.prepare((sized instanceof Tensor ? [sized] : sized).map(({ shape }) => shape));
    return layer.trace(sized, { training: false });
  }) as ReadonlyMap<OpenTensor, Tensor>;
}

function mirrorOf(
  nodes: readonly SizedNode[],
  inputs: readonly Tensor[],
  outputs: readonly Tensor[],
  nameOf: (layer: Layer) => string,
): MirrorExplanation | undefined {
  if (inputs.length !== 1 || outputs.length !== 1) return undefined;
  const mirror = mirrorAdvice(nodes, outputs[0], inputs[0].shape);
  if (mirror === undefined) return undefined;
  const { expected, built, ways } = mirror;
  return {
    expected,
    built,
    ways: ways.map((way) => way.map(({ of, change }) => ({ layer: nameOf(of), change: change[1] }))),
    advice: mirrorWords(mirror, nameOf),
  };
}
