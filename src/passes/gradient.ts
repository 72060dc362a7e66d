/** Reverse-mode differentiation: every op's record answers in ops, so the gradient is one more part of the graph. */
import { internalError } from "../core/errors.ts";
import { atOnce, type Pieces } from "../core/pieces.ts";
import { topological } from "../graph/graph.ts";
import type { Tensor } from "../graph/tensor.ts";
import { add } from "../ops/elementwise.ts";
import { fill } from "../ops/leaf.ts";

/**
 * The gradients of a shared scalar `loss` with respect to each tensor of `of`, in their shapes; zeros where `loss` does
 * not depend on one.
 */
export const gradients = (loss: Tensor, of: readonly Tensor[]): Tensor[] => atOnce(differentiating(loss, of));

/** The same in pieces: an op each. */
export function* differentiating(loss: Tensor, of: readonly Tensor[]): Pieces<Tensor[]> {
  if (loss.shape.length > 0 || loss.perSample) {
    throw internalError({ where: "gradients", problem: `the loss has the shape [${loss.shape}], not a shared scalar` });
  }
  const order = topological([loss]);
  const needed = new Set<Tensor>(of);
  for (const t of order) if (t.inputs.some((x) => needed.has(x))) needed.add(t);

  const total = new Map<Tensor, Tensor>([[loss, fill(1, [])]]);
  for (const y of [...order].reverse()) {
    const dy = total.get(y);
    if (dy === undefined || !needed.has(y) || y.inputs.length === 0) continue;
    const wanted = y.inputs.map((x) => needed.has(x));
    if (!wanted.some(Boolean)) continue;
    if (y.op.grad === undefined) {
      throw internalError({ where: "gradients", problem: `the op ${y.op.name} has no gradient` });
    }
    yield;
    const parts = y.op.grad(y, dy, wanted);
    y.inputs.forEach((x, k) => {
      const part = parts[k];
      if (!wanted[k] || part === undefined) return;
      const before = total.get(x);
      total.set(x, before === undefined ? part : add(before, part));
    });
  }
  return of.map((x) => total.get(x) ?? fill(0, x.shape));
}
