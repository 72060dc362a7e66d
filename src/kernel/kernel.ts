/**
 * Kernels: loop nests over buffers, the last form that all devices share. A buffer's cells are named by logical
 * coordinates; where they lie in memory is each device's own affair.
 */
import type { Affine, Expr, Loop } from "../expr/expr.ts";
import type { RoutedAxis } from "../graph/op.ts";
import type { Shape, Tensor, Variable } from "../graph/tensor.ts";

/**
 * Where a buffer's values come from and how many of them there are:
 * - `variable`, `constant`, `stepScalar`, `batchSize`: one, from outside;
 * - `shared`: one, computed;
 * - `partial`: one a shard of the batch, added to by every sample of it, `collect`ed into a shared one;
 * - `input`: one a sample, from the caller's arrays;
 * - `sampleIndex`: one a sample, its place in the run;
 * - `sample`: one a sample, computed.
 */
export type Place =
  | { readonly kind: "variable"; readonly variable: Variable }
  | { readonly kind: "constant"; readonly data: Float32Array }
  | { readonly kind: "stepScalar"; readonly position: number }
  | { readonly kind: "batchSize" }
  | { readonly kind: "shared" }
  | { readonly kind: "partial" }
  | { readonly kind: "input"; readonly position: number }
  | { readonly kind: "sampleIndex" }
  | { readonly kind: "sample" };

export interface Buffer {
  readonly name: string;
  readonly shape: Shape;
  readonly place: Place;
  /** The buffer whose cells these are, in the same row-major order under another shape. */
  readonly aliasOf: Buffer | undefined;
}

export type KernelExpr = Expr<Buffer>;

interface KernelBase {
  readonly name: string;
  /** Runs for every sample; otherwise once a step. */
  readonly perSample: boolean;
  readonly out: Buffer;
}

/** `out[index] = result`. */
export interface Store {
  readonly index: readonly Affine[];
  readonly result: KernelExpr;
}

/** `out[index] = result`, where `reduced` in the result stands for `combine` of `value` over the reduce loops. */
export interface NestKernel extends KernelBase, Store {
  readonly kind: "nest";
  readonly loops: readonly Loop[];
  readonly reduce: readonly Loop[];
  readonly combine: "sum" | "max";
  /** Undefined when there is nothing to reduce: `result` is all. */
  readonly value: KernelExpr | undefined;
  /** Further results of the same iterations, to other cells of `out`; none with a reduction. */
  readonly others?: readonly Store[];
  /** The result is added to what `out` (a partial) holds. */
  readonly accumulate: boolean;
}

/** Sets every cell of `out` to 0, before nests that write only some of them. */
export interface ClearKernel extends KernelBase {
  readonly kind: "clear";
}

/** Adds the partials of all shards, in order, into a shared buffer. */
export interface CollectKernel extends KernelBase {
  readonly kind: "collect";
  readonly from: Buffer;
}

/**
 * For every window, in row-major order: `dy` of the window goes to the first cell of `x` that equals `y`, and is added
 * there. `result` is applied to each cell's value (`reduced`); it is `reduced` itself unless the windows tile `out`.
 */
export interface RouteKernel extends KernelBase {
  readonly kind: "route";
  readonly windows: readonly RoutedAxis[];
  readonly x: Buffer;
  readonly y: Buffer;
  readonly dy: Buffer;
  /** One loop an axis of `out`, for `result`. */
  readonly cell: readonly Loop[];
  readonly result: KernelExpr;
}

export type Kernel = NestKernel | ClearKernel | CollectKernel | RouteKernel;

/** What a device compiles. Kernels are in an order in which each finds its operands computed. */
export interface Lowered {
  readonly kernels: readonly Kernel[];
  readonly inputs: readonly Buffer[];
  readonly outputs: readonly Buffer[];
  readonly totals: readonly Buffer[];
  readonly guard: Buffer | undefined;
  /** Variables with the buffers that hold their values after the step. The same buffer when updated in place. */
  readonly updates: readonly { readonly variable: Variable; readonly from: Buffer; readonly to: Buffer }[];
  readonly variables: ReadonlyMap<Variable, Buffer>;
  /** Which buffer holds which tensor, for tests and printing. */
  readonly bufferOf: ReadonlyMap<Tensor, Buffer>;
}

/** The buffer that owns the cells. */
export function ownerOf(buffer: Buffer): Buffer {
  let owner = buffer;
  while (owner.aliasOf) owner = owner.aliasOf;
  return owner;
}

/** Whether there is one value for each sample. */
export const belongsToSample = (buffer: Buffer): boolean =>
  ["sample", "input", "sampleIndex"].includes(buffer.place.kind);
