/** The passes that every graph goes through before it is lowered, in order. */
import type { Graph } from "../graph/graph.ts";
import { simplify } from "./simplify.ts";

export const prepare = (graph: Graph): Graph => simplify(graph);
