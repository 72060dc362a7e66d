/**
 * Layers over signals, pictures and volumes. Keras has a class for each rank; here a family is one class whose rank is a
 * value, so that what it computes, its rule for shapes, its function and its record are each written once.
 */
import type { Tensor } from "../graph/tensor.ts";
import { Layer, type LayerOptions, layerOptions } from "./layer.ts";
import { checkOptions, type DataFormat } from "./options.ts";
import type { Rule } from "./rule.ts";
import { checkFormat, checkSpatial, type Rank } from "./spatial.ts";

/** Options of layers that go over height, width and depth alike. */
export interface SpatialOptions extends LayerOptions {
  /** Order of the axes: `"channels_last"` (default) is [height, width, channels]. */
  readonly dataFormat?: DataFormat | null;
}

export const spatialOptions = ["dataFormat", ...layerOptions] as const satisfies readonly (keyof SpatialOptions)[];

export const ranks: readonly Rank[] = [1, 2, 3];

export abstract class SpatialLayer<R extends Rank, T extends Rule> extends Layer<T> {
  readonly rank: R;
  readonly dataFormat: DataFormat;

  /**
   * @param className - the name of the class of that rank in Keras.
   * @param known - the names of all options.
   */
  constructor(className: string, rank: R, options: SpatialOptions, known: readonly string[]) {
    super(options, className);
    checkOptions(this.where, options, known);
    this.rank = rank;
    this.dataFormat = checkFormat(this.where, options.dataFormat);
  }

  /** Refuses inputs of another rank. */
  protected checkRank(x: Tensor): void {
    checkSpatial(this.where, x.shape, this.rank, this.dataFormat);
  }
}
