/** Layers one after another. */
import { placed } from "../core/errors.ts";
import type { OpenShape, OpenTensor, Shape, Tensor } from "../graph/tensor.ts";
import { checkLayer, type Layer } from "./layer.ts";
import type { Accepted, After, Rule, Tensors } from "./rule.ts";

/** What a layer shows of its rule. */
export interface Ruled {
  readonly rule?: Rule;
}

type RuleOf<L> = L extends { readonly rule?: infer R extends Rule } ? R : Rule;

/** For every layer of `L` in order what is asked of it, given the shapes that reach it. */
export type Asked<S, L extends readonly unknown[], Done extends readonly unknown[] = []> = L extends readonly [
  infer Head,
  ...infer Tail,
]
  ? Asked<After<RuleOf<Head>, S>, Tail, readonly [...Done, Accepted<RuleOf<Head>, S>]>
  : readonly [...Done, ...L];

/** The shapes that leave the last layer of `L`. */
export type Piped<S, L extends readonly unknown[]> = L extends readonly [infer Head, ...infer Tail]
  ? Piped<After<RuleOf<Head>, S>, Tail>
  : L extends readonly []
    ? S
    : Shape;

/**
 * Pours `x` through the layers, in order: `pipe(image, conv2d(16, 3), flatten(), dense(10))`.
 *
 * @param x - a symbolic tensor, usually an `input`.
 * @returns what the last layer answers; `x` itself without layers.
 */
export function pipe<S extends OpenShape, const L extends readonly Ruled[]>(
  x: Tensor<S>,
  ...layers: { readonly [K in keyof L]: L[K] & Asked<S, L>[K & keyof Asked<S, L>] }
): Tensors<Piped<S, L>> {
  (layers as readonly unknown[]).forEach((layer, i) => {
    checkLayer("pipe", `argument ${i + 2}`, layer);
  });
  return pour(x, layers as unknown as readonly Layer[], "pipe") as Tensors<Piped<S, L>>;
}

/**
 * What the last layer answers.
 *
 * @param row - what the layers stand in, for messages: a layer without a name is told by its place.
 */
export function pour(x: OpenTensor, layers: readonly Layer[], row: string): OpenTensor | readonly OpenTensor[] {
  let y: OpenTensor | readonly OpenTensor[] = x;
  for (const [i, layer] of layers.entries()) {
    try {
      y = layer.enter(y);
    } catch (error) {
      const isNamed = (layer.givenName ?? layer.modelName) !== undefined;
      throw isNamed ? error : placed(layer.where, `layer ${i + 1} of the ${row}`, error);
    }
  }
  return y;
}
