/** Arrays of which each axis has a meaning of its own: grids, powers, axes renamed and joined, correlations. */
import { showShape, sizeOf } from "../core/array.ts";
import { argumentError, shapeError } from "../core/errors.ts";
import type { Tensor } from "../graph/tensor.ts";
import { checkOptions } from "../layers/options.ts";
import * as own from "../ops/index.ts";
import { type ArrayLike, type Numbers, type Operand, toTensor } from "./arrays.ts";
import { ownAxes, rankOf } from "./axes.ts";
import { binary, settle, unary } from "./define.ts";
import { sequencesOf } from "./frames.ts";
import { part } from "./places.ts";

const { multiply, reshape, subtract } = own;
const wrong = (where: string, argument: string, value: unknown, expected: string) =>
  argumentError({ where: `ops.${where}`, argument, value, expected });

interface MeshOptions {
  /** "xy" (the default): the first array runs along axis 1 and the second along axis 0. "ij": each along its own. */
  readonly indexing?: "xy" | "ij";
}
/** The coordinates of a grid: each row of numbers, repeated along the axes of the others. Options come last. */
export function meshgrid(...x: readonly ArrayLike[]): Numbers[];
export function meshgrid(...x: readonly [...(readonly ArrayLike[]), MeshOptions]): Numbers[];
export function meshgrid(...x: readonly Operand[]): Tensor[];
export function meshgrid(...x: readonly [...(readonly Operand[]), MeshOptions]): Tensor[];
export function meshgrid(...given: readonly unknown[]): unknown {
  const last = given[given.length - 1];
  const isOption = typeof last === "object" && last !== null && "indexing" in last;
  const { indexing = "xy" } = isOption ? (last as MeshOptions) : {};
  if (isOption) checkOptions("ops.meshgrid", last, ["indexing"]);
  if (indexing !== "xy" && indexing !== "ij") throw wrong("meshgrid", "indexing", indexing, '"xy" or "ij"');
  const operands = (isOption ? given.slice(0, -1) : given) as readonly Operand[];
  const rows = operands.map((x) => {
    const tensor = toTensor("meshgrid", x);
    const axes = ownAxes("meshgrid", tensor, null);
    if (axes.length > 1) throw wrong("meshgrid", "x", x, "numbers in a row");
    return reshape(tensor, [sizeOf(tensor.shape)]);
  });
  // The place of each row's axis.
  const axisOf = (i: number): number => (indexing === "xy" && rows.length > 1 && i < 2 ? 1 - i : i);
  const shape = rows.map((_, axis) => rows[axisOf(axis)].shape[0]);
  const grids = rows.map((row, i) => {
    const axis = axisOf(i);
    return own.broadcastTo(
      reshape(
        row,
        shape.map((n, a) => (a === axis ? n : 1)),
      ),
      shape,
    );
  });
  return settle(operands, grids);
}

interface VanderOptions {
  /** How many powers; as many as there are numbers, unless given. */
  readonly N?: number | null;
  /** Whether the powers ascend, from 0 on. Default false. */
  readonly increasing?: boolean;
}
/** The powers of every number of a row, on a new last axis. */
export const vander = unary(
  "vander",
  (x: Tensor, { N = null, increasing = false }: VanderOptions = {}) => {
    if (rankOf(x) !== 1) throw wrong("vander", "x", x, "numbers in a row");
    const n = N ?? x.shape[0];
    if (!Number.isInteger(n) || n < 1)
      throw wrong("vander", "N", N, "a whole number of at least 1; give it where the row is the batch");
    const column = reshape(x, [...x.shape, 1]);
    const powers = [own.add(multiply(own.stopGradient(column), 0), 1)];
    while (powers.length < n) powers.push(multiply(powers[powers.length - 1], column));
    return own.concatenate(increasing ? powers : powers.reverse(), column.shape.length - 1);
  },
  ["N", "increasing"],
);

/** Axes of one side of a pattern: names, and in brackets those that are one axis together. */
function sideOf(pattern: string, side: string | undefined): string[][] {
  const isRead = side !== undefined && /^\s*((\w+|\((\s*\w+)*\s*\))\s*)*$/.test(side);
  if (!isRead) throw wrong("rearrange", "pattern", pattern, 'names of axes, as in "b h (w c) -> b c h w"');
  return (side.match(/\w+|\([^)]*\)/g) ?? []).map((group) => group.match(/\w+/g) ?? []);
}

