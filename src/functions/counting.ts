/**
 * Numbers counted and gathered by what they say: histograms, segments, scattering. Where the size of a result would follow
 * from values (`unique`, say), the function takes plain data only, for the sizes of a graph are known before its values.
 */
import { indexOf, sizeOf } from "../core/array.ts";
import { argumentError, shapeError } from "../core/errors.ts";
import { Tensor } from "../graph/tensor.ts";
import { checkOptions } from "../layers/options.ts";
import * as own from "../ops/index.ts";
import { type ArrayLike, type Numbers, type Operand, toNumbers, toTensor } from "./arrays.ts";
import { ownAxes, ownAxis, rowOf } from "./axes.ts";
import { type Binary, binary, several, type Ternary, ternary } from "./define.ts";
import { where } from "./elementwise.ts";
import { evaluate } from "./evaluate.ts";
import { numbersTo } from "./order.ts";
import { foldAxis } from "./reduce.ts";

const { add, equal, greaterEqual, multiply, reshape, where: choose } = own;

/** The numbers of plain data. @throws RhytonError `argument` for a tensor. */
function valuesOf(where: string, x: ArrayLike): Numbers {
  if (!((x as unknown) instanceof Tensor)) return toNumbers(where, x);
  throw argumentError({
    where: `ops.${where}`,
    argument: "x",
    value: x,
    expected: "plain data, as the size of the result follows from the values",
    fix: "In a graph all sizes are known before the values are: mask with ops.where instead.",
  });
}

/** The values of a constant tensor; nothing for one that is computed. */
function knownValues({ attributes, shape }: Tensor): readonly number[] | undefined {
  if (attributes.data instanceof Float32Array) return Array.from(attributes.data);
  return typeof attributes.value === "number" ? Array<number>(sizeOf(shape)).fill(attributes.value) : undefined;
}

const largest = (values: Iterable<number>): number => Array.from(values).reduce((a, b) => Math.max(a, b), -1);

// ---- how many -----------------------------------------------------------------------------------------------------

interface BincountOptions {
  /** What each number counts; 1 without it. */
  readonly weights?: ArrayLike | null;
  /** The least size of the result. Default 0. */
  readonly minlength?: number;
}
/** How often each whole number from 0 on stands in plain data, for each row of it. */
export function bincount(x: ArrayLike, options: BincountOptions = {}): Numbers {
  checkOptions("ops.bincount", options, ["weights", "minlength"]);
  const { weights = null, minlength = 0 } = options;
  const values = valuesOf("bincount", x);
  const n = Math.max(largest(values.data) + 1, minlength);
  const numbers = toTensor("bincount", values);
  const at = ownAxis("bincount", numbers, -1);
  const cells = (y: Tensor): Tensor => reshape(own.broadcastTo(y, numbers.shape), [...numbers.shape, 1]);
  const isHere = equal(cells(numbers), numbersTo(n));
  return evaluate([own.sum(choose(isHere, cells(toTensor("bincount", weights ?? 1)), 0), [at])])[0];
}

interface HistogramOptions {
  /** How many. Default 10. */
  readonly bins?: number;
  /** From where to where; from the smallest to the largest number without it. */
  readonly range?: readonly [low: number, high: number] | null;
}
/** How many numbers lie in each of equally wide bins, and the `bins + 1` edges between them. The last bin has both ends. */
export const histogram = several(
  "histogram",
  (x: Tensor, { bins = 10, range = null }: HistogramOptions = {}) => {
    if (!Number.isInteger(bins) || bins < 1) {
      throw argumentError({
        where: "ops.histogram",
        argument: "bins",
        value: bins,
        expected: "a whole number of at least 1",
      });
    }
    const row = rowOf("histogram", x);
    const low = range === null ? own.negative(own.max(own.negative(row), [0])) : own.fill(range[0], []);
    const high = range === null ? own.max(row, [0]) : own.fill(range[1], []);
    const steps = multiply(numbersTo(bins + 1), 1 / bins);
    const edges = add(multiply(low, own.subtract(1, steps)), multiply(high, steps));
    const between = own.slice(edges, { start: [1], size: [bins - 1] });
    const cells = reshape(row, [row.shape[0], 1]);
    const place = bins === 1 ? own.fill(0, [row.shape[0]]) : own.sum(greaterEqual(cells, between), [1]);
    const isInside = multiply(greaterEqual(row, low), greaterEqual(high, row));
    const isHere = equal(reshape(place, [row.shape[0], 1]), numbersTo(bins));
    return [own.sum(choose(isHere, reshape(isInside, [row.shape[0], 1]), 0), [0]), edges];
  },
  ["bins", "range"],
);

