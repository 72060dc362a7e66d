/** Normalisation by statistics of the data that are known before training. */
import { type NdArray, sizeOf } from "../core/array.ts";
import { argumentError, dataError } from "../core/errors.ts";
import type { Shape, Tensor, Variable } from "../graph/tensor.ts";
import { add, constantTensor, divide, maximum, multiply, reshape, squareRoot, subtract } from "../ops/index.ts";
import { ones, zeros } from "./initializers.ts";
import { Layer, type LayerOptions, layerOptions } from "./layer.ts";
import { type Axis, alongAxes } from "./normalization.ts";
import { type Config, checkAxis, checkBoolean, checkOptions, readConfig } from "./options.ts";
import type { Same } from "./rule.ts";

/** A number, or lists of numbers for several cells. */
export type Statistics = number | readonly Statistics[];

const flat = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value.flatMap(flat) : [value]);

/** Options of `normalization`. */
export interface NormalizationLayerOptions extends LayerOptions {
  /** The axis or axes whose cells have statistics of their own; null for one mean and variance. Default −1, the last. */
  readonly axis?: Axis | null;
  /** Both or neither: without them `adapt` finds them in data. */
  readonly mean?: Statistics | null;
  /** See `mean`. */
  readonly variance?: Statistics | null;
  /** Whether to turn normalised values back. Default false. */
  readonly invert?: boolean;
}

const optionNames = [
  "axis",
  "mean",
  "variance",
  "invert",
  ...layerOptions,
] as const satisfies readonly (keyof NormalizationLayerOptions)[];

/** The smallest standard deviation that is divided by. */
const leastDeviation = 1e-7;

function shapeOfLists(value: Statistics): number[] {
  return typeof value === "number" ? [] : [value.length, ...(value.length === 0 ? [] : shapeOfLists(value[0]))];
}

function checkStatistics(where: string, argument: string, value: unknown): Statistics {
  const isStatistics = (v: unknown): boolean =>
    (typeof v === "number" && Number.isFinite(v)) || (Array.isArray(v) && v.length > 0 && v.every(isStatistics));
  if (isStatistics(value) && sizeOf(shapeOfLists(value as Statistics)) === flat(value).length)
    return value as Statistics;
  const expected = "a number, or lists of numbers";
  throw argumentError({ where, argument, value, expected, fix: "Leave it out, and call adapt with data." });
}

/** The layer that `normalization` makes: Keras' `Normalization`. Its arguments are properties. */
export class Normalization extends Layer<Same> {
  /** As given: counting the batch as 0, or from the end. */
  readonly axis: readonly number[];
  readonly mean: Statistics | null;
  readonly variance: Statistics | null;
  readonly invert: boolean;
  /** Mean and variance of each cell, once built, where none were given. */
  adaptedMean: Variable | undefined;
  adaptedVariance: Variable | undefined;

  constructor(options: NormalizationLayerOptions = {}) {
    super(options);
    const { where } = this;
    checkOptions(where, options, optionNames);
    const { axis = -1, mean = null, variance = null } = options;
    this.axis = axis === null ? [] : typeof axis === "number" ? [axis] : [...axis];
    this.mean = mean === null ? null : checkStatistics(where, "mean", mean);
    this.variance = variance === null ? null : checkStatistics(where, "variance", variance);
    this.invert = checkBoolean(where, "invert", options.invert ?? false);
    const [m, v] = [this.mean, this.variance].map((value) => (value === null ? null : shapeOfLists(value)));
    if (String(m) !== String(v) || (m === null) !== (v === null)) {
      throw argumentError({
        where,
        argument: "variance",
        value: this.variance,
        expected: m === null ? "nothing without a mean" : `of the shape of mean, [${m}]`,
        fix: "Give both, or neither and call adapt with data.",
      });
    }
    if (m !== null && m.length > this.axis.length) {
      throw argumentError({
        where,
        argument: "mean",
        value: this.mean,
        expected: `at most ${this.axis.length} levels of lists for the axes [${this.axis}]`,
      });
    }
  }

  override get className(): string {
    return "Normalization";
  }

