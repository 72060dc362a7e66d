/** What large weights or outputs cost: Keras' regularizers. What they give is added to the loss. */
import { showShape } from "../core/array.ts";
import { argumentError, shapeError, unknownName } from "../core/errors.ts";
import type { Regularizer, Tensor } from "../graph/tensor.ts";
import {
  absolute,
  add,
  constantTensor,
  divide,
  fill,
  matmulLast,
  minimum,
  multiply,
  squareRoot,
  sum,
  transpose,
} from "../ops/index.ts";
import { type Config, isRecord, type Serialized } from "./options.ts";

export type { Regularizer } from "../graph/tensor.ts";

const allAxes = (x: Tensor): number[] => x.shape.map((_, axis) => axis);

/** A finite number ≥ 0; what is left out is `otherwise`. */
function factor(where: string, argument: string, value: unknown, otherwise: number): number {
  const given = value ?? otherwise;
  if (typeof given === "number" && given >= 0 && Number.isFinite(given)) return given;
  throw argumentError({ where, argument, value, expected: "a finite number ≥ 0" });
}

const sumOfSizes = (x: Tensor): Tensor => sum(absolute(x), allAxes(x));
const sumOfSquares = (x: Tensor): Tensor => sum(multiply(x, x), allAxes(x));

/** l1·Σ|w|: drives small weights to zero. */
export function l1(options: { readonly l1?: number } | number = {}): Regularizer {
  // In float32, as Keras writes it.
  const size = Math.fround(factor("l1", "l1", typeof options === "number" ? options : options.l1, 0.01));
  return { className: "L1", config: { l1: size }, call: (x) => multiply(sumOfSizes(x), size) };
}

/** l2·Σw²: keeps weights small. */
export function l2(options: { readonly l2?: number } | number = {}): Regularizer {
  const size = factor("l2", "l2", typeof options === "number" ? options : options.l2, 0.01);
  return { className: "L2", config: { l2: size }, call: (x) => multiply(sumOfSquares(x), size) };
}

/** l1·Σ|w| + l2·Σw². Both are 0 unless given. */
export function l1l2(
  options: {
    /** What Σ|w| is multiplied by. Default 0. */
    readonly l1?: number;
    /** What Σw² is multiplied by. Default 0. */
    readonly l2?: number;
  } = {},
): Regularizer {
  const config = { l1: factor("l1l2", "l1", options.l1, 0), l2: factor("l1l2", "l2", options.l2, 0) };
  return {
    className: "L1L2",
    config,
    call: (x) => {
      const terms = [
        ...(config.l1 === 0 ? [] : [multiply(sumOfSizes(x), config.l1)]),
        ...(config.l2 === 0 ? [] : [multiply(sumOfSquares(x), config.l2)]),
      ];
      return terms.length === 0 ? fill(0, []) : terms.reduce((a, b) => add(a, b));
    },
  };
}

/** factor · the mean |cosine| of two different rows (or columns) of a matrix: drives them to right angles. */
export function orthogonalRegularizer(
  options: {
    /** Default 0.01. */
    readonly factor?: number;
    /** What is to stand at right angles. Default `"rows"`. */
    readonly mode?: "rows" | "columns";
  } = {},
): Regularizer {
  const where = "orthogonalRegularizer";
  const size = Math.fround(factor(where, "factor", options.factor, 0.01));
  const { mode = "rows" } = options;
  if (mode !== "rows" && mode !== "columns") {
    throw unknownName({ where, what: "mode", name: String(mode), choices: ["rows", "columns"] });
  }
  return {
    className: "OrthogonalRegularizer",
    config: { factor: size, mode },
    call: (x) => {
      if (x.shape.length !== 2 || x.perSample) {
        throw shapeError({
          where,
          got: showShape(x.shape, x.perSample),
          expected: "a weight with two axes",
          fix: "Use it for the kernel of a dense layer.",
        });
      }
      const rows = mode === "rows" ? x : transpose(x, [1, 0]);
      const [count] = rows.shape;
      const lengths = squareRoot(sum(multiply(rows, rows), [1], { keepDims: true }));
      const units = multiply(rows, minimum(divide(1, lengths), 1e7));
      const cosines = absolute(matmulLast(units, transpose(units, [1, 0])));
      // Each row has the cosine 1 with itself.
      const others = multiply(cosines, offDiagonal(count));
      return multiply(sum(others, [0, 1]), count < 2 ? 0 : size / (count * (count - 1)));
    },
  };
}

/** 1 everywhere but on the diagonal. */
function offDiagonal(n: number): Tensor {
  const data = Float32Array.from({ length: n * n }, (_, i) => (i % (n + 1) === 0 ? 0 : 1));
  return constantTensor({ data, shape: [n, n] });
}

// ---- by name ------------------------------------------------------------------------------------------------------

/** Configs come from files: their values are checked by the functions above and need no types here. */
const classes: Readonly<Record<string, (config: Config) => Regularizer>> = {
  L1: l1,
  L2: l2,
  L1L2: l1l2,
  OrthogonalRegularizer: orthogonalRegularizer,
};

/** As Keras has it: `"l1l2"` is a name that changes nothing, since both factors are 0. */
const names = { l1: "L1", l2: "L2", l1l2: "L1L2", orthogonal_regularizer: "OrthogonalRegularizer" } as const;

/** The name of a regularizer in Keras' spelling. */
export type RegularizerName = keyof typeof names;

/** What a regularizer option takes: a name (factor 0.01), a regularizer, a function of your own, or null for none. */
export type RegularizerLike = RegularizerName | Regularizer | ((x: Tensor) => Tensor) | null;

/**
 * The regularizer that an option or a config names; undefined for nothing.
 *
 * @throws RhytonError `unknown-name` when there is none of that name.
 */
export function regularizerOf(where: string, argument: string, value: unknown): Regularizer | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value === "string") return fromClass(where, value, {});
  if (typeof value === "function") {
    const made = Object.values(classes).includes(value as () => Regularizer);
    return made ? (value as () => Regularizer)() : { className: "", config: {}, call: value as Regularizer["call"] };
  }
  if (isRecord(value)) {
    if (typeof value.call === "function") return value as unknown as Regularizer;
    if (typeof value.class_name === "string") {
      return fromClass(where, value.class_name, isRecord(value.config) ? value.config : {});
    }
  }
  throw argumentError({
    where,
    argument,
    value,
    expected: `a name such as "l2", a regularizer such as l2(0.001), or null`,
  });
}

function fromClass(where: string, name: string, config: Config): Regularizer {
  const className = Object.hasOwn(names, name) ? names[name as RegularizerName] : name;
  if (Object.hasOwn(classes, className)) return classes[className](config);
  throw unknownName({ where, what: "regularizer", name, choices: Object.keys(names) });
}

/** As it stands in a config. @throws RhytonError `argument` for a function of one's own, which no file can hold. */
export function regularizerConfig(where: string, regularizer: Regularizer | undefined): Serialized | null {
  if (regularizer === undefined) return null;
  const { className, config } = regularizer;
  if (className === "") {
    throw argumentError({
      where,
      argument: "a regularizer",
      value: "a function",
      expected: "one with a name when a config is wanted",
      fix: "Use l1, l2, l1l2 or orthogonalRegularizer, or add the loss in a layer of your own.",
    });
  }
  return { module: "keras.regularizers", class_name: className, config, registered_name: null };
}
