/**
 * Makes graphs smaller without changing their values: equal tensors become one, sums of sums become one sum, and
 * arithmetic with 0 and 1 goes away where it changes no value.
 */
import { sameShape } from "../core/array.ts";
import { atOnce, type Pieces } from "../core/pieces.ts";
import { countReaders, type Graph, rewriting, withInputs } from "../graph/graph.ts";
import { apply } from "../graph/op.ts";
import type { Tensor } from "../graph/tensor.ts";
import { identityOp, ops, stopGradientOp } from "../ops/elementwise.ts";
import { fillOp } from "../ops/leaf.ts";
import { reshape, reshapeOp } from "../ops/movement.ts";
import { sumOp } from "../ops/reduce.ts";

export const simplify = (graph: Graph): Graph => atOnce(simplifying(graph));

/** The same in pieces. */
export function* simplifying(graph: Graph): Pieces<Graph> {
  const known = new Map<string, Tensor>();
  const numbers = new Map<object, number>();
  const numberOf = (value: object): number => {
    const n = numbers.get(value) ?? numbers.size;
    numbers.set(value, n);
    return n;
  };
  const readers = yield* countReaders(graph);
  return yield* rewriting(graph, (t, inputs) => {
    const rebuilt = withInputs(t, inputs, (xs) => apply(t.op, xs, t.attributes));
    const now = trivial(readers.get(t.inputs[0]) === 1 ? joinSums(rebuilt) : rebuilt);
    if (graph.inputs.includes(now) || graph.scalars.includes(now)) return now;
    const key = keyOf(now, numberOf);
    const same = known.get(key);
    if (same) return same;
    known.set(key, now);
    return now;
  });
}

/** Two tensors with one key compute the same: op, inputs, and attributes (objects by identity, lists by content). */
function keyOf(t: Tensor, numberOf: (value: object) => number): string {
  const attributes = Object.entries(t.attributes).map(([name, value]) => {
    const plain =
      typeof value !== "object" ||
      value === null ||
      (Array.isArray(value) && value.every((v) => typeof v === "number"));
    return `${name}:${plain ? `${value}` : `#${numberOf(value as object)}`}`;
  });
  return `${numberOf(t.op)}(${t.inputs.map(numberOf).join(",")}){${attributes.join(";")}}[${t.shape}]`;
}

/** The sum of a sum that nobody else reads, as one sum over the axes of both. */
function joinSums(t: Tensor): Tensor {
  if (t.op !== sumOp) return t;
  let inner = t.inputs[0];
  while (inner.op === reshapeOp && inner.shape.length === 0) inner = inner.inputs[0];
  const outer = t.attributes as { axes: readonly number[]; overSamples: boolean };
  const before = inner.attributes as { axes: readonly number[]; overSamples: boolean };
  if (inner.op !== sumOp || before.overSamples) return t;
  if (inner !== t.inputs[0] && outer.axes.length > 0) return t;
  const [x] = inner.inputs;
  const left = x.shape.map((_, axis) => axis).filter((axis) => !before.axes.includes(axis));
  const axes = [...before.axes, ...outer.axes.map((axis) => left[axis])].sort((a, b) => a - b);
  const joined = apply(sumOp, [x], { axes, overSamples: outer.overSamples });
  return reshape(joined, t.shape);
}

const isFill = (t: Tensor, value: number): boolean => t.op === fillOp && t.attributes.value === value;

/** x + 0, x − 0, x · 1, x / 1 and copies are x itself, where x already has the result's shape. */
function trivial(t: Tensor): Tensor {
  const [a, b] = t.inputs;
  const stands = (x: Tensor): boolean => sameShape(x.shape, t.shape) && x.perSample === t.perSample;
  if (t.op === identityOp || t.op === stopGradientOp) return a;
  if ((t.op === ops.add || t.op === ops.sub) && isFill(b, 0) && stands(a)) return a;
  if (t.op === ops.add && isFill(a, 0) && stands(b)) return b;
  if ((t.op === ops.mul || t.op === ops.div) && isFill(b, 1) && stands(a)) return a;
  if (t.op === ops.mul && isFill(a, 1) && stands(b)) return b;
  return t;
}
