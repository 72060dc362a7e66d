/** A network at one size of its inputs: what programs are made of, since nothing in a program is open. */
import { sameShape, showShape } from "../core/array.ts";
import { prefixed } from "../core/errors.ts";
import { agree, isOpen } from "../core/open-shape.ts";
import { Recent } from "../core/recent.ts";
import type { OpenTensor, Shape, Tensor, Variable } from "../graph/tensor.ts";
import { placeholder } from "../ops/index.ts";
import type { CallContext } from "./layer.ts";
import type { Network } from "./network.ts";

export class SizedNetwork {
  readonly network: Network;
  readonly inputs: readonly Tensor[];
  readonly outputs: readonly Tensor[];
  /** What stands in the place of the network's tensors, where they are open. */
  readonly #now: ReadonlyMap<OpenTensor, Tensor>;

  /** @throws RhytonError `shape` when a layer cannot take what follows from these shapes, naming the layer and the shapes. */
  constructor(network: Network, shapes: readonly Shape[]) {
    this.network = network;
    const { inputs, outputs } = network;
    const isSized = inputs.every((t, i) => !isOpen(t.shape) && agree(t.shape, shapes[i]));
    this.inputs = isSized ? (inputs as readonly Tensor[]) : shapes.map((shape, i) => placeholder(shape, `x${i}`));
    this.#now = isSized ? new Map() : this.#tensors(shapes);
    this.outputs = outputs.map((t) => this.#now.get(t) ?? (t as Tensor));
  }

  get outputNames(): readonly string[] {
    return this.network.outputNames;
  }

  get trainableWeights(): readonly Variable[] {
    return this.network.trainableWeights;
  }

  trace(inputs: readonly Tensor[], context: CallContext): readonly Tensor[] {
    return this.network.trace(inputs, context);
  }

  #tensors(shapes: readonly Shape[]): ReadonlyMap<OpenTensor, Tensor> {
    try {
      return this.network.traceAll(this.inputs, { training: false });
    } catch (error) {
      const sizes = shapes.map((shape) => showShape(shape, true)).join(" and ");
      throw prefixed(`model with an input of shape ${sizes}`, error);
    }
  }
}

/** The sizes of which a model keeps the programs; those that were not used for longest go first. */
export const MOST_SIZES = 8;

/** A network at the sizes that come. */
export class Sizes {
  readonly #network: Network;
  readonly #kept = new Recent<SizedNetwork>(MOST_SIZES);
  #last: { readonly shapes: readonly Shape[]; readonly sized: SizedNetwork } | undefined;

  constructor(network: Network) {
    this.#network = network;
  }

  /** The network for inputs of these shapes, the same one again while it is among the last. */
  at(shapes: readonly Shape[]): SizedNetwork {
    if (this.#last?.shapes.every((shape, i) => sameShape(shape, shapes[i]))) return this.#last.sized;
    const sized = this.#kept.get(JSON.stringify(shapes), () => new SizedNetwork(this.#network, shapes));
    this.#last = { shapes, sized };
    return sized;
  }
}
