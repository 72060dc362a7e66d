/** What a layer costs: multiply-adds, parameters, memory. */
import { sizeOf } from "../core/array.ts";
import { type Expr, type Loop, operandsOf } from "../expr/expr.ts";
import { topological } from "../graph/graph.ts";
import type { Read } from "../graph/op.ts";
import type { Tensor } from "../graph/tensor.ts";

/** The costs of a layer for one sample, forward. */
export interface Cost {
  /** Products that are added up: those of convolutions, dense layers and resizing, taps on padding included. */
  readonly multiplyAdds: number;
  /** Numbers in the weights. */
  readonly parameters: number;
  /** Bytes of the weights. */
  readonly weightBytes: number;
  /** Bytes of the output of one sample. */
  readonly outputBytes: number;
}

const BYTES = 4;

export const costOf = (inputs: readonly Tensor[], outputs: readonly Tensor[], parameters: number): Cost => ({
  multiplyAdds: multiplyAdds(inputs, outputs),
  parameters,
  weightBytes: BYTES * parameters,
  outputBytes: BYTES * outputs.reduce((n, t) => n + sizeOf(t.shape), 0),
});

export const sumOfCosts = (costs: readonly Cost[]): Cost =>
  costs.reduce(
    (a, b) => ({
      multiplyAdds: a.multiplyAdds + b.multiplyAdds,
      parameters: a.parameters + b.parameters,
      weightBytes: a.weightBytes + b.weightBytes,
      outputBytes: a.outputBytes + b.outputBytes,
    }),
    { multiplyAdds: 0, parameters: 0, weightBytes: 0, outputBytes: 0 },
  );

/** The iterations of all loop nests between inputs and outputs that add up products. */
function multiplyAdds(inputs: readonly Tensor[], outputs: readonly Tensor[]): number {
  const before = new Set(topological(inputs));
  const own = topological(outputs).filter((t) => !before.has(t));
  return own.reduce((total, t) => {
    if (!t.perSample) return total;
    const lowering = t.op.lower(t);
    if (lowering.kind !== "nests") return total;
    const nests = lowering.nests(read).filter((nest) => {
      return nest.combine === "sum" && nest.reduce.length > 0 && multiplies(t, nest.value(), before);
    });
    return total + nests.reduce((n, { loops, reduce }) => n + iterations(loops) * iterations(reduce), 0);
  }, 0);
}

const iterations = (loops: readonly Loop[]): number => loops.reduce((n, { size }) => n * size, 1);

const read: Read = (k, index) => ({ kind: "load", source: k, index, outside: "zero" });

/** Whether a value is a product: itself, or made by an op cell by cell that fuses into the loop. */
function multiplies(t: Tensor, value: Expr, before: ReadonlySet<Tensor>): boolean {
  if (value.kind === "binary" && value.name === "mul") return true;
  if (value.kind === "load") {
    const x = t.inputs[value.source as number];
    if (before.has(x) || !x.perSample) return false;
    const lowering = x.op.lower(x);
    if (lowering.kind === "view") return multiplies(x, { ...value, source: 0 }, before);
    return (
      lowering.kind === "map" &&
      multiplies(
        x,
        lowering.value(
          x.shape.map(() => noPlace),
          read,
        ),
        before,
      )
    );
  }
  return operandsOf(value).some((operand) => multiplies(t, operand, before));
}

const noPlace = { offset: 0, terms: [] };
