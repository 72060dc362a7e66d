/** What a sliding window makes of spatial axes, as a type. The values are `placeWindows` of core/shape.ts. */
import type { Extent, WindowOutput } from "../core/shape-types.ts";
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
type Slid<N extends number, W extends WindowType, Name extends string, I> = [
  WindowOutput<N, ExtentAt<W, I>, SizeAt<W["strides"], I>, W["padding"]>,
] extends [infer O extends number]
  ? [O] extends [never]
    ? ShapeError<`${W["layer"]}: a window of ${ExtentAt<W, I>} does not fit a ${Name} of ${N} under padding "valid"`>
    : O
  : number;

type SlidAll<N, R extends Rank, W extends WindowType> = N extends readonly number[]
  ? { -readonly [I in keyof N]: Slid<N[I] & number, W, AxisName<R, I>, I> }
  : N;

/** What a window makes of `S`, with `C` channels; a `ShapeError` with both sizes where it does not fit. */
export type Windowed<S, R extends Rank, W extends WindowType, C extends number> = OfFormat<S, R, W, C, W["format"]>;

type OfFormat<S, R extends Rank, W extends WindowType, C extends number, F> = F extends unknown
  ? Joined<SlidAll<SpatialOf<S, R, W["layer"], F>, R, W>, C, F>
  : never;
