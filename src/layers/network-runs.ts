/** A network run layer by layer at known sizes, also the layers of models that are layers of it: each run under its name. */
import { type OpenTensor, type Shape, Tensor } from "../graph/tensor.ts";
import { identity, placeholder } from "../ops/index.ts";
import { InputLayer } from "./input.ts";
import type { Layer } from "./layer.ts";
import { Network } from "./network.ts";
import { type NetworkNode, rerun, type SizedNode } from "./network-nodes.ts";

/** A run of a layer, of an input, or of an op that stands between layers. */
export interface Run extends SizedNode {
  /** `conv2d`; `conv2d (run 2)` of a layer that is called twice; `encoder/conv2d` in a model that is a layer. */
  readonly name: string;
}

/** A network between tensors of known sizes. */
export interface Runs {
  readonly inputs: readonly Tensor[];
  readonly outputs: readonly Tensor[];
  /** Inputs before users. */
  readonly runs: readonly Run[];
}

/** A layer that holds a network: a model. */
export interface Holder extends Layer {
  readonly network: Network;
}

/** Whether a layer is a model. @throws RhytonError `not-built` for one that does not know its input. */
export const isHolder = (layer: object): layer is Holder => "network" in layer && layer.network instanceof Network;

/**
 * Runs every layer of a network again, for inputs of these shapes.
 *
 * @throws RhytonError `shape` when a layer does not take what it gets.
 */
export function runsOf(network: Network, shapes: readonly Shape[]): Runs {
  const inputs = shapes.map((shape, i) => placeholder(shape, `x${i}`));
  return { inputs, ...runsBetween(network, inputs) };
}

function runsBetween(network: Network, inputs: readonly Tensor[]): Omit<Runs, "inputs"> {
  const given = new Map<OpenTensor, OpenTensor>(network.inputs.map((t, i) => [t, inputs[i]]));
  const within = new Map<readonly OpenTensor[], readonly Run[]>();
  const now = rerun(network.nodes, given, (layer, x, outputs) => {
    const sized = x as Tensor | readonly Tensor[];
    const list = sized instanceof Tensor ? [sized] : sized;
    if (isHolder(layer)) {
      const inner = runsBetween(layer.network, list);
      // What goes in is there already.
      const own = inner.runs.filter(({ operation }) => !(operation instanceof InputLayer));
      within.set(outputs, own);
      return inner.outputs;
    }
    layer.prepare(list.map(({ shape }) => shape));
    const result = layer.trace(sized, { training: false });
    // A layer that does nothing here, such as dropout, still gives a tensor of its own.
    const apart = (t: Tensor): Tensor => (list.includes(t) ? identity(t) : t);
    return result instanceof Tensor ? apart(result) : result.map(apart);
  });
  const at = (t: OpenTensor): Tensor => (now.get(t) ?? t) as Tensor;
  const runs = network.nodes.flatMap((node): readonly Run[] => {
    const name = nameOf(network, node);
    const inner = within.get(node.outputs);
    if (inner !== undefined) return inner.map((run) => ({ ...run, name: `${name}/${run.name}` }));
    const operation = node.operation instanceof Tensor ? at(node.operation) : node.operation;
    return [{ ...node, name, operation, inputs: node.inputs.map(at), outputs: node.outputs.map(at) }];
  });
  return { outputs: network.outputs.map(at), runs };
}

function nameOf(network: Network, { operation, index }: NetworkNode): string {
  const own = network.nameOf(operation);
  return index === 0 ? own : `${own} (run ${index + 1})`;
}

/** The name of a layer: that of its first run. */
export const layerNameIn =
  (runs: readonly Run[]) =>
  (layer: Layer): string =>
    (runs.find(({ operation }) => operation === layer) as Run).name;
