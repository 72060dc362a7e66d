/** Functions that move numbers to other places without computing. Shapes and axes are Keras': the batch is axis 0. */
import { showShape, sizeOf } from "../core/array.ts";
import { argumentError, shapeError } from "../core/errors.ts";
import type { Tensor } from "../graph/tensor.ts";
import * as own from "../ops/index.ts";
import { type ArrayLike, type Numbers, type Operand, toTensor } from "./arrays.ts";
import { type AxisLike, aligned, newAxis, ownAxes, ownAxis, ownSizes, rankOf, rowOf, withoutBatch } from "./axes.ts";
import { binary, listed, several, unary } from "./define.ts";

/** Sizes of Keras: null or −1 for the batch, which comes first. */
export type KerasShape = readonly (number | null)[];

const refuse = (where: string, argument: string, value: unknown, expected: string, fix?: string) =>
  argumentError({ where: `ops.${where}`, argument, value, expected, fix });

/** Cells `from` to `from + size − 1` of one axis. */
export const part = (x: Tensor, axis: number, from: number, size: number, step = 1): Tensor =>
  own.slice(x, {
    start: x.shape.map((_, i) => (i === axis ? from : 0)),
    size: x.shape.with(axis, size),
    step: x.shape.map((_, i) => (i === axis ? step : 1)),
  });

// ---- shapes -------------------------------------------------------------------------------------------------------

function reshaped(x: Tensor, newshape: KerasShape | number): Tensor {
  const sizes = ownSizes("reshape", "newshape", x, typeof newshape === "number" ? [newshape] : newshape);
  const open = sizes.indexOf(-1);
  const known = sizes.filter((_, i) => i !== open);
  if (known.includes(-1)) throw refuse("reshape", "newshape", newshape, "-1 at most once, the batch not counted");
  const filled = open < 0 ? sizes : sizes.with(open, sizeOf(x.shape) / Math.max(1, sizeOf(known)));
  if (sizeOf(filled) !== sizeOf(x.shape) || !filled.every(Number.isInteger)) {
    throw shapeError({
      where: "ops.reshape",
      got: `the new shape ${showShape(sizes, x.perSample)}`,
      expected: `one of ${sizeOf(x.shape)} cells${x.perSample ? " for each sample" : ""}, as ${showShape(x.shape, x.perSample)} has`,
      fix: x.perSample
        ? "The batch stays: [null, …], and the sizes after it have that product."
        : "Choose sizes with that product.",
    });
  }
  return own.reshape(x, filled);
}

/** The same numbers, row-major, under another shape; -1 for what is left. The batch stays: `[-1, 784]`. */
export const reshape = unary("reshape", reshaped);
/** All axes as one. Not of a tensor that belongs to samples: `reshape(x, [null, -1])` keeps them. */
export const ravel = unary("ravel", (x) => rowOf("ravel", x));

/** New axes of size 1, where they will be found in the result. */
export const expandDims = unary("expandDims", (x: Tensor, axis: number | readonly number[]) => {
  const list = [axis].flat();
  const places = list.map((one) => newAxis("expandDims", x, one, list.length));
  const rest = [...x.shape];
  const rank = rest.length + new Set(places).size;
  return own.reshape(
    x,
    Array.from({ length: rank }, (_, i) => (places.includes(i) ? 1 : (rest.shift() as number))),
  );
});

/** Without the axes of size 1, or without some of them. */
export const squeeze = unary(
  "squeeze",
  (x: Tensor, { axis }: { readonly axis?: AxisLike } = {}) => {
    const isAll = axis === undefined || axis === null;
    const axes = isAll ? x.shape.flatMap((n, i) => (n === 1 ? [i] : [])) : ownAxes("squeeze", x, axis);
    const wide = axes.find((i) => x.shape[i] !== 1);
    if (wide !== undefined) {
      throw refuse("squeeze", "axis", axis, `axes of size 1, of ${showShape(x.shape, x.perSample)}`);
    }
    return own.reshape(
      x,
      x.shape.filter((_, i) => !axes.includes(i)),
    );
  },
  ["axis"],
);

