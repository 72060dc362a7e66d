/** How weights start: Keras' initializers, over Rhyton's own generator (the distributions agree, the numbers do not). */
import { sizeOf } from "../core/array.ts";
import { argumentError, unknownName } from "../core/errors.ts";
import { fillNormal, fillTruncatedNormal, fillUniform } from "../core/random.ts";
import type { Initializer, Shape } from "../graph/tensor.ts";
import { type Config, isRecord, type Serialized } from "./options.ts";

export type { Initializer } from "../graph/tensor.ts";

/** Inputs and outputs of one unit, as Keras counts them: the last two axes, times the product of those before. */
export function fans(shape: Shape): { readonly in: number; readonly out: number } {
  if (shape.length === 0) return { in: 1, out: 1 };
  if (shape.length === 1) return { in: shape[0], out: shape[0] };
  const field = sizeOf(shape.slice(0, -2));
  return { in: shape[shape.length - 2] * field, out: shape[shape.length - 1] * field };
}

export interface Seeded {
  /** Draws the same values wherever it is used; without one they follow from the model's seed and the place. */
  readonly seed?: number | null;
}

type Fill = (values: Float32Array, shape: Shape, seed: number) => void;

/** An initializer that draws: a seed of its own comes before the one that it is given. */
function random(className: string, config: Config, options: Seeded, fill: Fill): Initializer {
  const own = options.seed ?? null;
  if (own !== null && !Number.isSafeInteger(own)) {
    throw argumentError({ where: className, argument: "seed", value: own, expected: "a whole number or null" });
  }
  return {
    className,
    config: { seed: own, ...config },
    fill: (values, shape, seed) => fill(values, shape, own ?? seed),
  };
}

const constantFill = (className: string, config: Config, value: number): Initializer => ({
  className,
  config,
  fill: (values) => {
    values.fill(value);
  },
});

// ---- fixed values -------------------------------------------------------------------------------------------------

/** All 0: Keras' `Zeros`, what biases begin with. */
export const zeros = (): Initializer => constantFill("Zeros", {}, 0);
/** All 1: Keras' `Ones`. */
export const ones = (): Initializer => constantFill("Ones", {}, 1);
/** The same number everywhere, 0 unless given: Keras' `Constant`. */
export const constant = (value = 0): Initializer =>
  constantFill("Constant", { value: finite("constant", value) }, value);

/** `gain` on the diagonal of a matrix, 0 beside it: Keras' `Identity`. */
const identity = (gain = 1): Initializer => ({
  className: "Identity",
  config: { gain: finite("identity", gain) },
  fill: (values, shape) => {
    if (shape.length !== 2) {
      throw argumentError({ where: "identity", argument: "shape", value: shape, expected: "two axes" });
    }
    values.forEach((_, i) => {
      values[i] = Math.floor(i / shape[1]) === i % shape[1] ? gain : 0;
    });
  },
});

// ---- given spread -------------------------------------------------------------------------------------------------

/** Uniform in [minval, maxval). */
export function randomUniform(
  options: Seeded & {
    /** The smallest value. Default −0.05. */
    readonly minval?: number;
    /** What values stay below. Default 0.05. */
    readonly maxval?: number;
  } = {},
): Initializer {
  const { minval = -0.05, maxval = 0.05 } = options;
  return random("RandomUniform", { minval, maxval }, options, (values, _, seed) =>
    fillUniform(values, seed, minval, maxval),
  );
}

/** Normal, of mean 0 and standard deviation 0.05 unless given: Keras' `RandomNormal`. */
export function randomNormal(
  options: Seeded & {
    /** Default 0. */
    readonly mean?: number;
    /** Standard deviation. Default 0.05. */
    readonly stddev?: number;
  } = {},
): Initializer {
  const { mean = 0, stddev = 0.05 } = options;
  return random("RandomNormal", { mean, stddev }, options, (values, _, seed) => fillNormal(values, seed, mean, stddev));
}

/** Normal without what lies beyond two deviations. */
export function truncatedNormal(
  options: Seeded & {
    /** Default 0. */
    readonly mean?: number;
    /** Standard deviation. Default 0.05. */
    readonly stddev?: number;
  } = {},
): Initializer {
  const { mean = 0, stddev = 0.05 } = options;
  return random("TruncatedNormal", { mean, stddev }, options, (values, _, seed) =>
    fillTruncatedNormal(values, seed, mean, stddev),
  );
}

// ---- spread by fan ------------------------------------------------------------------------------------------------

