/** Pictures that are turned, moved and made larger or smaller at random while training. */
import { argumentError } from "../core/errors.ts";
import type { Shape, Tensor } from "../graph/tensor.ts";
import { cosine, greaterEqual, multiply, negative, where as select, sine, slice, subtract } from "../ops/index.ts";
import {
  type FillMode,
  fillModes,
  type PlaneMap,
  type SampleInterpolation,
  type Sampling,
  sampled,
  sampleInterpolations,
} from "./augmentation-sampling.ts";
import { type Draw, RandomLayer, type RandomOptions, randomNames } from "./noise.ts";
import { type Config, checkChoice, checkNumber, type DataFormat, readConfig } from "./options.ts";
import { checkFormat, checkSpatial, fromChannelsLast, toChannelsLast } from "./spatial.ts";

// ---- what they share ----------------------------------------------------------------------------------------------

/** One number for both sides of 0, or [lowest, highest]. */
export type Factor = number | readonly [number, number];

/** A range, ascending. */
export type Range = readonly [number, number];

/**
 * The range that a factor names: from −a to a for one number a, but not below `least`.
 *
 * @param options - `least` is the smallest number that is allowed (1 the largest), `above` says that it is not itself
 *   allowed, and `wide` that a pair may go beyond, if it does not lie outside altogether.
 */
export function rangeOf(
  where: string,
  argument: string,
  factor: unknown,
  options: { readonly least?: number; readonly above?: boolean; readonly wide?: boolean } = {},
): Range {
  const { least = -1, above = false, wide = false } = options;
  const isAllowed = (v: number): boolean => v <= 1 && (above ? v > least : v >= least);
  if (Array.isArray(factor) && factor.length === 2 && factor.every(Number.isFinite)) {
    const range = [Math.min(...factor), Math.max(...factor)] as const;
    if (wide ? range[0] <= 1 && range[1] >= least : range.every(isAllowed)) return range;
  } else if (typeof factor === "number" && isAllowed(factor)) {
    const size = Math.abs(factor);
    return [least < 0 ? -size : 0, size];
  }
  const bounds = above ? `above ${least}, up to 1` : `from ${least} to 1`;
  throw argumentError({
    where,
    argument,
    value: factor,
    expected: `a number ${bounds}, or [lowest, highest]`,
    fix: "Usual are numbers such as 0.1.",
  });
}

/** Options of `randomFlip`, and of all random layers over pictures. */
export interface PictureOptions extends RandomOptions {
  /** Order of the axes: `"channels_last"` (default) is [height, width, channels]. */
  readonly dataFormat?: DataFormat | null;
}

/** The names of these options. */
export const pictureNames = ["dataFormat", ...randomNames] as const satisfies readonly (keyof PictureOptions)[];

/** A random layer over pictures. */
export abstract class PictureLayer extends RandomLayer {
  readonly dataFormat: DataFormat;

  constructor(options: PictureOptions, known: readonly string[]) {
    super(options, known);
    this.dataFormat = checkFormat(this.where, options.dataFormat);
  }

  /** What becomes of a picture whose channels are last. */
  protected abstract change(picture: Tensor, draw: Draw): Tensor;

  protected override build(shape: Shape): void {
    checkSpatial(this.where, shape, 2, this.dataFormat);
  }

  protected override disturb(x: Tensor, draw: Draw): Tensor {
    checkSpatial(this.where, x.shape, 2, this.dataFormat);
    return fromChannelsLast(this.change(toChannelsLast(x, this.dataFormat), draw), this.dataFormat);
  }
}

// ---- RandomFlip ---------------------------------------------------------------------------------------------------

const flipModes = ["horizontal", "vertical", "horizontal_and_vertical"] as const;

/** Left and right, top and bottom, or both at once. */
export type FlipMode = (typeof flipModes)[number];

/** The layer that `randomFlip` makes: Keras' `RandomFlip`. Its arguments are properties. */
export class RandomFlip extends PictureLayer {
  readonly mode: FlipMode;

  constructor(mode: FlipMode = "horizontal_and_vertical", options: PictureOptions = {}) {
    super(options, pictureNames);
    this.mode = checkChoice(this.where, "mode", mode, flipModes);
  }

  override get className(): string {
    return "RandomFlip";
  }

  /** One draw decides for both directions, as in Keras. */
  protected override change(picture: Tensor, draw: Draw): Tensor {
    const flips = [this.mode !== "horizontal", this.mode !== "vertical"];
    const { shape } = picture;
    const flipped = slice(picture, {
      start: shape.map((n, i) => (flips[i] ? n - 1 : 0)),
      size: shape,
      step: shape.map((_, i) => (flips[i] ? -1 : 1)),
    });
    return select(greaterEqual(0.5, draw.uniform([])), flipped, picture);
  }

