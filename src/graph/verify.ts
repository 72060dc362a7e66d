/** Checks that a graph is what the compiler relies on. Run after every pass in tests, and on request for users. */
import { sameShape, sizeOf } from "../core/array.ts";
import { internalError } from "../core/errors.ts";
import { type Graph, MOST_TOTALS, rootsOf, topological } from "./graph.ts";
import type { Tensor } from "./tensor.ts";

const broken = (t: Tensor, problem: string) => internalError({ where: `verify ${t.op.name}`, problem });

/** @throws RhytonError `internal` at the first tensor that breaks a rule. */
export function verify(graph: Graph): Graph {
  const order = topological(rootsOf(graph));
  for (const t of order) {
    const { shape, perSample = t.inputs.some((x) => x.perSample) } = t.op.infer(t.inputs, t.attributes);
    if (!sameShape(shape, t.shape)) throw broken(t, `shape [${t.shape}], but [${shape}] follows from the inputs`);
    if (perSample !== t.perSample)
      throw broken(t, `perSample ${t.perSample}, but ${perSample} follows from the inputs`);
    const lowering = t.op.lower(t);
    if (lowering.kind === "leaf" && t.inputs.length > 0) throw broken(t, "a leaf with inputs");
  }
  // Leaves with a name stand for data; others (the place of a sample) need none.
  const leaves = new Set(order.filter((t) => t.op.lower(t).kind === "leaf" && t.perSample && "name" in t.attributes));
  for (const t of graph.inputs) leaves.delete(t);
  for (const t of leaves) throw broken(t, "a per-sample leaf that is not an input of the graph");
  for (const t of graph.outputs) if (!t.perSample) throw broken(t, "an output that is not per sample");
  for (const t of graph.totals) if (t.perSample) throw broken(t, "a total that is not shared");
  const cells = graph.totals.reduce((sum, t) => sum + sizeOf(t.shape), 0);
  if (cells > MOST_TOTALS) throw broken(graph.totals[0], `${cells} cells of totals, at most ${MOST_TOTALS}`);
  const { guard } = graph;
  if (guard && (guard.perSample || guard.shape.length > 0)) throw broken(guard, "a guard that is not a shared scalar");
  for (const u of graph.updates) {
    if (u.value.perSample) throw broken(u.value, `the update of ${u.variable.name} is per sample`);
    if (!sameShape(u.value.shape, u.variable.shape)) {
      throw broken(u.value, `the update of ${u.variable.name} has the shape [${u.value.shape}]`);
    }
  }
  return graph;
}