const modes = ["fan_in", "fan_out", "fan_avg"] as const;
const distributions = ["uniform", "truncated_normal", "untruncated_normal"] as const;
type Mode = (typeof modes)[number];
type Distribution = (typeof distributions)[number];

/** The deviation of a normal distribution that is cut at two deviations, relative to that before the cut. */
const truncatedDeviation = 0.87962566103423978;

function fillScaled(values: Float32Array, shape: Shape, seed: number, how: Scaling): void {
  const fan = fans(shape);
  const n = { fan_in: fan.in, fan_out: fan.out, fan_avg: (fan.in + fan.out) / 2 }[how.mode];
  const variance = how.scale / Math.max(1, n);
  if (how.distribution === "uniform") {
    const limit = Math.sqrt(3 * variance);
    fillUniform(values, seed, -limit, limit);
  } else if (how.distribution === "untruncated_normal") fillNormal(values, seed, 0, Math.sqrt(variance));
  else fillTruncatedNormal(values, seed, 0, Math.sqrt(variance) / truncatedDeviation);
}

interface Scaling {
  readonly scale: number;
  readonly mode: Mode;
  readonly distribution: Distribution;
}

/** Variance `scale / fan`. */
export function varianceScaling(
  options: Seeded & {
    /** Default 1. */
    readonly scale?: number;
    /** Which fan divides: `"fan_in"` (default), `"fan_out"`, or their mean, `"fan_avg"`. */
    readonly mode?: Mode;
    /** Default `"truncated_normal"`, which `"normal"` is another name of. */
    readonly distribution?: Distribution | "normal";
  } = {},
): Initializer {
  const { scale = 1, mode = "fan_in" } = options;
  const distribution =
    options.distribution === "normal" ? "truncated_normal" : (options.distribution ?? "truncated_normal");
  const where = "varianceScaling";
  if (!(scale > 0)) throw argumentError({ where, argument: "scale", value: scale, expected: "a number above 0" });
  if (!modes.includes(mode)) throw unknownName({ where, what: "mode", name: String(mode), choices: modes });
  if (!distributions.includes(distribution)) {
    throw unknownName({ where, what: "distribution", name: String(distribution), choices: distributions });
  }
  const how = { scale, mode, distribution };
  return random("VarianceScaling", how, options, (values, shape, seed) => fillScaled(values, shape, seed, how));
}

const scaled =
  (className: string, scale: number, mode: Mode, distribution: Distribution) =>
  (options: Seeded = {}): Initializer =>
    random(className, {}, options, (values, shape, seed) =>
      fillScaled(values, shape, seed, { scale, mode, distribution }),
    );

/** Uniform within ±√(6 / (fan in + fan out)): what kernels have when nothing is said. */
export const glorotUniform = scaled("GlorotUniform", 1, "fan_avg", "uniform");
/** Truncated normal of variance 2 / (fan in + fan out): Keras' `GlorotNormal`. */
export const glorotNormal = scaled("GlorotNormal", 1, "fan_avg", "truncated_normal");
/** Uniform within ±√(6 / fan in). */
export const heUniform = scaled("HeUniform", 2, "fan_in", "uniform");
/** Truncated normal of variance 2 / fan in, for relu: Keras' `HeNormal`. */
export const heNormal = scaled("HeNormal", 2, "fan_in", "truncated_normal");
/** Uniform within ±√(3 / fan in). */
export const lecunUniform = scaled("LecunUniform", 1, "fan_in", "uniform");
/** Truncated normal of variance 1 / fan in, for selu: Keras' `LecunNormal`. */
export const lecunNormal = scaled("LecunNormal", 1, "fan_in", "truncated_normal");

/**
 * Columns (of the weight as a matrix, all axes but the last against the last) that are orthonormal, times `gain`; rows
 * where there are fewer of those.
 */
export function orthogonal(
  options: Seeded & {
    /** What the result is multiplied by. Default 1. */
    readonly gain?: number;
  } = {},
): Initializer {
  const { gain = 1 } = options;
  return random("Orthogonal", { gain }, options, (values, shape, seed) => {
    if (shape.length < 2) {
      throw argumentError({
        where: "orthogonal",
        argument: "the shape",
        value: [...shape],
        expected: "two axes or more",
      });
    }
    const columns = shape[shape.length - 1];
    const rows = sizeOf(shape) / columns;
    const [long, short] = [Math.max(rows, columns), Math.min(rows, columns)];
    const drawn = new Float32Array(long * short);
    fillNormal(drawn, seed);
    const basis = orthonormal(
      Array.from({ length: short }, (_, j) => Float64Array.from({ length: long }, (_, i) => drawn[i * short + j])),
    );
    for (let i = 0; i < rows; i++) {
      for (let j = 0; j < columns; j++) values[i * columns + j] = gain * (rows >= columns ? basis[j][i] : basis[i][j]);
    }
  });
}

