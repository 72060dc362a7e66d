/**
 * An Op is one record in one place: how its shape follows (`infer`), its gradient answered in ops (`grad`), and its
 * loops (`lower`). A pass or a device asks the record and never the name.
 */
import { showShape } from "../core/array.ts";
import { argumentError, internalError, openSizeError } from "../core/errors.ts";
import { byTrial, isOpen } from "../core/open-shape.ts";
import type { Affine, Expr, Loop } from "../expr/expr.ts";
import { type Attributes, type Shape, Tensor } from "./tensor.ts";

/** Reads input `k` of the op at `index` (one affine map per axis). What lies outside the input is 0, or is skipped. */
export type Read = (k: number, index: readonly Affine[], outside?: "zero" | "skip") => Expr;

/**
 * One loop nest of an op. Without `reduce` loops `value` is the result itself; with them the values of all iterations
 * are combined. Nests without a reduction whose `loops` are one array are done together, and terms that are one object once.
 */
export interface LoopNest {
  /** Loops over which the result varies, outermost first. */
  readonly loops: readonly Loop[];
  /** Where in the output an iteration lies: one affine map per output axis. */
  readonly out: readonly Affine[];
  readonly reduce: readonly Loop[];
  readonly combine: "sum" | "max";
  value(): Expr;
}

/** What an op lowers to. */
export type Lowering =
  /** The value at an index of the output, from the inputs at affine indices. Fuses into whoever reads it. */
  | {
      readonly kind: "map";
      value(index: readonly Affine[], read: Read): Expr;
      /** Inputs that must lie in a buffer of their own, because `value` reads them at computed places. */
      readonly buffered?: readonly number[];
      /** Beyond the edge of the result lies only what is beyond the edge of the input: zero stays zero. */
      readonly zeroBeyond?: boolean;
    }
  /** The same elements in the same order under another shape. */
  | { readonly kind: "view" }
  /** Loop nests that together write every cell of the output (or `fill` says what the rest is). */
  | { readonly kind: "nests"; readonly overSamples: boolean; readonly partial: boolean; nests(read: Read): LoopNest[] }
  /** For every window of input 0, in order: the gradient goes to the first cell that equals the window's maximum. */
  | { readonly kind: "routeToMaximum"; readonly windows: readonly RoutedAxis[] }
  /** A leaf: its values come from outside the program. */
  | { readonly kind: "leaf" };

/** One axis of max pooling's windows, in cells of the input. */
export interface RoutedAxis {
  readonly kernel: number;
  readonly stride: number;
  readonly before: number;
  readonly output: number;
}

/** The inferred kind of a result. */
export interface Inferred {
  readonly shape: Shape;
  /** Defaults to "any input belongs to a sample". */
  readonly perSample?: boolean;
}

export interface Op<A extends Attributes = Attributes> {
  readonly name: string;
  infer(inputs: readonly Tensor[], attributes: A): Inferred;
  /** Whether the attributes hold no sizes, so that they also serve inputs of other sizes. */
  readonly anySize?: boolean;
  /** The ops that it is made of, for an op that only stands for them as long as sizes are open. */
  compose?(inputs: readonly Tensor[], attributes: A): Tensor;
  /** The gradients of the inputs for `dy`, the gradient of `y`. Absent where an op has no gradient (leaves). */
  grad?(y: Tensor, dy: Tensor, wanted: readonly boolean[]): (Tensor | undefined)[];
  lower(y: Tensor): Lowering;
  /** How the attributes print; defaults to `key=value` of all of them. */
  print?(attributes: A): string;
}

/** Throws unless `x` is a tensor: for functions that layers and losses of one's own call. */
export function checkTensor(where: string, x: unknown, expected = "a tensor"): asserts x is Tensor {
  if (x instanceof Tensor) return;
  throw argumentError({
    where: `ops.${where}`,
    argument: "an operand",
    value: x,
    expected: `${expected}; for a weight use this.read(variable)`,
  });
}

/** Throws unless `x` is a tensor of which every size is known: for functions that compute with its sizes. */
export function checkSized(where: string, x: unknown): asserts x is Tensor {
  checkTensor(where, x);
  if (!isOpen(x.shape)) return;
  throw openSizeError({
    where: `ops.${where}`,
    got: `a tensor of shape ${showShape(x.shape, x.perSample)}`,
    expected: "sizes that are known",
    fix: "Use a layer for it, or call it in a layer of your own, where every size is known.",
  });
}

/** What an op makes of inputs of which sizes are open. */
function inferOpen<A extends Attributes>(op: Op<A>, inputs: readonly Tensor[], attributes: A): Inferred {
  if (op.anySize !== true) for (const x of inputs) checkSized(op.name, x);
  let perSample: boolean | undefined;
  const shapes = inputs.map((x) => x.shape);
  const [shape] = byTrial(op.name, shapes, (sized) => {
    const tried = inputs.map((x, i) => new Tensor(x.op, x.inputs, x.attributes, sized[i], x.perSample));
    const inferred = op.infer(tried, attributes);
    perSample = inferred.perSample;
    return [inferred.shape];
  });
  return { shape: shape as Shape, perSample };
}

/** Makes a tensor of an op: shape inferred, checked. An op that stands for others becomes these where sizes are known. */
export function apply<A extends Attributes>(op: Op<A>, inputs: readonly Tensor[], attributes: A): Tensor {
  for (const x of inputs) checkTensor(op.name, x);
  const atOpenSizes = inputs.some((x) => isOpen(x.shape));
  if (!atOpenSizes && op.compose !== undefined) return op.compose(inputs, attributes);
  const inferred = atOpenSizes ? inferOpen(op, inputs, attributes) : op.infer(inputs, attributes);
  const { shape, perSample = inputs.some((x) => x.perSample) } = inferred;
  if (shape.some((size) => size !== null && (!Number.isInteger(size) || size < 0))) {
    throw internalError({ where: op.name, problem: `inferred the shape [${shape.join(", ")}]` });
  }
  return new Tensor(op as unknown as Op, inputs, attributes, shape, perSample);
}
