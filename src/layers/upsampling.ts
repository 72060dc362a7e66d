/** Making pictures larger by repeating cells. */

import { unknownName } from "../core/errors.ts";
import type { Times } from "../core/shape-types.ts";
import type { Tensor } from "../graph/tensor.ts";
import { upSampleNearest } from "../ops/index.ts";
import { Layer, type LayerOptions } from "./layer.ts";
import {
  type Config,
  checkChoice,
  checkOptions,
  checkPair,
  checkPicture,
  type DataFormat,
  type None,
  type Only,
  type Pair,
  readConfig,
} from "./options.ts";
import {
  type ChannelsOf,
  type FormatOf,
  fromChannelsLast,
  type Height,
  type Horizontal,
  type NoPicture,
  type Picture,
  type PictureOf,
  toChannelsLast,
  type Vertical,
  type Width,
} from "./picture.ts";
import type { Rule } from "./rule.ts";

export interface UpSampling2DOptions extends LayerOptions {
  /** Order of the axes: `"channels_last"` (default) is [height, width, channels]. */
  readonly dataFormat?: DataFormat | null;
  /** How new cells come about: `"nearest"` repeats the old ones. */
  readonly interpolation?: "nearest";
}

const optionNames = [
  "dataFormat",
  "interpolation",
  "name",
  "trainable",
] as const satisfies readonly (keyof UpSampling2DOptions)[];

type Enlarged<S, K, F, C extends number> = S extends Picture
  ? PictureOf<Times<Height<S, F>, Vertical<K>>, Times<Width<S, F>, Horizontal<K>>, C, F>
  : NoPicture<S, "upSampling2d", F, C>;

export interface UpSampling2DRule<K extends Pair, O> extends Rule {
  readonly out: Enlarged<this["in"], K, FormatOf<O>, ChannelsOf<this["in"], FormatOf<O>>>;
}

export class UpSampling2D<
  const K extends Pair = Pair,
  const O extends UpSampling2DOptions = UpSampling2DOptions,
> extends Layer<UpSampling2DRule<K, O>> {
  readonly size: readonly [number, number];
  readonly dataFormat: DataFormat;
  readonly interpolation: "nearest";

  constructor(size: K, options?: Only<O, UpSampling2DOptions>) {
    const o: UpSampling2DOptions = options ?? {};
    super(o);
    const { where } = this;
    checkOptions(where, o, optionNames);
    this.size = checkPair(where, "size", size);
    this.dataFormat = checkChoice(where, "dataFormat", o.dataFormat ?? "channels_last", [
      "channels_last",
      "channels_first",
    ]);
    const interpolation: string = o.interpolation ?? "nearest";
    if (interpolation !== "nearest") {
      throw unknownName({ where, what: "interpolation", name: String(interpolation), choices: ["nearest"] });
    }
    this.interpolation = interpolation;
  }

  override get className(): string {
    return "UpSampling2D";
  }

  call(x: Tensor): Tensor {
    checkPicture(this.where, x.shape, this.dataFormat);
    return fromChannelsLast(upSampleNearest(toChannelsLast(x, this.dataFormat), this.size), this.dataFormat);
  }

  override getConfig(): Config {
    const { size, dataFormat, interpolation } = this;
    return { ...super.getConfig(), size, data_format: dataFormat, interpolation };
  }

  static fromConfig(config: Config): UpSampling2D {
    const { size = 2, ...options } = readConfig("UpSampling2D", config, ["size", ...optionNames]);
    return new UpSampling2D<Pair, UpSampling2DOptions>(size as Pair, options);
  }
}

/**
 * Repeats every cell of a picture.
 *
 * @param size - how often: one number (default 2), or [vertically, horizontally].
 */
export function upSampling2d<const K extends Pair = 2, const O extends UpSampling2DOptions = None>(
  size?: K,
  options?: Only<O, UpSampling2DOptions>,
): UpSampling2D<K, O> {
  return new UpSampling2D<K, O>(size ?? (2 as K), options);
}
