/** Preparing inputs inside the model: another range of values, other sizes. */
import { argumentError } from "../core/errors.ts";
import type { OpenShape, Shape, Tensor } from "../graph/tensor.ts";
import { add, concatenate, constantTensor, contractAxis, fill, multiply, slice } from "../ops/index.ts";
import { Layer, type LayerOptions, layerOptions } from "./layer.ts";
import {
  type Config,
  checkBoolean,
  checkChoice,
  checkCount,
  checkNumber,
  checkOptions,
  type DataFormat,
  type None,
  type Only,
  readConfig,
} from "./options.ts";
import { type Interpolation, interpolations, resizeMatrix } from "./resize.ts";
import type { Rule, Same } from "./rule.ts";
import {
  type ChannelsOf,
  checkFormat,
  checkSpatial,
  type FormatOf,
  fromChannelsLast,
  type Joined,
  type SpatialOf,
  toChannelsLast,
} from "./spatial.ts";

// ---- Rescaling ----------------------------------------------------------------------------------------------------

/** One number for everything, or one for each cell of the last axis. */
export type PerChannel = number | readonly number[];

/** Options of `rescaling`. */
export interface RescalingOptions extends LayerOptions {
  /** What is added after the scale. Default 0. */
  readonly offset?: PerChannel;
}

const rescalingNames = ["offset", ...layerOptions] as const satisfies readonly (keyof RescalingOptions)[];

function checkPerChannel(where: string, argument: string, value: unknown): PerChannel {
  if (!Array.isArray(value)) return checkNumber(where, argument, value);
  return value.map((v, i) => checkNumber(where, `${argument}[${i}]`, v));
}

const perChannel = (value: PerChannel): Tensor | number =>
  typeof value === "number" ? value : constantTensor({ data: Float32Array.from(value), shape: [value.length] });

/** The layer that `rescaling` makes: Keras' `Rescaling`. Its arguments are properties. */
export class Rescaling extends Layer<Same> {
  readonly scale: PerChannel;
  readonly offset: PerChannel;

  constructor(scale: PerChannel, options: RescalingOptions = {}) {
    super(options);
    checkOptions(this.where, options, rescalingNames);
    this.scale = checkPerChannel(this.where, "scale", scale);
    this.offset = checkPerChannel(this.where, "offset", options.offset ?? 0);
  }

  override get className(): string {
    return "Rescaling";
  }

  protected override build(shape: Shape): void {
    for (const [argument, value] of [
      ["scale", this.scale],
      ["offset", this.offset],
    ] as const) {
      const channels = shape[shape.length - 1] ?? 1;
      if (typeof value === "number" || value.length === channels || value.length === 1) continue;
      throw argumentError({
        where: this.where,
        argument,
        value,
        expected: `one number, or one for each of the ${channels} cells of the last axis`,
      });
    }
  }

  call(x: Tensor): Tensor {
    const y = multiply(x, perChannel(this.scale));
    return this.offset === 0 ? y : add(y, perChannel(this.offset));
  }

  override getConfig(): Config {
    return { ...super.getConfig(), scale: this.scale, offset: this.offset };
  }

  static fromConfig(config: Config): Rescaling {
    const { scale, ...options } = readConfig("Rescaling", config, ["scale", ...rescalingNames]);
    return new Rescaling(scale as PerChannel, options);
  }
}

/**
 * x·scale + offset: `rescaling(1 / 127.5, { offset: -1 })` makes [-1, 1] of bytes.
 *
 * @param scale - one number, or one for each cell of the last axis.
 */
export const rescaling = (scale: PerChannel, options?: RescalingOptions): Rescaling => new Rescaling(scale, options);

// ---- Resizing -----------------------------------------------------------------------------------------------------

/** Options of `resizing`. */
export interface ResizingOptions extends LayerOptions {
  /** How new cells come about. Default `"bilinear"`. */
  readonly interpolation?: Interpolation;
  /** Cuts off what sticks out, in the middle, so that nothing is stretched. Default false. */
  readonly cropToAspectRatio?: boolean;
  /** Puts borders around, so that nothing is stretched. Default false. */
  readonly padToAspectRatio?: boolean;
  /** Borders have one value. */
  readonly fillMode?: "constant";
  /** The value of such borders. Default 0. */
  readonly fillValue?: number;
  /** Lets every cell count where pictures become smaller. Default false. */
  readonly antialias?: boolean;
  /** Order of the axes: `"channels_last"` (default) is [height, width, channels]. */
  readonly dataFormat?: DataFormat | null;
}