/** Gram and Schmidt, twice over for accuracy: the Q of a QR decomposition whose R has a positive diagonal. */
function orthonormal(vectors: readonly Float64Array[]): readonly Float64Array[] {
  const dot = (a: Float64Array, b: Float64Array): number => a.reduce((sum, value, i) => sum + value * b[i], 0);
  vectors.forEach((v, k) => {
    for (let pass = 0; pass < 2; pass++) {
      for (const u of vectors.slice(0, k)) {
        const along = dot(v, u);
        for (let i = 0; i < v.length; i++) v[i] -= along * u[i];
      }
    }
    const length = Math.sqrt(dot(v, v));
    for (let i = 0; i < v.length; i++) v[i] /= length;
  });
  return vectors;
}

function finite(where: string, value: unknown): number {
  if (typeof value === "number" && Number.isFinite(value)) return value;
  throw argumentError({ where, argument: "value", value, expected: "a finite number" });
}

// ---- by name ------------------------------------------------------------------------------------------------------

type FromConfig = (config: Config) => Initializer;

/** Configs come from files: their values are checked by the functions above and need no types here. */
const classes: Readonly<Record<string, FromConfig>> = {
  Zeros: () => zeros(),
  Ones: () => ones(),
  Constant: (c) => constant(c.value as number),
  RandomUniform: randomUniform,
  RandomNormal: randomNormal,
  TruncatedNormal: truncatedNormal,
  VarianceScaling: varianceScaling,
  GlorotUniform: glorotUniform,
  GlorotNormal: glorotNormal,
  HeUniform: heUniform,
  HeNormal: heNormal,
  LecunUniform: lecunUniform,
  LecunNormal: lecunNormal,
  Orthogonal: orthogonal,
  Identity: (c) => identity(c.gain as number | undefined),
};

const names = {
  zeros: "Zeros",
  zero: "Zeros",
  ones: "Ones",
  one: "Ones",
  constant: "Constant",
  random_uniform: "RandomUniform",
  uniform: "RandomUniform",
  random_normal: "RandomNormal",
  normal: "RandomNormal",
  truncated_normal: "TruncatedNormal",
  variance_scaling: "VarianceScaling",
  glorot_uniform: "GlorotUniform",
  glorot_normal: "GlorotNormal",
  he_uniform: "HeUniform",
  he_normal: "HeNormal",
  lecun_uniform: "LecunUniform",
  lecun_normal: "LecunNormal",
  orthogonal: "Orthogonal",
  identity: "Identity",
} as const;

/** The name of an initializer in Keras' spelling. */
export type InitializerName = keyof typeof names;

/** What an initializer option takes. */
export type InitializerLike = InitializerName | Initializer;

/**
 * The initializer that an option or a config names: Keras' short name, the name of the class, `{ class_name, config }`
 * as files have it, or an initializer.
 *
 * @throws RhytonError `unknown-name` when there is none of that name.
 */
export function initializerOf(where: string, argument: string, value: unknown): Initializer {
  if (typeof value === "string") return fromClass(where, value, {});
  if (isRecord(value)) {
    if (typeof value.fill === "function") return value as unknown as Initializer;
    if (typeof value.class_name === "string") {
      return fromClass(where, value.class_name, isRecord(value.config) ? value.config : {});
    }
  }
  throw argumentError({ where, argument, value, expected: `a name such as "glorot_uniform", or an initializer` });
}

function fromClass(where: string, name: string, config: Config): Initializer {
  const className = Object.hasOwn(names, name) ? names[name as InitializerName] : name;
  if (Object.hasOwn(classes, className)) {
    for (const key of ["input_axes", "output_axes"]) {
      if (config[key] === undefined || config[key] === null) continue;
      throw argumentError({ where: `${where}: ${className}`, argument: key, value: config[key], expected: "null" });
    }
    return classes[className](config);
  }
  throw unknownName({ where, what: "initializer", name, choices: Object.keys(names) });
}

/** As it stands in a config. */
export const initializerConfig = (initializer: Initializer): Serialized => ({
  module: "keras.initializers",
  class_name: initializer.className,
  config: initializer.config,
  registered_name: null,
});
