/**
 * What layers over signals, pictures and volumes have in common: one to three spatial axes and a channel axis, as values
 * and as types.
 */

import { showShape } from "../core/array.ts";
import { argumentError, shapeError } from "../core/errors.ts";
import type { AxisRule } from "../core/shape.ts";
import type { Size } from "../core/shape-types.ts";
import type { OpenShape, Shape, Tensor } from "../graph/tensor.ts";
import { transpose } from "../ops/index.ts";
import { checkChoice, type DataFormat, type Given } from "./options.ts";
import type { ShapeError } from "./rule.ts";

/** How many spatial axes: 1 for signals, 2 for pictures, 3 for volumes. */
export type Rank = 1 | 2 | 3;

interface Lists<T> {
  readonly 1: readonly [T];
  readonly 2: readonly [T, T];
  readonly 3: readonly [T, T, T];
}

/** One value for each spatial axis. */
export type PerAxis<R extends Rank, T = number> = Lists<T>[R];

/** One number for all spatial axes, or one for each: [length], [height, width], [depth, height, width]. */
export type Sizes<R extends Rank> = number | PerAxis<R>;

const axisNames = { 1: ["length"], 2: ["height", "width"], 3: ["depth", "height", "width"] } as const;
const counts = { 1: "a list of one", 2: "two of them", 3: "three of them" } as const;

/** `[height, width, channels]`. */
const axesOf = (rank: Rank, dataFormat: DataFormat): string[] =>
  dataFormat === "channels_first" ? ["channels", ...axisNames[rank]] : [...axisNames[rank], "channels"];

export const checkFormat = (where: string, value: unknown): DataFormat =>
  checkChoice(where, "dataFormat", value ?? "channels_last", ["channels_last", "channels_first"]);

/** A whole number of at least `least` for each axis, from one for all or from one for each. */
export function checkSizes<R extends Rank>(
  where: string,
  argument: string,
  value: unknown,
  rank: R,
  least = 1,
): PerAxis<R> {
  const list = Array.isArray(value) ? value : Array<unknown>(rank).fill(value);
  if (list.length !== rank || list.some((n) => !Number.isInteger(n) || n < least)) {
    throw argumentError({
      where,
      argument,
      value,
      expected: `a whole number of at least ${least}, or ${counts[rank]}: [${axisNames[rank].join(", ")}]`,
      fix: rank === 1 ? "Give it a number such as 2." : "Give it one number for all axes, such as 2.",
    });
  }
  return [...list] as unknown as PerAxis<R>;
}

/** Refuses shapes of another rank, with the order in which the axes are expected. */
export function checkSpatial(where: string, shape: Shape, rank: Rank, dataFormat: DataFormat): void {
  if (shape.length === rank + 1) return;
  const names = axesOf(rank, dataFormat);
  throw shapeError({
    where,
    got: `an input of shape ${showShape(shape, true)}`,
    expected: `${rank + 1} axes besides the batch: (None, ${names.join(", ")})`,
    fix:
      shape.length === rank
        ? `Add the channel axis, e.g. with reshape([${names.map((n) => (n === "channels" ? "1" : n)).join(", ")}]).`
        : `Feed ${{ 1: "signals", 2: "pictures", 3: "volumes" }[rank]}, or reshape.`,
  });
}

/** The positions of the spatial axes, without the batch. */
export const spatialAxes = (rank: Rank, dataFormat: DataFormat): number[] =>
  Array.from({ length: rank }, (_, i) => (dataFormat === "channels_first" ? i + 1 : i));

export const spatialSizes = (shape: Shape, dataFormat: DataFormat): Shape =>
  dataFormat === "channels_first" ? shape.slice(1) : shape.slice(0, -1);

export const channelsOf = (shape: Shape, dataFormat: DataFormat): number =>
  dataFormat === "channels_first" ? shape[0] : shape[shape.length - 1];

/** What a layer does along a spatial axis. */
export interface SpatialRule extends AxisRule {
  /** What the axis is called: `height`, `width`. */
  readonly name: string;
  /** Its place among the axes of the input, without the batch. */
  readonly axis: number;
}