// ---- which --------------------------------------------------------------------------------------------------------

/** Places counted row by row as one array of places for each axis of `shape`. */
export const unravelIndex = several("unravelIndex", (indices: Tensor, shape: readonly number[]) =>
  shape.map((size, axis) => {
    const behind = sizeOf(shape.slice(axis + 1));
    const rows = own.floor(own.divide(indices, behind));
    return own.subtract(rows, multiply(size, own.floor(own.divide(rows, size))));
  }),
);

/** Where plain data is not 0: for each axis the places along it. */
export function nonzero(x: ArrayLike): Numbers[] {
  const { data, shape } = valuesOf("nonzero", x);
  const found = Array.from(data.keys())
    .filter((i) => data[i] !== 0)
    .map((i) => indexOf(i, shape));
  return shape.map((_, axis) => ({ data: Float32Array.from(found, (at) => at[axis]), shape: [found.length] }));
}

interface UniqueOptions {
  /** Whether the result is in ascending order, or in that of their first appearance. Default true. */
  readonly sorted?: boolean;
  /** Whether the places of their first appearance are given, too. Default false. */
  readonly returnIndex?: boolean;
  /** Whether is given, too, for each number its place in the result. Default false. */
  readonly returnInverse?: boolean;
  /** Whether is given, too, how often each appears. Default false. */
  readonly returnCounts?: boolean;
  /** The axis whose slices are compared; null (the default) for single numbers. */
  readonly axis?: number | null;
  /** The size of the result: what is more is left out, what is missing is `fillValue`. */
  readonly size?: number | null;
  /** Default 0. */
  readonly fillValue?: number | null;
}
const uniqueKeys = [
  "sorted",
  "returnIndex",
  "returnInverse",
  "returnCounts",
  "axis",
  "size",
  "fillValue",
] as const satisfies readonly (keyof UniqueOptions)[];

/** The numbers of plain data, or its slices along an axis, each once; and, if asked, places, inverse and counts. */
export function unique(
  x: ArrayLike,
  options?: UniqueOptions & {
    readonly returnIndex?: false;
    readonly returnInverse?: false;
    readonly returnCounts?: false;
  },
): Numbers;
export function unique(x: ArrayLike, options: UniqueOptions): Numbers[];
export function unique(x: ArrayLike, options: UniqueOptions = {}): Numbers | Numbers[] {
  checkOptions("ops.unique", options, uniqueKeys);
  const { sorted = true, axis = null, size = null, fillValue = null } = options;
  const given = valuesOf("unique", x);
  const constant = own.constantTensor(given);
  const at = axis === null ? 0 : ownAxis("unique", constant, axis);
  const shape = axis === null ? [given.data.length] : given.shape;
  const [before, n, behind] = [sizeOf(shape.slice(0, at)), shape[at], sizeOf(shape.slice(at + 1))];
  /** The numbers of one slice. */
  const slice = (i: number): number[] =>
    Array.from({ length: before * behind }, (_, k) => {
      const row = Math.floor(k / behind);
      return given.data[(row * n + i) * behind + (k % behind)];
    });
  const seen = new Map<string, { readonly first: number; readonly cells: readonly number[]; count: number }>();
  const keys = Array.from({ length: n }, (_, i) => {
    const cells = slice(i);
    const key = cells.join();
    const known = seen.get(key);
    if (known === undefined) seen.set(key, { first: i, cells, count: 1 });
    else known.count++;
    return key;
  });
  const order = [...seen.keys()];
  const compare = (a: readonly number[], b: readonly number[]): number => {
    const differs = a.findIndex((value, i) => value !== b[i]);
    return differs < 0 ? 0 : a[differs] - b[differs];
  };
  type Slice = { readonly first: number; readonly cells: readonly number[]; readonly count: number };
  const of = (key: string): Slice => seen.get(key) as Slice;
  if (sorted) order.sort((a, b) => compare(of(a).cells, of(b).cells));
  const kept = order.slice(0, size ?? order.length).map(of);
  const length = size ?? kept.length;
  const result = new Float32Array(before * length * behind).fill(fillValue ?? 0);
  kept.forEach(({ cells }, i) => {
    cells.forEach((value, k) => {
      result[(Math.floor(k / behind) * length + i) * behind + (k % behind)] = value;
    });
  });
  const places = new Map(order.map((key, i) => [key, i]));
  const row = (values: readonly number[], rest: number): Numbers => ({
    data: Float32Array.from({ length }, (_, i) => values[i] ?? rest),
    shape: [length],
  });
  const answers: Numbers[] = [{ data: result, shape: shape.with(at, length) }];
  // As in Keras, a place that is missing is 1.
  if (options.returnIndex)
    answers.push(
      row(
        kept.map((one) => one.first),
        1,
      ),
    );
  if (options.returnInverse) {
    const inverse = Float32Array.from(keys, (key) => places.get(key) as number);
    answers.push({ data: inverse, shape: axis === null ? given.shape : [n] });
  }
  if (options.returnCounts)
    answers.push(
      row(
        kept.map((one) => one.count),
        0,
      ),
    );
  return answers.length === 1 ? answers[0] : answers;
}