/** Numbers repeated along axes of size 1 and new ones in front. */
export const broadcastTo = unary("broadcastTo", (x: Tensor, shape: KerasShape) => {
  const sizes = ownSizes("broadcastTo", "shape", x, shape);
  const offset = sizes.length - x.shape.length;
  if (offset < 0 || (x.perSample && offset > 0) || x.shape.some((n, i) => n !== 1 && n !== sizes[i + offset])) {
    throw refuse(
      "broadcastTo",
      "shape",
      shape,
      `sizes that ${showShape(x.shape, x.perSample)} has, or 1 where it has others`,
    );
  }
  return own.broadcastTo(x, sizes);
});

// ---- order of the axes --------------------------------------------------------------------------------------------

/** Axis `i` of the result is axis `axes[i]`; the other way round without `axes`. The batch stays first. */
export const transpose = unary(
  "transpose",
  (x: Tensor, { axes }: { readonly axes?: readonly number[] | null } = {}) => {
    const rank = rankOf(x);
    const order = axes ?? Array.from({ length: rank }, (_, i) => rank - 1 - i);
    const rest = withoutBatch("transpose", "axes", x, order, (axis) => axis === 0);
    return own.transpose(
      x,
      rest.map((axis) => ownAxis("transpose", x, axis)),
    );
  },
  ["axes"],
);

/** x with two axes exchanged. */
export const swapaxes = unary("swapaxes", (x: Tensor, axis1: number, axis2: number) => {
  const [a, b] = [axis1, axis2].map((axis) => ownAxis("swapaxes", x, axis));
  return own.transpose(
    x,
    x.shape.map((_, i) => (i === a ? b : i === b ? a : i)),
  );
});

/** Axes `source` moved to the places `destination`, the others in their order. */
export const moveaxis = unary(
  "moveaxis",
  (x: Tensor, source: number | readonly number[], destination: number | readonly number[]) => {
    const [from, to] = [source, destination].map((axes) => [axes].flat().map((axis) => ownAxis("moveaxis", x, axis)));
    if (from.length !== to.length) throw refuse("moveaxis", "destination", destination, "as many axes as source has");
    const rest = x.shape.map((_, i) => i).filter((i) => !from.includes(i));
    return own.transpose(
      x,
      x.shape.map((_, i) => (to.includes(i) ? from[to.indexOf(i)] : (rest.shift() as number))),
    );
  },
);

/** The other way round along axes: all of them without `axis`. */
const flipped = (where: string, x: Tensor, axis: AxisLike | undefined): Tensor =>
  ownAxes(where, x, axis).reduce((y, at) => part(y, at, y.shape[at] - 1, y.shape[at], -1), x);
/** x in the reverse order along an axis, or along all. */
export const flip = unary(
  "flip",
  (x: Tensor, { axis }: { readonly axis?: AxisLike } = {}) => flipped("flip", x, axis),
  ["axis"],
);
/** The other way round along axis 1. */
export const fliplr = unary("fliplr", (x) => flipped("fliplr", x, 1));
/** The other way round along axis 0. */
export const flipud = unary("flipud", (x) => flipped("flipud", x, 0));

/** Turned by `k` (1) right angles in the plane of two axes ([0, 1]), from the first towards the second. */
export const rot90 = unary(
  "rot90",
  (x: Tensor, { k = 1, axes = [0, 1] }: { readonly k?: number; readonly axes?: readonly [number, number] } = {}) => {
    const [a, b] = axes.map((axis) => ownAxis("rot90", x, axis));
    const swapped = (y: Tensor): Tensor =>
      own.transpose(
        y,
        y.shape.map((_, i) => (i === a ? b : i === b ? a : i)),
      );
    const back = (y: Tensor, at: number): Tensor => part(y, at, y.shape[at] - 1, y.shape[at], -1);
    const turns = ((k % 4) + 4) % 4;
    if (turns === 0) return x;
    if (turns === 2) return back(back(x, a), b);
    return turns === 1 ? swapped(back(x, b)) : back(swapped(x), b);
  },
  ["k", "axes"],
);