const resizingNames = [
  "interpolation",
  "cropToAspectRatio",
  "padToAspectRatio",
  "fillMode",
  "fillValue",
  "antialias",
  "dataFormat",
  ...layerOptions,
] as const satisfies readonly (keyof ResizingOptions)[];

type Resized<S, Name extends string, H extends number, W extends number, F> = F extends unknown
  ? SpatialOf<S, 2, Name, F> extends infer N
    ? N extends OpenShape
      ? Joined<[H, W], ChannelsOf<S, F>, F>
      : N
    : never
  : never;

/** The rule of layers that give pictures of a fixed size. */
export interface ResizedRule<Name extends string, H extends number, W extends number, O> extends Rule {
  readonly out: Resized<this["in"], Name, H, W, FormatOf<O>>;
}

/** The layer that `resizing` makes: Keras' `Resizing`. Its arguments are properties. */
export class Resizing<
  const H extends number = number,
  const W extends number = number,
  const O extends ResizingOptions = ResizingOptions,
> extends Layer<ResizedRule<"resizing", H, W, O>> {
  readonly height: H;
  readonly width: W;
  readonly interpolation: Interpolation;
  readonly cropToAspectRatio: boolean;
  readonly padToAspectRatio: boolean;
  readonly fillValue: number;
  readonly antialias: boolean;
  readonly dataFormat: DataFormat;

  constructor(height: H, width: W, options?: Only<O, ResizingOptions>) {
    const o: ResizingOptions = options ?? {};
    super(o);
    const { where } = this;
    checkOptions(where, o, resizingNames);
    this.height = checkCount(where, "height", height) as H;
    this.width = checkCount(where, "width", width) as W;
    this.interpolation = checkChoice(where, "interpolation", o.interpolation ?? "bilinear", interpolations);
    this.cropToAspectRatio = checkBoolean(where, "cropToAspectRatio", o.cropToAspectRatio ?? false);
    this.padToAspectRatio = checkBoolean(where, "padToAspectRatio", o.padToAspectRatio ?? false);
    checkChoice(where, "fillMode", o.fillMode ?? "constant", ["constant"]);
    this.fillValue = checkNumber(where, "fillValue", o.fillValue ?? 0);
    this.antialias = checkBoolean(where, "antialias", o.antialias ?? false);
    this.dataFormat = checkFormat(where, o.dataFormat);
    if (this.cropToAspectRatio && this.padToAspectRatio) {
      throw argumentError({
        where,
        argument: "padToAspectRatio",
        value: true,
        expected: "false together with cropToAspectRatio",
        fix: "Crop or pad, not both.",
      });
    }
  }

  override get className(): string {
    return "Resizing";
  }

  call(x: Tensor): Tensor {
    checkSpatial(this.where, x.shape, 2, this.dataFormat);
    const { height, width, interpolation, antialias, fillValue } = this;
    let y = toChannelsLast(x, this.dataFormat);
    if (this.cropToAspectRatio) y = cropTo(y, height, width, Math.fround);
    if (this.padToAspectRatio) y = padTo(y, height, width, fillValue);
    return fromChannelsLast(resized(y, [height, width], interpolation, antialias), this.dataFormat);
  }

  override getConfig(): Config {
    // Keras' base class of picture layers puts data_format first.
    return {
      ...super.getConfig(),
      data_format: this.dataFormat,
      height: this.height,
      width: this.width,
      interpolation: this.interpolation,
      crop_to_aspect_ratio: this.cropToAspectRatio,
      pad_to_aspect_ratio: this.padToAspectRatio,
      fill_mode: "constant",
      fill_value: this.fillValue,
      // Early versions of Keras 3 do not know it.
      ...(this.antialias ? { antialias: true } : {}),
    };
  }

  static fromConfig(config: Config): Resizing {
    const { height, width, ...options } = readConfig("Resizing", config, ["height", "width", ...resizingNames]);
    return new Resizing<number, number, ResizingOptions>(height as number, width as number, options);
  }
}

/** Height and width, one after the other. */
function resized(x: Tensor, sizes: readonly number[], interpolation: Interpolation, antialias: boolean): Tensor {
  return sizes.reduce((y, size, axis) => {
    const cells = y.shape[axis];
    return cells === size ? y : contractAxis(y, axis, size, resizeMatrix(interpolation, cells, size, antialias));
  }, x);
}

/** The size of one axis by the other's, in the proportions that are aimed at. */
const proportional = (other: number, aim: number, otherAim: number, round: (x: number) => number): number =>
  Math.trunc(round(round(other * aim) / otherAim));

