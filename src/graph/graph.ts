/**
 * A Graph is what a program computes: tensors in, tensors out, variable updates. A pass is `Graph → Graph`.
 */
import { atOnce, enough, type Pieces } from "../core/pieces.ts";
import type { Tensor, Variable } from "./tensor.ts";

export interface Update {
  readonly variable: Variable;
  /** The value after the step; a shared tensor of the variable's shape. */
  readonly value: Tensor;
}

/** Cells that all totals of a graph may have together. */
export const MOST_TOTALS = 4096;

export interface Graph {
  /** Per-sample leaves (`ops/leaf.ts` `placeholder`), in the order in which data is given. */
  readonly inputs: readonly Tensor[];
  /** Shared scalar leaves (`stepScalar`), in order: one number for each step, from the caller. */
  readonly scalars: readonly Tensor[];
  /** Per-sample tensors that the caller gets back for every sample. */
  readonly outputs: readonly Tensor[];
  /** Shared tensors whose cells are added up over the steps of a run, in float64; at most `MOST_TOTALS` together. */
  readonly totals: readonly Tensor[];
  readonly updates: readonly Update[];
  /** A shared scalar. When it is not finite, the step's updates and totals are dropped and the run ends. */
  readonly guard: Tensor | undefined;
}

/** Everything a graph wants computed. */
export const rootsOf = (graph: Graph): readonly Tensor[] => [
  ...graph.outputs,
  ...graph.totals,
  ...(graph.guard ? [graph.guard] : []),
  ...graph.updates.map((u) => u.value),
];

/** All tensors that `roots` need, inputs before users, each once. */
export const topological = (roots: readonly Tensor[]): Tensor[] => atOnce(ordering(roots));

/** The same in pieces. */
export function* ordering(roots: readonly Tensor[]): Pieces<Tensor[]> {
  const order: Tensor[] = [];
  const seen = new Set<Tensor>();
  // An explicit stack: graphs of hundreds of layers are deeper than the call stack is safe for.
  const stack: { tensor: Tensor; next: number }[] = [];
  const push = (tensor: Tensor) => {
    if (seen.has(tensor)) return;
    seen.add(tensor);
    stack.push({ tensor, next: 0 });
  };
  for (const root of roots) {
    push(root);
    while (stack.length > 0) {
      const top = stack[stack.length - 1];
      if (top.next < top.tensor.inputs.length) push(top.tensor.inputs[top.next++]);
      else {
        order.push(top.tensor);
        stack.pop();
        if (enough()) yield;
      }
    }
  }
  return order;
}

/** How many tensors read each tensor, in pieces. What the caller gets is read once more, and so never by one tensor alone. */
export function* countReaders(graph: Graph): Pieces<ReadonlyMap<Tensor, number>> {
  const counts = new Map<Tensor, number>();
  const roots = rootsOf(graph);
  for (const root of roots) counts.set(root, 2);
  for (const t of yield* ordering(roots)) for (const x of t.inputs) counts.set(x, (counts.get(x) ?? 0) + 1);
  return counts;
}

/** `change` gets each tensor with its inputs rebuilt already and answers what stands in its place. */
export type Change = (tensor: Tensor, inputs: readonly Tensor[]) => Tensor;

/** What stands in the place of each tensor that `roots` need; some tensors a piece. */
function* rebuild(roots: readonly Tensor[], change: Change): Pieces<ReadonlyMap<Tensor, Tensor>> {
  const replaced = new Map<Tensor, Tensor>();
  for (const t of yield* ordering(roots)) {
    const inputs = t.inputs.map((x) => replaced.get(x) as Tensor);
    replaced.set(t, change(t, inputs));
    if (enough()) yield;
  }
  return replaced;
}

/** Rebuilds tensors and everything that they need, in pieces. */
export function* rewritingTensors(roots: readonly Tensor[], change: Change): Pieces<Tensor[]> {
  const replaced = yield* rebuild(roots, change);
  return roots.map((t) => replaced.get(t) as Tensor);
}

/** Rebuilds a graph, in pieces. */
export function* rewriting(graph: Graph, change: Change): Pieces<Graph> {
  const replaced = yield* rebuild(rootsOf(graph), change);
  const now = (t: Tensor): Tensor => replaced.get(t) ?? t;
  return {
    inputs: graph.inputs.map(now),
    scalars: graph.scalars.map(now),
    outputs: graph.outputs.map(now),
    totals: graph.totals.map(now),
    updates: graph.updates.map((u) => ({ variable: u.variable, value: now(u.value) })),
    guard: graph.guard && now(graph.guard),
  };
}

/** The tensor over other inputs, or itself when they are the same. */
export function withInputs(t: Tensor, inputs: readonly Tensor[], make: (inputs: readonly Tensor[]) => Tensor): Tensor {
  return inputs.every((x, i) => x === t.inputs[i]) ? t : make(inputs);
}