/** Numbers moved on by `shift` places along axes; what leaves at one end comes in at the other. */
export const roll = unary(
  "roll",
  (x: Tensor, shift: number | readonly number[], { axis }: { readonly axis?: AxisLike } = {}) => {
    const rolled = (y: Tensor, by: number, at: number): Tensor => {
      const n = y.shape[at];
      const cut = n === 0 ? 0 : ((-by % n) + n) % n;
      return cut === 0 ? y : own.concatenate([part(y, at, cut, n - cut), part(y, at, 0, cut)], at);
    };
    if (axis === undefined || axis === null) {
      const row = rowOf("roll", x);
      return own.reshape(
        rolled(
          row,
          [shift].flat().reduce((a, b) => a + b, 0),
          0,
        ),
        x.shape,
      );
    }
    const [axes, shifts] = [[axis].flat(), [shift].flat()];
    return axes.reduce<Tensor>((y, one, i) => rolled(y, shifts[i] ?? shifts[0], ownAxis("roll", x, one)), x);
  },
  ["axis"],
  1,
);

// ---- parts --------------------------------------------------------------------------------------------------------

/** The cells from `startIndices` on, `shape` many along each axis; −1 for all the rest, null for the batch. */
export const slice = unary("slice", (inputs: Tensor, startIndices: readonly number[], shape: KerasShape) => {
  const start = withoutBatch("slice", "startIndices", inputs, startIndices, (at) => at === 0);
  const sizes = ownSizes("slice", "shape", inputs, shape);
  if (start.length !== inputs.shape.length || sizes.length !== inputs.shape.length) {
    throw refuse(
      "slice",
      "shape",
      shape,
      `a size and a start for each axis of ${showShape(inputs.shape, inputs.perSample)}`,
    );
  }
  return own.slice(inputs, { start, size: sizes.map((n, i) => (n === -1 ? inputs.shape[i] - start[i] : n)) });
});

interface SliceUpdate {
  (inputs: ArrayLike, startIndices: readonly number[], updates: ArrayLike): Numbers;
  (inputs: Operand, startIndices: readonly number[], updates: Operand): Tensor;
}

/** `inputs` with the cells from `startIndices` on replaced by `updates`. */
export const sliceUpdate: SliceUpdate = unary(
  "sliceUpdate",
  (inputs: Tensor, startIndices: readonly number[], updates: Operand) => {
    const [x, y] = aligned("sliceUpdate", [inputs, toTensor("sliceUpdate", updates)]);
    const start = withoutBatch("sliceUpdate", "startIndices", inputs, startIndices, (at) => at === 0);
    const after = x.shape.map((n, i) => n - start[i] - y.shape[i]);
    if (y.shape.length !== x.shape.length || after.some((n) => n < 0) || start.some((n) => n < 0)) {
      throw refuse(
        "sliceUpdate",
        "updates",
        y,
        `cells that lie within ${showShape(x.shape, x.perSample)} from there on`,
      );
    }
    const isNew = own.pad(own.fill(1, y.shape), start, after);
    return own.where(isNew, own.pad(y, start, after), x);
  },
) as SliceUpdate;

/** A part of an axis: `[start, stop]` or `[start, stop, step]`, where null is the end, as in Python's `start:stop:step`. */
export type Range = readonly [start: number | null, stop: number | null, step?: number];

/** What is taken of each axis: a place, a range, null for a new axis, "..." for all axes that are not named. */
export type Key = number | Range | null | "...";

/**
 * Python's `x[…]`: `getItem(x, ["...", 0])` is `x[..., 0]`, and `getItem(x, [[null, null], [1, 5]])` is `x[:, 1:5]`.
 */