/** The largest window of these proportions, in the middle. */
function cropTo(x: Tensor, height: number, width: number, round: (x: number) => number): Tensor {
  const [h, w, channels] = x.shape;
  const cropped = [
    Math.max(Math.min(h, proportional(w, height, width, round)), 1),
    Math.max(Math.min(w, proportional(h, width, height, round)), 1),
  ];
  const start = cropped.map((n, i) => Math.trunc((x.shape[i] - n) / 2));
  return slice(x, { start: [...start, 0], size: [...cropped, channels] });
}

/** Borders up to these proportions. Both sides are alike, so an odd difference leaves a row out, as in Keras. */
function padTo(x: Tensor, height: number, width: number, value: number): Tensor {
  const [h, w] = x.shape;
  const wanted = [
    Math.max(h, proportional(w, height, width, Math.fround)),
    Math.max(w, proportional(h, width, height, Math.fround)),
  ];
  return wanted.reduce((y, n, axis) => {
    const border = Math.trunc((n - x.shape[axis]) / 2);
    if (border === 0) return y;
    const edge = fill(value, y.shape.with(axis, border));
    return concatenate([edge, y, edge], axis);
  }, x);
}

/**
 * Pictures of another size: `resizing(96, 96)`.
 *
 * @param height - of the result, in cells.
 * @param width - of the result, in cells.
 */
export function resizing<const H extends number, const W extends number, const O extends ResizingOptions = None>(
  height: H,
  width: W,
  options?: Only<O, ResizingOptions>,
): Resizing<H, W, O> {
  return new Resizing<H, W, O>(height, width, options);
}

// ---- CenterCrop ---------------------------------------------------------------------------------------------------

/** Options of `centerCrop`. */
export interface CenterCropOptions extends LayerOptions {
  /** Order of the axes: `"channels_last"` (default) is [height, width, channels]. */
  readonly dataFormat?: DataFormat | null;
}

const cropNames = ["dataFormat", ...layerOptions] as const satisfies readonly (keyof CenterCropOptions)[];

/** The layer that `centerCrop` makes: Keras' `CenterCrop`. Its arguments are properties. */
export class CenterCrop<
  const H extends number = number,
  const W extends number = number,
  const O extends CenterCropOptions = CenterCropOptions,
> extends Layer<ResizedRule<"centerCrop", H, W, O>> {
  readonly height: H;
  readonly width: W;
  readonly dataFormat: DataFormat;

  constructor(height: H, width: W, options?: Only<O, CenterCropOptions>) {
    const o: CenterCropOptions = options ?? {};
    super(o);
    checkOptions(this.where, o, cropNames);
    this.height = checkCount(this.where, "height", height) as H;
    this.width = checkCount(this.where, "width", width) as W;
    this.dataFormat = checkFormat(this.where, o.dataFormat);
  }

  override get className(): string {
    return "CenterCrop";
  }

  /** A picture that is too small in one direction is cropped to the proportions and made larger. */
  call(x: Tensor): Tensor {
    checkSpatial(this.where, x.shape, 2, this.dataFormat);
    const { height, width } = this;
    const y = toChannelsLast(x, this.dataFormat);
    const [h, w, channels] = y.shape;
    const result =
      h >= height && w >= width
        ? slice(y, {
            start: [Math.floor((h - height) / 2), Math.floor((w - width) / 2), 0],
            size: [height, width, channels],
          })
        : resized(
            cropTo(y, height, width, (n) => n),
            [height, width],
            "bilinear",
            false,
          );
    return fromChannelsLast(result, this.dataFormat);
  }

  override getConfig(): Config {
    return { ...super.getConfig(), data_format: this.dataFormat, height: this.height, width: this.width };
  }

  static fromConfig(config: Config): CenterCrop {
    const { height, width, ...options } = readConfig("CenterCrop", config, ["height", "width", ...cropNames]);
    return new CenterCrop<number, number, CenterCropOptions>(height as number, width as number, options);
  }
}

/**
 * The middle of pictures: `centerCrop(224, 224)`.
 *
 * @param height - of the result, in cells.
 * @param width - of the result, in cells.
 */
export function centerCrop<const H extends number, const W extends number, const O extends CenterCropOptions = None>(
  height: H,
  width: W,
  options?: Only<O, CenterCropOptions>,
): CenterCrop<H, W, O> {
  return new CenterCrop<H, W, O>(height, width, options);
}