/**
 * Axes taken apart, in another order, and joined, as a pattern of names says: `rearrange(x, "b (h s) w c -> b h w (s c)",
 * { s: 2 })`. `lengths` are those that do not follow from the shape. Of what belongs to samples the batch stays first.
 */
export const rearrange = unary(
  "rearrange",
  (x: Tensor, pattern: string, lengths: Readonly<Record<string, number>> = {}) => {
    const sides = pattern.split("->");
    const [from, to] = [sideOf(pattern, sides[0]), sideOf(pattern, sides.length === 2 ? sides[1] : undefined)];
    const names = from.flat();
    const isSame = new Set(names).size === names.length && names.toSorted().join() === to.flat().toSorted().join();
    if (!isSame || from.length !== rankOf(x)) {
      const expected = `a name for each axis of ${showShape(x.shape, x.perSample)} on the left, and the same names on the right`;
      throw wrong("rearrange", "pattern", pattern, expected);
    }
    if (x.perSample && (from[0].length !== 1 || to[0]?.length !== 1 || from[0][0] !== to[0][0]))
      throw wrong("rearrange", "pattern", pattern, "the batch, first and by itself on both sides");
    const [axes, result] = x.perSample ? [from.slice(1), to.slice(1)] : [from, to];
    const sizes = new Map<string, number>();
    axes.forEach((group, axis) => {
      const open = group.filter((name) => lengths[name] === undefined);
      const known = group.reduce((n, name) => n * (lengths[name] ?? 1), 1);
      const rest = x.shape[axis] / known;
      if (open.length > 1 || !Number.isInteger(rest) || (open.length === 0 && rest !== 1)) {
        throw wrong(
          "rearrange",
          "lengths",
          lengths,
          `numbers that make ${x.shape[axis]} cells of (${group.join(" ")}), for all but one of them`,
        );
      }
      for (const name of group) sizes.set(name, lengths[name] ?? rest);
    });
    const size = (name: string): number => sizes.get(name) as number;
    const order = axes.flat();
    const turned = own.transpose(
      reshape(x, order.map(size)),
      result.flat().map((name) => order.indexOf(name)),
    );
    return reshape(
      turned,
      result.map((group) => sizeOf(group.map(size))),
    );
  },
);

// ---- correlations -------------------------------------------------------------------------------------------------

/** How much rows of numbers go together, each with each, from −1 to 1. */
export const corrcoef = unary("corrcoef", (x) => {
  const axes = ownAxes("corrcoef", x, null);
  if (axes.length > 2) throw wrong("corrcoef", "x", x, "one or two axes: variables and their observations");
  const n = x.shape[x.shape.length - 1];
  const centred = subtract(x, multiply(1 / n, own.sum(x, [axes.length - 1], { keepDims: true })));
  const rows = reshape(centred, [sizeOf(x.shape) / n, n]);
  const products = own.sum(multiply(reshape(rows, [rows.shape[0], 1, n]), rows), [2]);
  const lengths = own.squareRoot(own.sum(multiply(rows, rows), [1]));
  const both = multiply(reshape(lengths, [rows.shape[0], 1]), lengths);
  const y = own.minimum(own.maximum(own.divide(products, both), -1), 1);
  return axes.length === 1 ? reshape(y, []) : y;
});

/** Σₖ x1[i + k]·x2[k] of two rows; "valid" (the default) where x2 lies within x1, "same", or "full": wherever they meet. */
export const correlate = binary(
  "correlate",
  (x1: Tensor, x2: Tensor, { mode = "valid" }: { readonly mode?: "valid" | "same" | "full" } = {}) => {
    const [n, m] = [x1, x2].map((x) => {
      if (ownAxes("correlate", x, null).length !== 1) throw wrong("correlate", "an operand", x, "numbers in a row");
      return x.shape[0];
    });
    const sizes = { valid: n - m + 1, same: Math.max(n, m), full: n + m - 1 };
    if (!Object.hasOwn(sizes, mode)) throw wrong("correlate", "mode", mode, '"valid", "same" or "full"');
    if (sizes.valid < 1 && mode === "valid") {
      throw shapeError({
        where: "ops.correlate",
        got: `${n} and ${m} numbers`,
        expected: "at least as many in the first",
        fix: 'Exchange them, or choose mode "same" or "full".',
      });
    }
    const all = own.sum(multiply(sequencesOf("correlate", own.pad(x1, [m - 1], [m - 1]), m, 1), x2), [1]);
    return part(all, 0, Math.floor((sizes.full - sizes[mode]) / 2), sizes[mode]);
  },
  ["mode"],
);