  override getConfig(): Config {
    return { ...super.getConfig(), data_format: this.dataFormat, seed: this.seed ?? null, mode: this.mode };
  }

  static fromConfig(config: Config): RandomFlip {
    const { mode, ...options } = readConfig("RandomFlip", config, ["mode", ...pictureNames]);
    return new RandomFlip(mode as FlipMode, options);
  }
}

/**
 * Mirrors every other picture while training: `randomFlip("horizontal")`.
 *
 * @param mode - in which direction. `"horizontal_and_vertical"` (default) mirrors in both at once, or not at all.
 */
export const randomFlip = (mode?: FlipMode, options?: PictureOptions): RandomFlip => new RandomFlip(mode, options);

// ---- RandomRotation, RandomTranslation, RandomZoom ----------------------------------------------------------------

/** Options of layers that read pictures at other places: `randomRotation`, `randomTranslation` and `randomZoom`. */
export interface SamplingOptions extends PictureOptions {
  /** What is beyond the edge: `"reflect"` (default), `"constant"`, `"nearest"` or `"wrap"`. */
  readonly fillMode?: FillMode;
  /** The value beyond the edge for `"constant"`. Default 0. */
  readonly fillValue?: number;
  /** Default `"bilinear"`. */
  readonly interpolation?: SampleInterpolation;
}

const samplingNames = [
  "fillMode",
  "fillValue",
  "interpolation",
  ...pictureNames,
] as const satisfies readonly (keyof SamplingOptions)[];

/**
 * A layer that reads its pictures at other places. Its gradient compares every cell with every place: it belongs before
 * all that is trained, where none is asked for.
 */
abstract class SamplingLayer extends PictureLayer implements Sampling {
  readonly fillMode: FillMode;
  readonly fillValue: number;
  readonly interpolation: SampleInterpolation;

  constructor(options: SamplingOptions, known: readonly string[]) {
    super(options, known);
    const { where } = this;
    this.fillMode = checkChoice(where, "fillMode", options.fillMode ?? "reflect", fillModes);
    this.fillValue = checkNumber(where, "fillValue", options.fillValue ?? 0);
    this.interpolation = checkChoice(where, "interpolation", options.interpolation ?? "bilinear", sampleInterpolations);
  }

  /** Where the result is read, for a picture of so many rows and columns. */
  protected abstract mapFor(height: number, width: number, draw: Draw): PlaneMap;

  protected override change(picture: Tensor, draw: Draw): Tensor {
    const [height, width] = picture.shape;
    return sampled(picture, this.mapFor(height, width, draw), this);
  }
}

/** The layer that `randomRotation` makes: Keras' `RandomRotation`. Its arguments are properties. */
export class RandomRotation extends SamplingLayer {
  /** Lowest and highest angle as a fraction of a whole turn. */
  readonly factor: Range;

  constructor(factor: Factor, options: SamplingOptions = {}) {
    super(options, samplingNames);
    this.factor = rangeOf(this.where, "factor", factor, { wide: true });
  }

  override get className(): string {
    return "RandomRotation";
  }

  /** The angle is drawn in degrees, and the arithmetic in float32 follows Keras. */
  protected override mapFor(height: number, width: number, draw: Draw): PlaneMap {
    const [low, high] = this.factor;
    const angle = multiply(draw.uniform([], low * 360, high * 360), Math.PI / 180);
    const [x, y] = [(width - 1) / 2, (height - 1) / 2];
    const [c, s] = [cosine(angle), sine(angle)];
    return {
      a: [c, negative(s), subtract(subtract(x, multiply(c, x)), multiply(negative(s), y))],
      b: [s, c, subtract(subtract(y, multiply(s, x)), multiply(c, y))],
    };
  }

  override getConfig(): Config {
    return {
      ...super.getConfig(),
      data_format: this.dataFormat,
      factor: this.factor,
      fill_mode: this.fillMode,
      fill_value: this.fillValue,
      interpolation: this.interpolation,
      seed: this.seed ?? null,
    };
  }

  static fromConfig(config: Config): RandomRotation {
    const { factor, ...options } = readConfig("RandomRotation", config, ["factor", ...samplingNames]);
    return new RandomRotation(factor as Factor, options);
  }
}

/**
 * Turns pictures about their middle while training: `randomRotation(0.1)` by up to 36 degrees either way.
 *
 * @param factor - the largest angle as a fraction of a whole turn, or [lowest, highest]; above 0 is counter-clockwise.
 */
export const randomRotation = (factor: Factor, options?: SamplingOptions): RandomRotation =>
  new RandomRotation(factor, options);