export const getItem = unary("getItem", (x: Tensor, key: Key | readonly Key[]) => {
  const isRange = (k: unknown): k is Range =>
    Array.isArray(k) && (k[0] === null || typeof k[0] === "number") && k.length >= 2 && k.length <= 3;
  const given: Key[] = Array.isArray(key) ? ([...key] as Key[]) : [key as Key];
  const named = given.filter((k) => k !== null && k !== "...").length;
  const all: Key[] = Array.from({ length: Math.max(0, rankOf(x) - named) }, () => [null, null]);
  const dots = given.indexOf("...");
  const keys = dots < 0 ? [...given, ...all] : [...given.slice(0, dots), ...all, ...given.slice(dots + 1)];
  const isWhole = (k: Key): boolean => isRange(k) && k[0] === null && k[1] === null && (k[2] ?? 1) === 1;
  const rest = withoutBatch("getItem", "key", x, keys, isWhole);
  const shape: number[] = [];
  const [start, size, step]: number[][] = [[], [], []];
  for (const k of rest) {
    const n = x.shape[start.length];
    if (k === null) shape.push(1);
    else if (isRange(k) && n !== undefined) {
      const cut = rangeOf(k, n);
      start.push(cut.start);
      size.push(cut.size);
      step.push(cut.step);
      shape.push(cut.size);
    } else {
      const at = Number.isInteger(k) ? (k as number) + ((k as number) < 0 ? n : 0) : -1;
      if (!(at >= 0 && at < n))
        throw refuse(
          "getItem",
          "key",
          key,
          `a place, a range, null or "..." for axes of ${showShape(x.shape, x.perSample)}`,
        );
      start.push(at);
      size.push(1);
      step.push(1);
    }
  }
  return own.reshape(own.slice(x, { start, size, step }), shape);
});

/** Python's `start:stop:step` of `n` cells. */
function rangeOf([from, to, step = 1]: Range, n: number) {
  if (!Number.isInteger(step) || step === 0) throw refuse("getItem", "key", [from, to, step], "a step that is not 0");
  const [low, high] = step > 0 ? [0, n] : [-1, n - 1];
  const place = (value: number | null, otherwise: number): number =>
    value === null ? otherwise : Math.min(Math.max(value < 0 ? value + n : value, low), high);
  const start = place(from, step > 0 ? low : high);
  const size = Math.ceil((place(to, step > 0 ? high : low) - start) / step);
  if (size < 1) throw refuse("getItem", "key", [from, to, step], `at least one of ${n} cells`);
  return { start, size, step };
}

function cut(where: string, x: Tensor, given: number | readonly number[], axis: number, even: boolean): Tensor[] {
  const at = ownAxis(where, x, axis);
  const n = x.shape[at];
  if (typeof given === "number" && (!Number.isInteger(given) || given < 1 || (even && n % given !== 0))) {
    throw refuse(
      where,
      "indicesOrSections",
      given,
      `a number of parts that divides ${n}, or a list of places to cut at`,
    );
  }
  const clamp = (place: number): number => Math.min(n, Math.max(0, place < 0 ? place + n : place));
  const cuts =
    typeof given === "number"
      ? Array.from({ length: given + 1 }, (_, i) => i * Math.floor(n / given) + Math.min(i, n % given))
      : [0, ...given.map(clamp), n];
  return cuts.slice(1).map((end, i) => part(x, at, cuts[i], Math.max(0, end - cuts[i])));
}

interface AxisOption {
  /** Default 0, which is the batch of a tensor that belongs to samples: name another one there. */
  readonly axis?: number;
}

/** Equal parts, or parts between places to cut at. */
export const split = several(
  "split",
  (x: Tensor, indicesOrSections: number | readonly number[], { axis = 0 }: AxisOption = {}) =>
    cut("split", x, indicesOrSections, axis, true),
  ["axis"],
  1,
);
/** As `split`; parts need not be equal, and the first ones are one larger. */
export const arraySplit = several(
  "arraySplit",
  (x: Tensor, indicesOrSections: number | readonly number[], { axis = 0 }: AxisOption = {}) =>
    cut("arraySplit", x, indicesOrSections, axis, false),
  ["axis"],
  1,
);
/** x in parts along axis 0. */
export const vsplit = several("vsplit", (x: Tensor, parts: number | readonly number[]) =>
  cut("vsplit", x, parts, 0, true),
);
/** x in parts along axis 1, or along the only one. */
export const hsplit = several("hsplit", (x: Tensor, parts: number | readonly number[]) =>
  cut("hsplit", x, parts, rankOf(x) === 1 ? 0 : 1, true),
);
/** x in parts along axis 2. */
export const dsplit = several("dsplit", (x: Tensor, parts: number | readonly number[]) =>
  cut("dsplit", x, parts, 2, true),
);