// ---- segments -----------------------------------------------------------------------------------------------------

interface SegmentOptions {
  /** How many segments; one more than the largest number of one, unless given. */
  readonly numSegments?: number | null;
  /** Says that the numbers ascend; the result is the same. */
  readonly sorted?: boolean;
}

/** What joins the rows of a segment, and what stands where it has none. */
interface Joining {
  readonly none: number;
  readonly join: (cells: Tensor, axis: number, overSamples: boolean) => Tensor;
  readonly overSamples?: true;
}

const segments = (name: string, { none, join, overSamples }: Joining): Binary<[options?: SegmentOptions]> =>
  binary(
    name,
    (data: Tensor, segmentIds: Tensor, { numSegments = null }: SegmentOptions = {}) => {
      const values = knownValues(segmentIds);
      const n = numSegments ?? (values && largest(values) + 1);
      if (n === undefined || !Number.isInteger(n) || n < 1) {
        throw argumentError({
          where: `ops.${name}`,
          argument: "numSegments",
          value: numSegments,
          expected: "how many segments there are, where their numbers are computed",
        });
      }
      const isOfSamples = data.perSample && segmentIds.perSample && overSamples === true;
      if (!isOfSamples) ownAxis(name, data, 0);
      const rows = isOfSamples ? 1 : data.shape[0];
      const rest = data.shape.slice(isOfSamples ? 0 : 1);
      const ids = isOfSamples ? segmentIds : rowOf(name, segmentIds);
      if (sizeOf(ids.shape) !== rows) {
        throw shapeError({
          where: `ops.${name}`,
          got: `${sizeOf(ids.shape)} numbers of segments`,
          expected: `one for each of ${rows} rows`,
          fix: "Give each row of data its segment.",
        });
      }
      const ones = rest.map(() => 1);
      const isHere = equal(reshape(ids, [rows, 1, ...ones]), reshape(numbersTo(n), [n, ...ones]));
      return join(choose(isHere, reshape(data, [rows, 1, ...rest]), none), 0, isOfSamples);
    },
    ["numSegments", "sorted"],
  );

/** For each segment the sum of the rows (places along axis 0) that have its number. Rows may be samples. */
export const segmentSum = segments("segmentSum", {
  none: 0,
  join: (cells, axis, overSamples) => own.sum(cells, [axis], { overSamples }),
  overSamples: true,
});
/** For each segment the largest of the rows that have its number; −∞ where there are none. */
export const segmentMax = segments("segmentMax", {
  none: Number.NEGATIVE_INFINITY,
  join: (cells, axis) => own.max(cells, [axis]),
});
/** For each segment the smallest of the rows that have its number; ∞ where there are none. */
export const segmentMin = segments("segmentMin", {
  none: Number.POSITIVE_INFINITY,
  join: (cells, axis) => own.negative(own.max(own.negative(cells), [axis])),
});
/** For each segment the product of the rows that have its number; 1 where there are none. */
export const segmentProd = segments("segmentProd", {
  none: 1,
  join: (cells, axis) => reshape(foldAxis(cells, axis), cells.shape.slice(1)),
});

// ---- written to places --------------------------------------------------------------------------------------------