/** The layer that `randomTranslation` makes: Keras' `RandomTranslation`. Its arguments are properties. */
export class RandomTranslation extends SamplingLayer {
  readonly heightFactor: Factor;
  readonly widthFactor: Factor;
  readonly #ranges: readonly [Range, Range];

  constructor(heightFactor: Factor, widthFactor: Factor, options: SamplingOptions = {}) {
    super(options, samplingNames);
    this.heightFactor = heightFactor;
    this.widthFactor = widthFactor;
    this.#ranges = [rangeOf(this.where, "heightFactor", heightFactor), rangeOf(this.where, "widthFactor", widthFactor)];
  }

  override get className(): string {
    return "RandomTranslation";
  }

  protected override mapFor(height: number, width: number, draw: Draw): PlaneMap {
    const [down, right] = this.#ranges.map(([low, high]) => draw.uniform([], low, high));
    return { a: [1, 0, negative(multiply(right, width))], b: [0, 1, negative(multiply(down, height))] };
  }

  override getConfig(): Config {
    return {
      ...super.getConfig(),
      data_format: this.dataFormat,
      height_factor: this.heightFactor,
      width_factor: this.widthFactor,
      fill_mode: this.fillMode,
      interpolation: this.interpolation,
      seed: this.seed ?? null,
      fill_value: this.fillValue,
    };
  }

  static fromConfig(config: Config): RandomTranslation {
    const known = ["heightFactor", "widthFactor", ...samplingNames];
    const { heightFactor, widthFactor, ...options } = readConfig("RandomTranslation", config, known);
    return new RandomTranslation(heightFactor as Factor, widthFactor as Factor, options);
  }
}

/**
 * Moves pictures while training: `randomTranslation(0.1, 0.1)`.
 *
 * @param heightFactor - how far at most, as a fraction of the height, or [lowest, highest]; above 0 is down.
 * @param widthFactor - how far at most, as a fraction of the width, or [lowest, highest]; above 0 is to the right.
 */
export const randomTranslation = (
  heightFactor: Factor,
  widthFactor: Factor,
  options?: SamplingOptions,
): RandomTranslation => new RandomTranslation(heightFactor, widthFactor, options);

/** Options of `randomZoom`. */
export interface RandomZoomOptions extends SamplingOptions {
  /** As `heightFactor`, for the width. Default null: the width changes as the height does. */
  readonly widthFactor?: Factor | null;
}

const zoomNames = ["widthFactor", ...samplingNames] as const satisfies readonly (keyof RandomZoomOptions)[];

/** The layer that `randomZoom` makes: Keras' `RandomZoom`. Its arguments are properties. */
export class RandomZoom extends SamplingLayer {
  readonly heightFactor: Factor;
  readonly widthFactor: Factor | null;
  readonly #height: Range;
  readonly #width: Range | undefined;

  constructor(heightFactor: Factor, options: RandomZoomOptions = {}) {
    super(options, zoomNames);
    this.heightFactor = heightFactor;
    this.widthFactor = options.widthFactor ?? null;
    this.#height = rangeOf(this.where, "heightFactor", heightFactor, { above: true });
    if (this.widthFactor !== null) this.#width = rangeOf(this.where, "widthFactor", this.widthFactor, { above: true });
  }

  override get className(): string {
    return "RandomZoom";
  }

  protected override mapFor(height: number, width: number, draw: Draw): PlaneMap {
    const zoom = ([low, high]: Range): Tensor => draw.uniform([], 1 + low, 1 + high);
    const tall = zoom(this.#height);
    const wide = this.#width === undefined ? tall : zoom(this.#width);
    const shift = (size: number, by: Tensor): Tensor => multiply(subtract(1, by), (size - 1) / 2);
    return { a: [wide, 0, shift(width, wide)], b: [0, tall, shift(height, tall)] };
  }

  override getConfig(): Config {
    return {
      ...super.getConfig(),
      data_format: this.dataFormat,
      height_factor: this.heightFactor,
      width_factor: this.widthFactor,
      fill_mode: this.fillMode,
      interpolation: this.interpolation,
      seed: this.seed ?? null,
      fill_value: this.fillValue,
    };
  }

  static fromConfig(config: Config): RandomZoom {
    const { heightFactor, ...options } = readConfig("RandomZoom", config, ["heightFactor", ...zoomNames]);
    return new RandomZoom(heightFactor as Factor, options);
  }
}

/**
 * Makes what pictures show larger or smaller while training: `randomZoom(0.2)`.
 *
 * @param heightFactor - by how much at most, or [lowest, highest]; above 0 is smaller: 0.2 shows 20% more.
 */
export const randomZoom = (heightFactor: Factor, options?: RandomZoomOptions): RandomZoom =>
  new RandomZoom(heightFactor, options);
