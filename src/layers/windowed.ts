/** What a sliding window makes of spatial axes, as a type. The values are `placeWindows` of core/shape.ts. */

import type { Extent, Size, WindowOutput } from "../core/shape-types.ts";
import type { OpenShape } from "../graph/tensor.ts";
import type { ShapeError } from "./rule.ts";
import type { AxisName, Joined, Rank, SizeAt, SpatialOf } from "./spatial.ts";

/** A window: its size, strides, dilation, padding, and the order of the axes that it slides over. */
export interface WindowType {
  readonly layer: string;
  readonly kernel: unknown;
  readonly strides: unknown;
  readonly dilation: unknown;
  readonly padding: unknown;
  readonly format: unknown;
}

type ExtentAt<W extends WindowType, I> = Extent<SizeAt<W["kernel"], I>, SizeAt<W["dilation"], I>>;

/** The cells that are left of an axis, or words on why the window does not fit. */
type Slid<N extends Size, W extends WindowType, Name extends string, I> = [
  WindowOutput<N, ExtentAt<W, I>, SizeAt<W["strides"], I>, W["padding"]>,
] extends [infer O extends Size]
  ? [O] extends [never]
    ? ShapeError<`${W["layer"]}: a window of ${ExtentAt<W, I>} does not fit a ${Name} of ${N} under padding "valid"`>
    : O
  : number;

type SlidAll<N, R extends Rank, W extends WindowType> = N extends OpenShape
  ? { -readonly [I in keyof N]: Slid<N[I] & Size, W, AxisName<R, I>, I> }
  : N;

/** What a window makes of `S`, with `C` channels; a `ShapeError` with both sizes where it does not fit. */
export type Windowed<S, R extends Rank, W extends WindowType, C extends Size> = OfFormat<S, R, W, C, W["format"]>;

type OfFormat<S, R extends Rank, W extends WindowType, C extends Size, F> = F extends unknown
  ? Joined<SlidAll<SpatialOf<S, R, W["layer"], F>, R, W>, C, F>
  : never;