/** Each place along an axis as a tensor without that axis. */
export const unstack = several(
  "unstack",
  (x: Tensor, { axis = 0 }: AxisOption & { readonly num?: number | null } = {}) => {
    const at = ownAxis("unstack", x, axis);
    const rest = x.shape.filter((_, i) => i !== at);
    return Array.from({ length: x.shape[at] }, (_, i) => own.reshape(part(x, at, i, 1), rest));
  },
  ["axis", "num"],
);

// ---- joined and repeated ------------------------------------------------------------------------------------------

/** Shared ones stand for every sample where others belong to samples. */
function joined(where: string, xs: readonly Tensor[], axis: number): Tensor {
  if (xs.length === 0) throw refuse(where, "xs", xs, "at least one");
  const ready = aligned(where, xs);
  const first = ready.find((x) => x.perSample) ?? ready[0];
  return own.concatenate(ready, ownAxis(where, first, axis));
}

/** End to end along an axis. */
export const concatenate = listed(
  "concatenate",
  (xs, { axis = 0 }: AxisOption = {}) => joined("concatenate", xs, axis),
  ["axis"],
);
/** Side by side along a new axis. */
export const stack = listed(
  "stack",
  (xs, { axis = 0 }: AxisOption = {}) => {
    const ready = aligned("stack", xs);
    const first = ready.find((x) => x.perSample) ?? ready[0];
    const at = newAxis("stack", first, axis);
    return own.concatenate(
      ready.map((x) => own.reshape(x, [...x.shape.slice(0, at), 1, ...x.shape.slice(at)])),
      at,
    );
  },
  ["axis"],
);
/** At least so many axes, the new ones in front. */
const atLeast = (x: Tensor, rank: number): Tensor =>
  rankOf(x) >= rank ? x : own.reshape(x, [...Array<number>(rank - rankOf(x)).fill(1), ...x.shape]);
/** Arrays on top of each other, along axis 0; vectors are rows. */
export const vstack = listed("vstack", (xs) =>
  joined(
    "vstack",
    xs.map((x) => atLeast(x, 2)),
    0,
  ),
);
/** Arrays side by side, along axis 1; vectors end to end. */
export const hstack = listed("hstack", (xs) =>
  joined(
    "hstack",
    xs.map((x) => atLeast(x, 1)),
    rankOf(atLeast(xs[0], 1)) === 1 ? 0 : 1,
  ),
);
/** Arrays behind each other, along axis 2. */
export const dstack = listed("dstack", (xs) =>
  joined(
    "dstack",
    xs.map((x) =>
      rankOf(x) >= 3
        ? x
        : own.reshape(
            x,
            x.perSample ? [...x.shape, ...Array<number>(2 - x.shape.length).fill(1)] : [...atLeast(x, 2).shape, 1],
          ),
    ),
    2,
  ),
);

/** The whole, repeated so many times along each axis. */
export const tile = unary("tile", (x: Tensor, repeats: number | readonly number[]) => {
  const given = [repeats].flat();
  const times = [...Array<number>(Math.max(0, rankOf(x) - given.length)).fill(1), ...given];
  const counts = withoutBatch("tile", "repeats", x, times, (n) => n === 1);
  if (x.perSample && counts.length > x.shape.length)
    throw refuse("tile", "repeats", repeats, `at most ${rankOf(x)} numbers`);
  const start = own.reshape(x, [...Array<number>(counts.length - x.shape.length).fill(1), ...x.shape]);
  return counts.reduce<Tensor>((y, n, i) => (n === 1 ? y : own.concatenate(Array<Tensor>(n).fill(y), i)), start);
});

/** Every number `repeats` times (or each place so many times) along an axis; all of them in a row without one. */
export const repeat = unary(
  "repeat",
  (x: Tensor, repeats: number | readonly number[], { axis }: { readonly axis?: number | null } = {}) => {
    const isFlat = axis === undefined || axis === null;
    const y = isFlat ? rowOf("repeat", x) : x;
    const at = isFlat ? 0 : ownAxis("repeat", x, axis);
    const n = y.shape[at];
    if (typeof repeats === "number" || repeats.length === 1) {
      const times = [repeats].flat()[0];
      const spread = [...y.shape.slice(0, at + 1), times, ...y.shape.slice(at + 1)];
      const row = own.broadcastTo(own.reshape(y, spread.with(at + 1, 1)), spread);
      return own.reshape(row, y.shape.with(at, n * times));
    }
    if (repeats.length !== n) throw refuse("repeat", "repeats", repeats, `one number, or ${n} of them`);
    const parts = repeats.flatMap((times, i) => Array<Tensor>(times).fill(part(y, at, i, 1)));
    return own.concatenate(parts, at);
  },
  ["axis"],
  1,
);

