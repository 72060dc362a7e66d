/**
 * A maximum before what does not change the order of numbers: `max(relu(x + b))` is `relu(max(x) + b)`, to the bit,
 * because rounding keeps the order too. Bias and activation are then computed once a window instead of once a cell.
 * For programs that change no variables: on the way back one must know which cell won after the activation.
 */
import type { Pieces } from "../core/pieces.ts";
import { countReaders, type Graph, rewriting, withInputs } from "../graph/graph.ts";
import { apply } from "../graph/op.ts";
import type { Tensor } from "../graph/tensor.ts";
import { ops, reluOp } from "../ops/elementwise.ts";
import { type Windows, windowMaxOp } from "../ops/window.ts";

/** In pieces. */
export function* poolFirst(graph: Graph): Pieces<Graph> {
  const readers = yield* countReaders(graph);
  return yield* rewriting(graph, (t, inputs) => {
    const rebuilt = withInputs(t, inputs, (xs) => apply(t.op, xs, t.attributes));
    if (t.op !== windowMaxOp || !reachesCells(rebuilt)) return rebuilt;
    const slid = (t.attributes as unknown as Windows).output.length;
    /** The maximum over windows of `after`, which stands in the place of `before`. */
    const pooled = (before: Tensor, after: Tensor): Tensor => {
      const k = readers.get(before) === 1 ? orderedIn(after, slid) : undefined;
      if (k === undefined) return apply(windowMaxOp, [after], t.attributes);
      return apply(
        after.op,
        after.inputs.map((x, i) => (i === k ? pooled(before.inputs[k], x) : x)),
        after.attributes,
      );
    };
    const first = pooled(t.inputs[0], inputs[0]);
    return first.op === windowMaxOp ? rebuilt : first;
  });
}

/** Whether every window has a real cell. The result of one without is 0, whatever comes after. */
function reachesCells({ attributes, inputs: [x] }: Tensor): boolean {
  const { kernel, strides, before, output } = attributes as unknown as Windows;
  return output.every((n, a) => before[a] < kernel[a] && (n - 1) * strides[a] - before[a] < x.shape[a]);
}

/** The operand with which `t` never falls, where the others are the same in all cells of a window. */
function orderedIn(t: Tensor, slid: number): number | undefined {
  const { op, inputs, shape } = t;
  if (op === reluOp) return 0;
  if (![ops.add, ops.sub, ops.max, ops.min].some((o) => o === op)) return undefined;
  const still = (x: Tensor): boolean =>
    x.shape.slice(0, Math.max(0, slid + x.shape.length - shape.length)).every((n) => n === 1);
  const k = inputs.findIndex((x, i) => still(inputs[1 - i]) && x.shape.join() === shape.join());
  return k < 0 || (op === ops.sub && k === 1) ? undefined : k;
}
