/**
 * A picture cut into tiles that may overlap, each through one constant matrix along every axis; and the way back. Tile
 * `t` begins at cell `t·stride − before`; `matrix[u][a]` is the weight of its cell `a` in number `u`:
 *
 *   expandTiles   v[u, t, …] = Σ_a matrix[u][a] · x[t·stride + a − before, …]
 *   foldTiles     x[j, …]    = Σ_u Σ_{t, a : t·stride + a − before = j} matrix[u][a] · v[u, t, …]
 *
 * The same along all axes at once; the numbers of all axes share the first axis, the last axis' fastest. Each op's gradient is
 * the other. Winograd's convolution is made of them.
 */
import { type Affine, binary, constant, constantIndex, type Expr, type Loop, loopIndex, unary } from "../expr/expr.ts";
import { apply, type LoopNest, type Op, type Read } from "../graph/op.ts";
import type { Shape, Tensor } from "../graph/tensor.ts";
import { choices, phasesOf } from "./convolution.ts";

export type Tiles = {
  /** The same along every axis: a row for each number, a column for each cell of a tile. */
  readonly matrix: readonly (readonly number[])[];
  readonly stride: number;
  /** Cells of the first tile ahead of the picture, for each axis. */
  readonly before: readonly number[];
};

type ExpandAttributes = Tiles & { readonly tiles: Shape };
type FoldAttributes = Tiles & { readonly cells: Shape };

const loop = (name: string, size: number): Loop => ({ name, size });
const carriedLoops = (sizes: Shape): Loop[] => sizes.map((n, i) => loop(`c${i}`, n));
const numbersOf = (rows: number, axes: number): number => rows ** axes;

/** The place of a choice of one number for each axis. */
const placeOf = (numbers: readonly number[], rows: number): number => numbers.reduce((at, u) => at * rows + u, 0);

/** Σ weight · value, without the terms that are 0 and the products that change nothing. */
function weighted(terms: readonly { readonly weight: number; readonly value: () => Expr }[]): Expr {
  let sum: Expr | undefined;
  for (const { weight, value } of terms) {
    if (weight === 0) continue;
    const size = Math.abs(weight) === 1 ? value() : binary("mul", value(), constant(Math.abs(weight)));
    if (sum === undefined) sum = weight < 0 ? unary("neg", size) : size;
    else sum = binary(weight < 0 ? "sub" : "add", sum, size);
  }
  return sum ?? constant(0);
}

/** Terms in an order that begins with a positive one, where there is one: nothing needs to be negated then. */
const positiveFirst = <T extends { readonly weight: number }>(terms: readonly T[]): T[] => {
  const first = terms.findIndex((t) => t.weight > 0);
  return first <= 0 ? [...terms] : [terms[first], ...terms.slice(0, first), ...terms.slice(first + 1)];
};

export const expandTilesOp: Op<ExpandAttributes> = {
  name: "expandTiles",
  infer: ([x], { matrix, tiles }) => ({
    shape: [numbersOf(matrix.length, tiles.length), ...tiles, ...x.shape.slice(tiles.length)],
  }),
  grad: (v, dv) => {
    const { tiles, ...attributes } = v.attributes as unknown as ExpandAttributes;
    return [foldTiles(dv, { ...attributes, cells: v.inputs[0].shape.slice(0, tiles.length) })];
  },
  lower: (v) => ({
    kind: "nests",
    overSamples: false,
    partial: false,
    nests: (read) => {
      const { matrix, stride, before, tiles } = v.attributes as unknown as ExpandAttributes;
      const t = tiles.map((n, a) => loop(`i${a}`, n));
      const carried = carriedLoops(v.shape.slice(tiles.length + 1));
      const rest = carried.map((l) => loopIndex(l));
      return choices(tiles.map(() => matrix.map((_, u) => u))).map((numbers): LoopNest => {
        const terms = choices(tiles.map(() => matrix[0].map((_, a) => a))).map((cells) => ({
          weight: cells.reduce((w, a, axis) => w * matrix[numbers[axis]][a], 1),
          value: () => read(0, [...t.map((l, a) => loopIndex(l, stride, cells[a] - before[a])), ...rest]),
        }));
        return {
          loops: [...t, ...carried],
          out: [constantIndex(placeOf(numbers, matrix.length)), ...t.map((l) => loopIndex(l)), ...rest],
          reduce: [],
          combine: "sum",
          value: weighted(positiveFirst(terms)),
        };
      });
    },
  }),
  print: printTiles,
};

export const foldTilesOp: Op<FoldAttributes> = {
  name: "foldTiles",
  infer: ([v], { cells }) => ({ shape: [...cells, ...v.shape.slice(cells.length + 1)] }),
  grad: (x, dx) => {
    const { cells, ...attributes } = x.attributes as unknown as FoldAttributes;
    return [expandTiles(dx, { ...attributes, tiles: x.inputs[0].shape.slice(1, cells.length + 1) })];
  },
  lower: (x) => ({
    kind: "nests",
    overSamples: false,
    partial: false,
    nests: (read) => foldNests(x, read),
  }),
  print: printTiles,
};

function foldNests(x: Tensor, read: Read): LoopNest[] {
  const { matrix, stride, before, cells } = x.attributes as unknown as FoldAttributes;
  const axes = cells.map((n, a) => phasesOf(n, matrix[0].length, stride, 1, before[a]));
  const carried = carriedLoops(x.shape.slice(cells.length));
  const rest = carried.map((l) => loopIndex(l));
  return choices(axes).map((phases): LoopNest => {
    const q = phases.map((p, a) => loop(`i${a}`, p.cells));
    const met = choices(phases.map((p) => Array.from({ length: p.taps }, (_, k) => k)));
    const terms = met.flatMap((taps) =>
      choices(cells.map(() => matrix.map((_, u) => u))).map((numbers) => {
        const cell = phases.map((p, a) => p.lastTap - p.tapStep * taps[a]);
        const tile: Affine[] = phases.map((p, a) => loopIndex(q[a], 1, p.firstCell + p.cellStep * taps[a]));
        return {
          weight: numbers.reduce((w, u, axis) => w * matrix[u][cell[axis]], 1),
          value: () => read(0, [constantIndex(placeOf(numbers, matrix.length)), ...tile, ...rest]),
        };
      }),
    );
    return {
      loops: [...q, ...carried],
      out: [...phases.map((p, a) => loopIndex(q[a], stride, p.phase)), ...rest],
      reduce: [],
      combine: "sum",
      value: weighted(positiveFirst(terms)),
    };
  });
}

function printTiles(attributes: Tiles & { readonly tiles?: Shape; readonly cells?: Shape }): string {
  const { matrix, stride, before, tiles, cells } = attributes;
  const rows = matrix.map((row) => row.join(" ")).join("; ");
  return `matrix=[${rows}] stride=${stride} before=[${before}] ${tiles ? `tiles=[${tiles}]` : `cells=[${cells}]`}`;
}

/** `x`: `[...cells, ...rest]` → `[numbers, ...tiles, ...rest]`. */
export const expandTiles = (x: Tensor, attributes: ExpandAttributes): Tensor => apply(expandTilesOp, [x], attributes);

/** `v`: `[numbers, ...tiles, ...rest]` → `[...cells, ...rest]`: the adjoint of `expandTiles`. */
export const foldTiles = (v: Tensor, attributes: FoldAttributes): Tensor => apply(foldTilesOp, [v], attributes);
