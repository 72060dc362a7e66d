/** The passes of every program, in order. */
import { type Graph, rewriteGraph, rewriteTensors } from "../graph/graph.ts";
import type { Tensor } from "../graph/tensor.ts";
import { foldScales } from "./fold-scales.ts";
import { poolFirst } from "./pool-first.ts";
import { simplify } from "./simplify.ts";
import { upsampleConvolution } from "./upsample-convolution.ts";
import { winograd } from "./winograd.ts";

/** Rewrites of the forward part that the gradient should follow: to be done before `gradients`. */
export const beforeGradient = (roots: readonly Tensor[]): Tensor[] => rewriteTensors(roots, upsampleConvolution);

/** What every graph goes through before it is lowered. */
export function prepare(graph: Graph): Graph {
  const written = rewriteGraph(graph, upsampleConvolution);
  const trains = graph.updates.length > 0;
  return simplify(rewriteGraph(trains ? written : poolFirst(foldScales(written)), winograd));
}
