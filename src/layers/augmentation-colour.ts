/** Pictures that are made lighter, darker or richer in contrast at random while training. */
import { argumentError } from "../core/errors.ts";
import type { Tensor } from "../graph/tensor.ts";
import { add, maximum, mean, minimum, multiply, subtract } from "../ops/index.ts";
import { type Factor, PictureLayer, type PictureOptions, pictureNames, type Range, rangeOf } from "./augmentation.ts";
import type { Draw } from "./noise.ts";
import { type Config, readConfig } from "./options.ts";

/** Options of `randomContrast` and `randomBrightness`. */
export interface ColourOptions extends PictureOptions {
  /** The lowest and highest value of a picture; results are cut to it. Default [0, 255]. */
  readonly valueRange?: readonly [number, number];
}

const colourNames = ["valueRange", ...pictureNames] as const satisfies readonly (keyof ColourOptions)[];

function checkValueRange(where: string, value: unknown): Range {
  if (Array.isArray(value) && value.length === 2 && value.every(Number.isFinite)) return [value[0], value[1]];
  const expected = "[lowest, highest]";
  throw argumentError({ where, argument: "valueRange", value, expected, fix: "Usual are [0, 255] and [0, 1]." });
}

abstract class ColourLayer extends PictureLayer {
  readonly factor: Range;
  readonly valueRange: Range;

  constructor(factor: unknown, least: number, options: ColourOptions) {
    super(options, colourNames);
    this.factor = rangeOf(this.where, "factor", factor, { least, wide: true });
    this.valueRange = checkValueRange(this.where, options.valueRange ?? [0, 255]);
  }

  protected cut(x: Tensor): Tensor {
    return minimum(maximum(x, this.valueRange[0]), this.valueRange[1]);
  }

  override getConfig(): Config {
    return {
      ...super.getConfig(),
      data_format: this.dataFormat,
      factor: this.factor,
      value_range: this.valueRange,
      seed: this.seed ?? null,
    };
  }
}

// ---- RandomContrast -----------------------------------------------------------------------------------------------

/** The layer that `randomContrast` makes: Keras' `RandomContrast`. Its arguments are properties. */
export class RandomContrast extends ColourLayer {
  constructor(factor: Factor, options: ColourOptions = {}) {
    super(factor, 0, options);
  }

  override get className(): string {
    return "RandomContrast";
  }

  protected override change(picture: Tensor, draw: Draw): Tensor {
    const [low, high] = this.factor;
    const by = draw.uniform([], 1 - low, 1 + high);
    const middle = mean(picture, [0, 1], true);
    return this.cut(add(multiply(subtract(picture, middle), by), middle));
  }

  static fromConfig(config: Config): RandomContrast {
    const { factor, ...options } = readConfig("RandomContrast", config, ["factor", ...colourNames]);
    return new RandomContrast(factor as Factor, options);
  }
}

/**
 * Moves the cells of each channel away from its mean, or towards it, while training: `randomContrast([0.2, 0.2])` by
 * factors from 0.8 to 1.2.
 *
 * @param factor - [l, u] draws factors from 1 − l to 1 + u. One number u stands for [0, u], as in Keras: contrast only
 *   grows.
 */
export const randomContrast = (factor: Factor, options?: ColourOptions): RandomContrast =>
  new RandomContrast(factor, options);

// ---- RandomBrightness ---------------------------------------------------------------------------------------------

/** The layer that `randomBrightness` makes: Keras' `RandomBrightness`. Its arguments are properties. */
export class RandomBrightness extends ColourLayer {
  /** Bounds may come in either order here, as in Keras. */
  constructor(factor: Factor, options: ColourOptions = {}) {
    const { valueRange } = options;
    const isPair = Array.isArray(valueRange) && valueRange.length === 2;
    super(
      factor,
      -1,
      isPair ? { ...options, valueRange: [Math.min(...valueRange), Math.max(...valueRange)] } : options,
    );
  }

  override get className(): string {
    return "RandomBrightness";
  }

  protected override change(picture: Tensor, draw: Draw): Tensor {
    const [low, high] = this.valueRange;
    return this.cut(add(picture, multiply(draw.uniform([], ...this.factor), high - low)));
  }

  static fromConfig(config: Config): RandomBrightness {
    const { factor, ...options } = readConfig("RandomBrightness", config, ["factor", ...colourNames]);
    return new RandomBrightness(factor as Factor, options);
  }
}

/**
 * Adds to all cells of a picture, or takes away, while training: `randomBrightness(0.2)` up to a fifth of the range.
 *
 * @param factor - how much at most, as a fraction of `valueRange`, or [lowest, highest].
 */
export const randomBrightness = (factor: Factor, options?: ColourOptions): RandomBrightness =>
  new RandomBrightness(factor, options);
