/** What layers may ask for in a step that trains: state that changes, and randomness. */
import { deriveSeed, keyOf, purposes, type Words } from "../core/random.ts";
import type { Update } from "../graph/graph.ts";
import type { Tensor, Variable } from "../graph/tensor.ts";
import type { CallContext } from "../layers/layer.ts";
import { stepScalar, variableTensor } from "../ops/index.ts";

export interface TrainingContext extends CallContext {
  /** A scalar of the graph; its value is the optimizer's iteration. */
  readonly step: Tensor;
  /** What the layers have asked for so far. */
  readonly updates: readonly Update[];
}

/**
 * @param seed - of the model. Every use of randomness gets a key of its own from it, in the order in which the network's
 *   layers are called; the uses of a layer that has its own seed are counted apart, so that two layers with one seed draw
 *   the same numbers.
 */
export function trainingContext(seed: number): TrainingContext {
  const values = new Map<Variable, Tensor>();
  const uses = new Map<object, number>();
  const count = (key: object): number => {
    const n = uses.get(key) ?? 0;
    uses.set(key, n + 1);
    return n;
  };
  return {
    training: true,
    step: stepScalar("step"),
    update: (variable, next) => {
      values.set(variable, next(values.get(variable) ?? variableTensor(variable)));
    },
    randomKey: (layer, own): Words =>
      keyOf(
        own === undefined
          ? deriveSeed(seed, purposes.noise, count(values))
          : deriveSeed(own, purposes.layerNoise, count(layer)),
      ),
    get updates() {
      return [...values].map(([variable, value]) => ({ variable, value }));
    },
  };
}
