/** What weights are made to be after each step: Keras' constraints. */
import { showShape } from "../core/array.ts";
import { argumentError, shapeError, unknownName } from "../core/errors.ts";
import type { Constraint, Tensor } from "../graph/tensor.ts";
import { add, divide, maximum, minimum, multiply, squareRoot, sum } from "../ops/index.ts";
import { type Config, isRecord, type Serialized } from "./options.ts";

export type { Constraint } from "../graph/tensor.ts";

/**
 * The axes along which norms are taken: for each place on the other axes there is one norm. A dense kernel [inputs,
 * units] has 0 for the weights of a unit; a 2-D convolution [height, width, channels, filters] has [0, 1, 2] for those
 * of a filter.
 */
export type Axes = number | readonly number[];

interface AxisOption {
  /** Default 0. */
  readonly axis?: Axes;
}

/** Keras' ε, which keeps a norm of 0 from being divided by. */
const epsilon = 1e-7;

function checkAxis(where: string, axis: unknown = 0): Axes {
  const list: readonly unknown[] = Array.isArray(axis) ? axis : [axis];
  if (list.length > 0 && list.every(Number.isInteger)) return axis as Axes;
  throw argumentError({ where, argument: "axis", value: axis, expected: "a whole number or a list of them" });
}

function checkNumber(where: string, argument: string, value: unknown, otherwise: number): number {
  const given = value ?? otherwise;
  if (typeof given === "number" && Number.isFinite(given)) return given;
  throw argumentError({ where, argument, value, expected: "a finite number" });
}

function normsOf(where: string, weight: Tensor, axis: Axes): Tensor {
  const axes = typeof axis === "number" ? [axis] : axis;
  const rank = weight.shape.length;
  if (axes.some((a) => a < -rank || a >= rank)) {
    throw shapeError({
      where,
      got: `a weight of shape ${showShape(weight.shape)}`,
      expected: `one that has the axis ${axes.join(", ")}`,
      fix: `Choose axes from 0 to ${rank - 1}.`,
    });
  }
  return squareRoot(sum(multiply(weight, weight), axes, { keepDims: true }));
}

/** Weights with a norm above `maxValue` (2) are shortened to it. */
export function maxNorm(
  options: AxisOption & {
    /** The largest norm. Default 2. */
    readonly maxValue?: number;
  } = {},
): Constraint {
  const axis = checkAxis("maxNorm", options.axis);
  const largest = checkNumber("maxNorm", "maxValue", options.maxValue, 2);
  return {
    className: "MaxNorm",
    config: { max_value: largest, axis },
    call: (weight) => {
      const norms = normsOf("maxNorm", weight, axis);
      return multiply(weight, divide(minimum(maximum(norms, 0), largest), add(norms, epsilon)));
    },
  };
}

/** Negative weights become 0. */
export const nonNeg = (): Constraint => ({ className: "NonNeg", config: {}, call: (weight) => maximum(weight, 0) });

/** Weights get the norm 1. */
export function unitNorm(options: AxisOption = {}): Constraint {
  const axis = checkAxis("unitNorm", options.axis);
  return {
    className: "UnitNorm",
    config: { axis },
    call: (weight) => divide(weight, add(normsOf("unitNorm", weight, axis), epsilon)),
  };
}

/** Norms are brought into [`minValue`, `maxValue`], or, with a `rate` below 1, that share of the way there. */
export function minMaxNorm(
  options: AxisOption & {
    /** The smallest norm. Default 0. */
    readonly minValue?: number;
    /** The largest norm. Default 1. */
    readonly maxValue?: number;
    /** The share of the way there that a step goes, in [0, 1]. Default 1. */
    readonly rate?: number;
  } = {},
): Constraint {
  const where = "minMaxNorm";
  const axis = checkAxis(where, options.axis);
  const least = checkNumber(where, "minValue", options.minValue, 0);
  const largest = checkNumber(where, "maxValue", options.maxValue, 1);
  const rate = checkNumber(where, "rate", options.rate, 1);
  return {
    className: "MinMaxNorm",
    config: { min_value: least, max_value: largest, rate, axis },
    call: (weight) => {
      const norms = normsOf(where, weight, axis);
      const inside = minimum(maximum(norms, least), largest);
      const wanted = add(multiply(inside, rate), multiply(norms, 1 - rate));
      return multiply(weight, divide(wanted, add(norms, epsilon)));
    },
  };
}

// ---- by name ------------------------------------------------------------------------------------------------------

/** Configs come from files: their values are checked by the functions above and need no types here. */
const classes: Readonly<Record<string, (config: Config) => Constraint>> = {
  MaxNorm: (c) => maxNorm({ maxValue: c.max_value as number, axis: c.axis as Axes }),
  NonNeg: nonNeg,
  UnitNorm: (c) => unitNorm({ axis: c.axis as Axes }),
  MinMaxNorm: (c) =>
    minMaxNorm({
      minValue: c.min_value as number,
      maxValue: c.max_value as number,
      rate: c.rate as number,
      axis: c.axis as Axes,
    }),
};

const makers: readonly unknown[] = [maxNorm, nonNeg, unitNorm, minMaxNorm];
const names = { max_norm: "MaxNorm", non_neg: "NonNeg", unit_norm: "UnitNorm", min_max_norm: "MinMaxNorm" } as const;

/** The name of a constraint in Keras' spelling. */
export type ConstraintName = keyof typeof names;

/** What a constraint option takes: a name, a constraint, a function of your own, or null for none. */
export type ConstraintLike = ConstraintName | Constraint | ((weight: Tensor) => Tensor) | null;

/**
 * The constraint that an option or a config names; undefined for nothing.
 *
 * @throws RhytonError `unknown-name` when there is none of that name.
 */
export function constraintOf(where: string, argument: string, value: unknown): Constraint | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value === "string") return fromClass(where, value, {});
  if (typeof value === "function") {
    if (makers.includes(value)) return (value as () => Constraint)();
    return { className: "", config: {}, call: value as Constraint["call"] };
  }
  if (isRecord(value)) {
    if (typeof value.call === "function") return value as unknown as Constraint;
    if (typeof value.class_name === "string") {
      return fromClass(where, value.class_name, isRecord(value.config) ? value.config : {});
    }
  }
  const expected = `a name such as "non_neg", a constraint such as maxNorm({ maxValue: 3 }), or null`;
  throw argumentError({ where, argument, value, expected });
}

function fromClass(where: string, name: string, config: Config): Constraint {
  const className = Object.hasOwn(names, name) ? names[name as ConstraintName] : name;
  if (Object.hasOwn(classes, className)) return classes[className](config);
  throw unknownName({ where, what: "constraint", name, choices: Object.keys(names) });
}

/** As it stands in a config. @throws RhytonError `argument` for a function of one's own, which no file can hold. */
export function constraintConfig(where: string, constraint: Constraint | undefined): Serialized | null {
  if (constraint === undefined) return null;
  const { className, config } = constraint;
  if (className === "") {
    throw argumentError({
      where,
      argument: "a constraint",
      value: "a function",
      expected: "one with a name when a config is wanted",
      fix: "Use maxNorm, nonNeg, unitNorm or minMaxNorm.",
    });
  }
  return { module: "keras.constraints", class_name: className, config, registered_name: null };
}