/** Which of `[places, updates]` fall together, and the sizes of a part that is written. */
function written(where: string, indices: Tensor, shape: readonly number[]) {
  const depth = indices.shape[ownAxis(where, indices, -1)];
  ownAxes(where, indices, null);
  const [axes, rest] = [shape.slice(0, depth), shape.slice(depth)];
  const updates = sizeOf(indices.shape.slice(0, -1));
  const strides = axes.map((_, i) => sizeOf(axes.slice(i + 1)));
  const cell = own.sum(
    multiply(
      reshape(indices, [updates, depth]),
      own.constantTensor({ data: Float32Array.from(strides), shape: [depth] }),
    ),
    [1],
  );
  const ones = rest.map(() => 1);
  const places = sizeOf(axes);
  const isHere = equal(reshape(numbersTo(places), [places, 1, ...ones]), reshape(cell, [1, updates, ...ones]));
  return { isHere, places, updates, rest, ones };
}

interface Scatter {
  (indices: ArrayLike, values: ArrayLike, shape: readonly number[]): Numbers;
  (indices: Operand, values: Operand, shape: readonly number[]): Tensor;
}
/** An array of `shape` that is 0 but for `values`, which are added at `indices`: the last axis of those names a place. */
export const scatter: Scatter = binary("scatter", (indices: Tensor, values: Tensor, shape: readonly number[]) => {
  const { isHere, updates, rest } = written("scatter", indices, shape);
  return reshape(own.sum(choose(isHere, reshape(values, [1, updates, ...rest]), 0), [1]), shape);
}) as Scatter;

interface ScatterUpdateOptions {
  /** How an update joins what is there. Default null: it takes its place. */
  readonly reduction?: "add" | "max" | "min" | "mul" | null;
}

/**
 * `inputs` with `updates` at the places that the last axis of `indices` names. `reduction` joins what was there with what
 * comes; without one the last update of a place replaces it.
 */
export const scatterUpdate: Ternary<[options?: ScatterUpdateOptions]> = ternary(
  "scatterUpdate",
  (inputs: Tensor, indices: Tensor, updates_: Tensor, { reduction = null }: ScatterUpdateOptions = {}) => {
    const where = "scatterUpdate";
    ownAxes(where, inputs, null);
    const { isHere, places, updates, rest, ones } = written(where, indices, inputs.shape);
    const old = reshape(inputs, [places, ...rest]);
    const values = reshape(updates_, [1, updates, ...rest]);
    const sum = (cells: Tensor): Tensor => own.sum(choose(isHere, cells, 0), [1]);
    const most = (cells: Tensor): Tensor => own.max(choose(isHere, cells, Number.NEGATIVE_INFINITY), [1]);
    const joined = (): Tensor => {
      switch (reduction) {
        case "add":
          return add(old, sum(values));
        case "max":
          return own.maximum(old, most(values));
        case "min":
          return own.minimum(old, own.negative(most(own.negative(values))));
        case "mul":
          return multiply(old, reshape(foldAxis(choose(isHere, values, 1), 1), [places, ...rest]));
        case null: {
          const number = reshape(numbersTo(updates), [1, updates, ...ones]);
          const last = own.max(choose(isHere, number, -1), [1], true);
          const isNew = greaterEqual(reshape(last, [places, ...ones]), 0);
          return choose(isNew, own.sum(choose(equal(number, last), values, 0), [1]), old);
        }
        default:
          throw argumentError({
            where: `ops.${where}`,
            argument: "reduction",
            value: reduction,
            expected: 'null, "add", "max", "min" or "mul"',
          });
      }
    };
    return reshape(joined(), inputs.shape);
  },
  ["reduction"],
);

// ---- chosen -------------------------------------------------------------------------------------------------------

interface SelectOptions<T> {
  /** What stands where no condition is met. Default 0. */
  readonly default?: T;
}

interface Select {
  (condlist: readonly ArrayLike[], choicelist: readonly ArrayLike[], options?: SelectOptions<ArrayLike>): Numbers;
  (condlist: readonly Operand[], choicelist: readonly Operand[], options?: SelectOptions<Operand>): Tensor;
}
/** For each cell the choice whose condition is the first that is not 0 there; `default` (0) where none is. */
export const select: Select = ((
  conditions: readonly Operand[],
  choices: readonly Operand[],
  options: SelectOptions<Operand> = {},
) => {
  checkOptions("ops.select", options, ["default"]);
  if (conditions.length !== choices.length || conditions.length === 0) {
    throw argumentError({
      where: "ops.select",
      argument: "choicelist",
      value: choices,
      expected: `as many choices as there are conditions, which are ${conditions.length}, and at least one`,
    });
  }
  return choices.reduceRight((otherwise, choice, i) => where(conditions[i], choice, otherwise), options.default ?? 0);
}) as Select;