  /** The kept axes among those of a sample, ascending. */
  #at(rank: number): number[] {
    return this.axis.map((axis) => checkAxis(this.where, "axis", axis, rank)).sort((a, b) => a - b);
  }

  protected override build(shape: Shape): void {
    const at = this.#at(shape.length);
    const sizes = at.map((axis) => shape[axis]);
    if (this.mean === null) {
      this.adaptedMean = this.addWeight("mean", sizes, zeros(), false);
      this.adaptedVariance = this.addWeight("variance", sizes, ones(), false);
      // Keras keeps it for old files and no longer counts.
      this.addWeight("count", [], zeros(), false);
      return;
    }
    const given = shapeOfLists(this.mean);
    const own = sizes.slice(sizes.length - given.length);
    if (given.every((n, i) => n === 1 || n === own[i])) return;
    throw argumentError({
      where: this.where,
      argument: "mean",
      value: `of shape [${given}]`,
      expected: `of the sizes [${own}] of the axes [${this.axis}], or 1`,
    });
  }

  protected override suits([built]: readonly Shape[], [now]: readonly Shape[]): boolean {
    return now.length === built.length && this.#at(now.length).every((axis) => now[axis] === built[axis]);
  }

  /**
   * Takes mean and variance from data. Call it before training; models that hold the layer use what it found.
   *
   * @param data - samples, first axis the sample: one array, or several one after the other.
   */
  adapt(data: NdArray | Iterable<NdArray>): void {
    const where = `${this.where} adapt`;
    if (this.mean !== null) {
      throw argumentError({ where, argument: "data", value: "given", expected: "none: mean and variance were given" });
    }
    const totals = new Totals(where);
    for (const array of Symbol.iterator in data ? data : [data]) {
      const shape = array.shape.slice(1);
      this.prepare([shape]);
      totals.add(array, this.#at(shape.length));
    }
    const { mean, variance } = totals.finish();
    this.adaptedMean?.assign(mean);
    this.adaptedVariance?.assign(variance);
  }

  call(x: Tensor): Tensor {
    const { mean, variance } = this.#statistics(x);
    const deviation = maximum(squareRoot(variance), leastDeviation);
    return this.invert ? add(mean, multiply(x, deviation)) : divide(subtract(x, mean), deviation);
  }

  #statistics(x: Tensor) {
    const at = this.#at(x.shape.length);
    if (this.mean === null || this.variance === null) {
      const [mean, variance] = [this.adaptedMean, this.adaptedVariance].map((v) => alongAxes(this.read(v), x, at));
      return { mean, variance };
    }
    const spread = (value: Statistics): Tensor => {
      const shape = shapeOfLists(value);
      const data = Float32Array.from(flat(value) as number[]);
      const last = at.slice(at.length - shape.length);
      const full = x.shape.map((_, i) => (last.includes(i) ? shape[last.indexOf(i)] : 1));
      return reshape(constantTensor({ data, shape }), full);
    };
    return { mean: spread(this.mean), variance: spread(this.variance) };
  }

  override getConfig(): Config {
    return {
      ...super.getConfig(),
      axis: this.axis,
      invert: this.invert,
      mean: this.mean,
      variance: this.variance,
    };
  }

  static fromConfig(config: Config): Normalization {
    const options = readConfig("Normalization", config, optionNames);
    // Null stands for no axis here, and not for the default.
    return new Normalization(config.axis === null ? { ...options, axis: null } : options);
  }
}

/** Mean and variance of cells, gathered from arrays in float64: each array's own in two passes, then together. */
class Totals {
  readonly #where: string;
  #count = 0;
  #mean = new Float64Array();
  #variance = new Float64Array();

  constructor(where: string) {
    this.#where = where;
  }

  add({ data, shape, scale = 1 }: NdArray, at: readonly number[]): void {
    if (data.length === 0) return;
    const sizes = shape.slice(1);
    const cells = at.reduce((n, axis) => n * sizes[axis], 1);
    const place = placesOf(sizes, at);
    const count = data.length / cells;
    const [mean, variance] = [new Float64Array(cells), new Float64Array(cells)];
    for (let i = 0; i < data.length; i++) mean[place[i % place.length]] += (data[i] * scale) / count;
    for (let i = 0; i < data.length; i++) {
      const k = place[i % place.length];
      variance[k] += (data[i] * scale - mean[k]) ** 2 / count;
    }
    if (this.#count === 0) [this.#mean, this.#variance] = [new Float64Array(cells), new Float64Array(cells)];
    const weight = count / (this.#count + count);
    for (let k = 0; k < cells; k++) {
      const difference = mean[k] - this.#mean[k];
      this.#mean[k] += difference * weight;
      this.#variance[k] += (variance[k] - this.#variance[k]) * weight + difference ** 2 * weight * (1 - weight);
    }
    this.#count += count;
  }

  finish() {
    if (this.#count > 0) return { mean: Float32Array.from(this.#mean), variance: Float32Array.from(this.#variance) };
    throw dataError({
      where: this.#where,
      got: "no samples",
      expected: "at least one",
      fix: "Give an array of samples.",
    });
  }
}

/** For each cell of a sample the place of its statistics, row-major over the kept axes. */
function placesOf(sizes: Shape, at: readonly number[]): Uint32Array {
  return Uint32Array.from({ length: sizeOf(sizes) }, (_, cell) => {
    let [rest, place, stride] = [cell, 0, 1];
    for (let axis = sizes.length - 1; axis >= 0; axis--) {
      if (at.includes(axis)) {
        place += (rest % sizes[axis]) * stride;
        stride *= sizes[axis];
      }
      rest = Math.floor(rest / sizes[axis]);
    }
    return place;
  });
}

/**
 * (x − mean) / √variance, with statistics that are given, or that `adapt` finds in data: `const scale = normalization();
 * scale.adapt(pictures)`.
 */
export const normalization = (options?: NormalizationLayerOptions): Normalization => new Normalization(options);
