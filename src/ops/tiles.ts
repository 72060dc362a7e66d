/**
 * A picture cut into tiles that may overlap, each through one constant matrix along every axis; and the way back. Tile
 * `t` begins at cell `t·stride − before`; `matrix[u][a]` is the weight of its cell `a` in number `u`:
 *
 *   expandTiles   v[u, t, …] = Σ_a matrix[u][a] · x[t·stride + a − before, …]
 *   foldTiles     x[j, …]    = Σ_u Σ_{t, a : t·stride + a − before = j} matrix[u][a] · v[u, t, …]
 *
 * The same along all axes at once; the numbers of all axes share the first axis, the last axis' fastest. Each op's gradient is
 * the other. Convolutions by products over tiles are made of them.
 */
import { binary, constant, constantIndex, type Expr, type Loop, loopIndex, unary } from "../expr/expr.ts";
import { apply, type LoopNest, type Op, type Read } from "../graph/op.ts";
import type { Shape, Tensor } from "../graph/tensor.ts";
import { choices, type Phase, phasesOf } from "./convolution.ts";

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

/** What the sum along one axis adds: numbers of a tile at places that move with the loop. */
interface Place {
  readonly offset: number;
  readonly number: number;
}
type Row = readonly { readonly weight: number; readonly place: Place }[];

/** Σ weight · value, without the terms that are 0 and the products that change nothing. Begins with a positive term. */
function weighted(row: Row, value: (place: Place) => Expr): Expr {
  const real = row.filter(({ weight }) => weight !== 0);
  const first = real.findIndex(({ weight }) => weight > 0);
  if (first > 0) real.unshift(...real.splice(first, 1));
  let sum: Expr | undefined;
  for (const { weight, place } of real) {
    const size = Math.abs(weight) === 1 ? value(place) : binary("mul", value(place), constant(Math.abs(weight)));
    if (sum === undefined) sum = weight < 0 ? unary("neg", size) : size;
    else sum = binary(weight < 0 ? "sub" : "add", sum, size);
  }
  return sum ?? constant(0);
}

/** Sums by what they are made of: the places chosen on the first axes, the rows of the others. */
interface Sums {
  sum?: Expr;
  readonly next: Map<Place | Row, Sums>;
}

function nextOf({ next }: Sums, key: Place | Row): Sums {
  const known = next.get(key) ?? { next: new Map() };
  next.set(key, known);
  return known;
}

/**
 * Σ of the products of weights · value over the choices of one place for each axis: axis by axis, the last one inside.
 * Sums that several results share, told by the identity of rows and places, are one object.
 */
function separableSums(value: (places: readonly Place[]) => Expr): (rows: readonly Row[]) => Expr {
  const none: Sums = { next: new Map() };
  const sum = (rows: readonly Row[], places: readonly Place[], chosen: Sums): Expr => {
    const axis = places.length;
    const at = rows.slice(axis).reduce<Sums>(nextOf, chosen);
    at.sum ??=
      axis < rows.length
        ? weighted(rows[axis], (place) => sum(rows, [...places, place], nextOf(chosen, place)))
        : value(places);
    return at.sum;
  };
  return (rows) => sum(rows, [], none);
}

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
      const loops = [...t, ...carried];
      const rows = tiles.map((_, a): Row[] => {
        const places = matrix[0].map((_, cell): Place => ({ offset: cell - before[a], number: 0 }));
        const made = matrix.map((weights): Row => weights.map((weight, cell) => ({ weight, place: places[cell] })));
        // Numbers that are made alike are one.
        return matrix.map((weights) => made[matrix.findIndex((other) => other.join() === weights.join())]);
      });
      const sumOf = separableSums((cells) =>
        read(0, [...t.map((l, a) => loopIndex(l, stride, cells[a].offset)), ...rest]),
      );
      return choices(tiles.map(() => matrix.map((_, u) => u))).map(
        (numbers): LoopNest => ({
          loops,
          out: [constantIndex(placeOf(numbers, matrix.length)), ...t.map((l) => loopIndex(l)), ...rest],
          reduce: [],
          combine: "sum",
          value: () => sumOf(numbers.map((u, a) => rows[a][u])),
        }),
      );
    },
  }),
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
};

/** What is added up in the cells of one phase. */
const rowOf = (p: Phase, matrix: Tiles["matrix"], placesAt: (offset: number) => readonly Place[]): Row =>
  Array.from({ length: p.taps }, (_, tap) =>
    placesAt(p.firstCell + p.cellStep * tap).map((place) => ({
      weight: matrix[place.number][p.lastTap - p.tapStep * tap],
      place,
    })),
  ).flat();

function foldNests(x: Tensor, read: Read): LoopNest[] {
  const { matrix, stride, before, cells } = x.attributes as unknown as FoldAttributes;
  const axes = cells.map((n, a) => {
    const places = new Map<number, Place[]>();
    const placesAt = (offset: number): readonly Place[] => {
      const known = places.get(offset) ?? matrix.map((_, number): Place => ({ offset, number }));
      places.set(offset, known);
      return known;
    };
    return phasesOf(n, matrix[0].length, stride, 1, before[a]).map((p) => ({ ...p, row: rowOf(p, matrix, placesAt) }));
  });
  const carried = carriedLoops(x.shape.slice(cells.length));
  const rest = carried.map((l) => loopIndex(l));
  const sharing = new Map<string, { q: Loop[]; loops: Loop[]; sumOf: ReturnType<typeof separableSums> }>();
  /** Phases of as many cells go through the same loops. */
  const loopsFor = (sizes: readonly number[]) => {
    const known = sharing.get(sizes.join());
    if (known) return known;
    const q = sizes.map((n, a) => loop(`i${a}`, n));
    const sumOf = separableSums((chosen) => {
      const place = placeOf(
        chosen.map((c) => c.number),
        matrix.length,
      );
      return read(0, [constantIndex(place), ...q.map((l, a) => loopIndex(l, 1, chosen[a].offset)), ...rest]);
    });
    const made = { q, loops: [...q, ...carried], sumOf };
    sharing.set(sizes.join(), made);
    return made;
  };
  const nests = choices(axes).map((phases): LoopNest => {
    const { q, loops, sumOf } = loopsFor(phases.map((p) => p.cells));
    return {
      loops,
      out: [...phases.map((p, a) => loopIndex(q[a], stride, p.phase)), ...rest],
      reduce: [],
      combine: "sum",
      value: () => sumOf(phases.map((p) => p.row)),
    };
  });
  // Those of the same loops one after the other.
  return [...sharing.values()].flatMap(({ loops }) => nests.filter((nest) => nest.loops === loops));
}

/** `x`: `[...cells, ...rest]` → `[numbers, ...tiles, ...rest]`. */
export const expandTiles = (x: Tensor, attributes: ExpandAttributes): Tensor => apply(expandTilesOp, [x], attributes);

/** `v`: `[numbers, ...tiles, ...rest]` → `[...cells, ...rest]`: the adjoint of `expandTiles`. */
export const foldTiles = (v: Tensor, attributes: FoldAttributes): Tensor => apply(foldTilesOp, [v], attributes);
