/** The passes of every program, in order. */
import { atOnce, type Pieces } from "../core/pieces.ts";
import { type Graph, rewriting, rewritingTensors } from "../graph/graph.ts";
import type { Tensor } from "../graph/tensor.ts";
import { foldScales } from "./fold-scales.ts";
import { poolFirst } from "./pool-first.ts";
import { simplifying } from "./simplify.ts";
import { upsampleConvolution } from "./upsample-convolution.ts";
import { winograd } from "./winograd.ts";

/** Rewrites of the forward part that the gradient should follow: to be done before `gradients`. */
export const beforeGradient = (roots: readonly Tensor[]): Pieces<Tensor[]> =>
  rewritingTensors(roots, upsampleConvolution);

/** What every graph goes through before it is lowered. */
export const prepare = (graph: Graph): Graph => atOnce(preparing(graph));

/** The same in pieces. */
export function* preparing(graph: Graph): Pieces<Graph> {
  // A step that trains has been through the pass before its gradient.
  const trains = graph.updates.length > 0;
  const own = trains ? graph : yield* rewriting(yield* poolFirst(yield* foldScales(graph)), upsampleConvolution);
  return yield* simplifying(yield* rewriting(own, winograd));
}