/** What a layer does to axes of `input`: `rule` answers for spatial axis `i`, `n` cells of which became `output`. */
export function spatialRules(
  { rank, dataFormat }: { readonly rank: Rank; readonly dataFormat: DataFormat },
  input: Shape,
  output: Shape,
  rule: (n: number, i: number, output: number) => AxisRule,
): SpatialRule[] {
  return spatialAxes(rank, dataFormat).map((axis, i) => ({
    name: axisNames[rank][i],
    axis,
    ...rule(input[axis], i, output[axis]),
  }));
}

/** Channels are last inside; inputs that have them first are turned on the way in and out. */
export function toChannelsLast(x: Tensor, dataFormat: DataFormat): Tensor {
  if (dataFormat !== "channels_first") return x;
  const axes = x.shape.map((_, i) => i);
  return transpose(x, [...axes.slice(1), 0]);
}

export function fromChannelsLast(x: Tensor, dataFormat: DataFormat): Tensor {
  if (dataFormat !== "channels_first") return x;
  const last = x.shape.length - 1;
  return transpose(x, [last, ...x.shape.slice(1).map((_, i) => i)]);
}

// ---- types --------------------------------------------------------------------------------------------------------

interface AxisNames {
  readonly 1: readonly ["length"];
  readonly 2: readonly ["height", "width"];
  readonly 3: readonly ["depth", "height", "width"];
}

/** The option `dataFormat`. */
export type FormatOf<O> = Given<O, "dataFormat", "channels_last">;

/** What a value for all axes or a list with one for each says for axis `I` (a key of a tuple). */
export type At<K, I> = K extends readonly unknown[] ? (I extends keyof K ? K[I] : number) : K;

/** As `At`, for numbers; `number` where nothing is known. */
export type SizeAt<K, I> = At<K, I> extends infer N ? (N extends number ? N : number) : number;

/** The name of spatial axis `I`. */
export type AxisName<R extends Rank, I> = I extends keyof AxisNames[R] ? AxisNames[R][I] & string : "axis";

type Front<S> = S extends readonly [...infer N extends OpenShape, Size] ? N : never;
type Rest<S> = S extends readonly [Size, ...infer N extends OpenShape] ? N : never;

/** The spatial sizes of `S` in format `F`; all `number` where its axes are not known; a `ShapeError` for another rank. */
export type SpatialOf<S, R extends Rank, Layer extends string, F> = S extends OpenShape
  ? number extends S["length"]
    ? PerAxis<R>
    : F extends "channels_first"
      ? Rest<S> extends infer N extends PerAxis<R, Size>
        ? N
        : WrongRank<S, R, Layer, F>
      : Front<S> extends infer N extends PerAxis<R, Size>
        ? N
        : WrongRank<S, R, Layer, F>
  : ShapeError<`${Layer}: takes one tensor, not a list`>;

type Words<T extends readonly string[]> = T extends readonly [
  infer H extends string,
  ...infer N extends readonly string[],
]
  ? N extends readonly []
    ? H
    : `${H}, ${Words<N>}`
  : "";

type WrongRank<S extends OpenShape, R extends Rank, Layer extends string, F> = ShapeError<`${Layer}: needs ${{
  1: 2;
  2: 3;
  3: 4;
}[R]} axes, [${F extends "channels_first"
  ? `channels, ${Words<AxisNames[R]>}`
  : `${Words<AxisNames[R]>}, channels`}], and got ${S["length"]}`>;

/** The channels of `S` in format `F`; `number` where its axes are not known. */
export type ChannelsOf<S, F> = S extends OpenShape
  ? number extends S["length"]
    ? number
    : F extends "channels_first"
      ? S extends readonly [infer C extends Size, ...OpenShape]
        ? C
        : number
      : S extends readonly [...OpenShape, infer C extends Size]
        ? C
        : number
  : number;

/** The shape of the spatial sizes `N` and `C` channels; where `N` holds words on what does not fit, these. */
export type Joined<N, C extends Size, F> = N extends readonly unknown[]
  ? [Extract<N[number], ShapeError<string>>] extends [never]
    ? N extends OpenShape
      ? F extends "channels_first"
        ? [C, ...N]
        : [...N, C]
      : never
    : Extract<N[number], ShapeError<string>>
  : N;
