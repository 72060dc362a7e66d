/** What layers over pictures (height, width, channels) have in common: their axes, as values and as types. */
import type { Extent, WindowOutput } from "../core/shape-types.ts";
import type { Shape, Tensor } from "../graph/tensor.ts";
import { transpose } from "../ops/index.ts";
import type { DataFormat, Given, Pair } from "./options.ts";
import type { ShapeError } from "./rule.ts";

/** The spatial sizes and the channels of a picture. */
export const pictureSizes = (shape: Shape, dataFormat: DataFormat): readonly [number, number, number] =>
  dataFormat === "channels_first" ? [shape[1], shape[2], shape[0]] : [shape[0], shape[1], shape[2]];

/** Channels are last inside; pictures that have them first are turned on the way in and out. */
export const toChannelsLast = (x: Tensor, dataFormat: DataFormat): Tensor =>
  dataFormat === "channels_first" ? transpose(x, [1, 2, 0]) : x;
export const fromChannelsLast = (x: Tensor, dataFormat: DataFormat): Tensor =>
  dataFormat === "channels_first" ? transpose(x, [2, 0, 1]) : x;

// ---- types --------------------------------------------------------------------------------------------------------

export type Picture = readonly [number, number, number];

/** The option `dataFormat`. */
export type FormatOf<O> = Given<O, "dataFormat", "channels_last">;

export type Height<S extends Picture, F> = F extends "channels_first" ? S[1] : S[0];
export type Width<S extends Picture, F> = F extends "channels_first" ? S[2] : S[1];
export type Channels<S extends Picture, F> = F extends "channels_first" ? S[0] : S[2];
export type PictureOf<H extends number, W extends number, C extends number, F> = F extends "channels_first"
  ? [C, H, W]
  : [H, W, C];

/** What a pair says for the height, and for the width. */
export type Vertical<P> = P extends readonly [infer H extends number, number] ? H : P extends number ? P : number;
export type Horizontal<P> = P extends readonly [number, infer W extends number] ? W : P extends number ? P : number;

/** A window over pictures: its size, strides, dilation, padding, and the format of the pictures. */
export interface WindowType {
  readonly layer: string;
  readonly kernel: Pair;
  readonly strides: unknown;
  readonly dilation: unknown;
  readonly padding: unknown;
  readonly format: unknown;
}

type OutputOf<N extends number, K extends number, D extends number, S extends number, P> = WindowOutput<
  N,
  Extent<K, D>,
  S,
  P
>;

type Misfit<
  Layer extends string,
  E extends number,
  Axis extends string,
  N extends number,
> = ShapeError<`${Layer}: a window of ${E} does not fit a ${Axis} of ${N} under padding "valid"`>;

type Ends<H extends number, W extends number, S extends Picture, Win extends WindowType, C extends number> = [
  H,
] extends [never]
  ? Misfit<Win["layer"], Extent<Vertical<Win["kernel"]>, Vertical<Win["dilation"]>>, "height", Height<S, Win["format"]>>
  : [W] extends [never]
    ? Misfit<
        Win["layer"],
        Extent<Horizontal<Win["kernel"]>, Horizontal<Win["dilation"]>>,
        "width",
        Width<S, Win["format"]>
      >
    : PictureOf<H, W, C, Win["format"]>;

/** The picture of `C` channels that a window makes of `S`; a `ShapeError` with both sizes where it does not fit. */
export type Windowed<S, W extends WindowType, C extends number> = S extends Picture
  ? Ends<
      OutputOf<
        Height<S, W["format"]>,
        Vertical<W["kernel"]>,
        Vertical<W["dilation"]>,
        Vertical<W["strides"]>,
        W["padding"]
      >,
      OutputOf<
        Width<S, W["format"]>,
        Horizontal<W["kernel"]>,
        Horizontal<W["dilation"]>,
        Horizontal<W["strides"]>,
        W["padding"]
      >,
      S,
      W,
      C
    >
  : NoPicture<S, W["layer"], W["format"], C>;

/** For shapes that are no picture: nothing is known where the number of axes is not. */
export type NoPicture<S, Layer extends string, F, C extends number> = S extends Shape
  ? number extends S["length"]
    ? PictureOf<number, number, C, F>
    : ShapeError<`${Layer}: needs 3 axes, ${F extends "channels_first"
        ? "[channels, height, width]"
        : "[height, width, channels]"}, and got ${S["length"]}`>
  : ShapeError<`${Layer}: takes one tensor, not a list`>;

/** The channels of `S`, where it is a picture. */
export type ChannelsOf<S, F> = S extends Picture ? Channels<S, F> : number;