interface PadOptions {
  /** "constant" (the default), "reflect" (without the edge) or "symmetric" (with it), or "edge". */
  readonly mode?: "constant" | "reflect" | "symmetric" | "edge";
  /** What stands in the new places under "constant"; default 0. */
  readonly constantValues?: number | null;
}

/** New places around: one number for all axes, [before, after] for all, or a pair for each axis ([0, 0] for the batch). */
export const pad = unary(
  "pad",
  (
    x: Tensor,
    padWidth: number | readonly number[] | readonly (readonly number[])[],
    { mode = "constant", constantValues = null }: PadOptions = {},
  ) => {
    const rank = rankOf(x);
    const list = (
      typeof padWidth === "number" ? [[padWidth, padWidth]] : typeof padWidth[0] === "number" ? [padWidth] : padWidth
    ) as readonly (readonly number[])[];
    const pairs = list.length === 1 && rank !== 1 ? Array<readonly number[]>(rank).fill(list[0]) : list;
    const isPair = (p: readonly number[]): boolean =>
      Array.isArray(p) && p.length >= 1 && p.length <= 2 && p.every((n) => Number.isInteger(n) && n >= 0);
    if (pairs.length !== rank || !pairs.every(isPair)) {
      throw refuse("pad", "padWidth", padWidth, `[before, after] for each of ${rank} axes, in cells`);
    }
    const widths = withoutBatch("pad", "padWidth", x, pairs, (p) => p.every((n) => n === 0));
    const [before, after] = [widths.map((p) => p[0]), widths.map((p) => p[1] ?? p[0])];
    if (mode === "constant") return padConstant(x, before, after, constantValues ?? 0);
    if (constantValues !== null)
      throw refuse("pad", "constantValues", constantValues, 'nothing beside a mode other than "constant"');
    if (!["reflect", "symmetric", "edge"].includes(mode)) {
      throw refuse("pad", "mode", mode, '"constant", "reflect", "symmetric" or "edge"');
    }
    return x.shape.reduce((y, n, i) => padAxis(y, i, before[i], after[i], n, mode, padWidth), x);
  },
  ["mode", "constantValues"],
  1,
);

function padConstant(x: Tensor, before: readonly number[], after: readonly number[], value: number): Tensor {
  const padded = own.pad(x, before, after);
  if (value === 0) return padded;
  return own.where(own.pad(own.fill(1, x.shape), before, after), padded, value);
}

/** Cells of the axis itself beyond its ends. */
function padAxis(
  x: Tensor,
  axis: number,
  before: number,
  after: number,
  n: number,
  mode: string,
  given: unknown,
): Tensor {
  if (before === 0 && after === 0) return x;
  const edge = mode === "reflect" ? 1 : 0;
  if (mode === "edge") {
    const ends = [part(x, axis, 0, 1), part(x, axis, n - 1, 1)];
    return own.concatenate([...Array<Tensor>(before).fill(ends[0]), x, ...Array<Tensor>(after).fill(ends[1])], axis);
  }
  if (Math.max(before, after) > n - edge) {
    throw refuse("pad", "padWidth", given, `at most ${n - edge} cells beyond an axis of ${n} under mode "${mode}"`);
  }
  const head = before === 0 ? [] : [part(x, axis, before - 1 + edge, before, -1)];
  const tail = after === 0 ? [] : [part(x, axis, n - 1 - edge, after, -1)];
  return own.concatenate([...head, x, ...tail], axis);
}

/** `x1` with `x2` behind it along an axis; both in a row without one. */
export const append = binary(
  "append",
  (x1: Tensor, x2: Tensor, { axis = null }: { readonly axis?: number | null } = {}) =>
    axis === null ? joined("append", [rowOf("append", x1), rowOf("append", x2)], 0) : joined("append", [x1, x2], axis),
  ["axis"],
);
