/**
 * Which cells the cells of an op's result read, asked of the op: its lowering says so in loops and affine indices. So
 * every op has an answer, and it is the one that runs.
 */
import { internalError } from "../core/errors.ts";
import { type Affine, type Expr, type Loop, loopIndex, operandsOf, sameAffine } from "../expr/expr.ts";
import type { Read } from "../graph/op.ts";
import type { Tensor } from "../graph/tensor.ts";
import { constantOp } from "../ops/leaf.ts";
import { type Block, blocksOf, type Cells, inside, intersection, reshaped, simplified, upTo } from "./cells.ts";

/** Some cells of the result read some of input `input`. */
interface Reading {
  readonly input: number;
  /** From cells of the result to those of the input, and back. */
  readonly there: Relation;
  readonly back: Relation;
  /** Where it counts at all: cells of the result for which no factor is a constant 0. Everywhere if undefined. */
  readonly where: Cells | undefined;
}

interface Load {
  readonly kind: "load";
  readonly source: number;
  readonly index: readonly Affine[];
}

/** How a result reads its inputs. */
interface Reads {
  /** The result has the cells of input 0, row-major. */
  readonly isView: boolean;
  /** Beyond the edge of the result lies what is beyond the edge of the input, at the same indices. */
  readonly goesBeyond: boolean;
  readonly list: readonly Reading[];
}

const known = new WeakMap<Tensor, Reads>();

function readsOf(y: Tensor): Reads {
  let reads = known.get(y);
  if (reads === undefined) {
    reads = findReads(y);
    known.set(y, reads);
  }
  return reads;
}

function findReads(y: Tensor): Reads {
  const lowering = y.op.lower(y);
  const read: Read = (k, index) => ({ kind: "load", source: k, index, outside: "zero" });
  const reads = { isView: false, goesBeyond: false };
  switch (lowering.kind) {
    case "leaf":
      return { ...reads, list: [] };
    case "view":
      return { ...reads, isView: true, list: [] };
    case "map": {
      // Not `loopIndex`, which forgets loops of one cell: beyond an edge they take other values, too.
      const out = y.shape.map((size, i): Affine => ({ offset: 0, terms: [[{ name: `i${i}`, size }, 1]] }));
      const list = readingsIn(y, out, lowering.value(out, read));
      return { ...reads, goesBeyond: lowering.zeroBeyond ?? false, list };
    }
    case "nests":
      return { ...reads, list: lowering.nests(read).flatMap((nest) => readingsIn(y, nest.out, nest.value())) };
    case "routeToMaximum":
      throw internalError({ where: y.op.name, problem: "what a gradient reads depends on the data" });
  }
}

/** The reads in the value at `out`. */
function readingsIn(y: Tensor, out: readonly Affine[], value: Expr): Reading[] {
  const list: Reading[] = [];
  const reading = (input: number, index: readonly Affine[], where: Cells | undefined): Reading => ({
    input,
    there: relation(out, index),
    back: relation(index, out),
    where,
  });
  const visit = (e: Expr, where: Cells | undefined): void => {
    if (e.kind === "load") list.push(reading(e.source as number, e.index, where));
    else if (e.kind === "gather") {
      // Whichever cell it is, it may be any.
      const input = (e.from as Load).source;
      const index = y.inputs[input].shape.map((size, i) => loopIndex({ name: `any${i}`, size }));
      list.push(reading(input, index, where));
      visit(e.cell, where);
    } else if (e.kind === "binary" && e.name === "mul") {
      visit(e.a, both(where, notZero(y, out, e.b)));
      visit(e.b, both(where, notZero(y, out, e.a)));
    } else for (const operand of operandsOf(e)) visit(operand, where);
  };
  visit(value, undefined);
  return list;
}

const both = (a: Cells | undefined, b: Cells | undefined): Cells | undefined =>
  a && b ? intersection(a, b) : (a ?? b);

/** The cells of the result at which a factor is not 0, where it is a constant of which each cell has one. */
function notZero(y: Tensor, out: readonly Affine[], factor: Expr): Cells | undefined {
  if (factor.kind !== "load") return undefined;
  const { source, index } = factor as Load;
  const constant = y.inputs[source];
  if (constant.op !== (constantOp as object)) return undefined;
  const data = constant.attributes.data as Float32Array;
  if (data.every((value) => value !== 0)) return undefined;
  // Which axis of the result an axis of the constant runs along.
  const along = index.map((place) => out.findIndex((own) => own.terms.length > 0 && sameAffine(own, place)));
  if (index.some((place, j) => along[j] < 0 && place.terms.length > 0)) return undefined;
  const numbers = upTo(data.length).filter((i) => data[i] !== 0);
  return simplified(
    blocksOf(numbers, constant.shape).map((block) =>
      y.shape.map((size, axis) => (along.includes(axis) ? block[along.indexOf(axis)] : upTo(size))),
    ),
  );
}

// ---- there and back -----------------------------------------------------------------------------------------------

/**
 * The cells of input `k` that cells of `y` read.
 *
 * @param cells - of `y`; they may lie beyond its edge where the op moves cells only.
 * @returns also cells beyond the edge of the input: padding that is read there.
 */
export function cellsRead(y: Tensor, cells: Cells, k: number): Cells {
  const { isView, goesBeyond, list } = readsOf(y);
  if (isView) return reshaped(inside(cells, y.shape), y.shape, y.inputs[k].shape);
  const own = goesBeyond ? cells : inside(cells, y.shape);
  return simplified(
    list
      .filter(({ input }) => input === k)
      .flatMap(({ there, where }) => {
        const counting = where === undefined ? own : intersection(own, where);
        return counting.flatMap((block) => through(there, block, goesBeyond));
      }),
  );
}

/** The cells of `y` that read one of the given cells of input `k`. */
export function cellsReading(y: Tensor, cells: Cells, k: number): Cells {
  const { isView, list } = readsOf(y);
  if (isView) return reshaped(cells, y.inputs[k].shape, y.shape);
  const found = list
    .filter(({ input }) => input === k)
    .flatMap(({ back, where }) => {
      const reading = cells.flatMap((block) => through(back, block, false));
      return where === undefined ? reading : intersection(simplified(reading), where);
    });
  return inside(found, y.shape);
}

// ---- relations of cells -------------------------------------------------------------------------------------------

/** Cell `from` belongs to cell `to`, for all values of the loops in them. */
interface Relation {
  readonly from: readonly Affine[];
  readonly to: readonly Affine[];
  readonly groups: readonly Group[];
}

/**
 * Axes and loops that depend on each other. Groups are apart from each other, so what becomes of a block is a product
 * again; only within a group (a diagonal, say) must cells be listed.
 */
interface Group {
  readonly from: readonly number[];
  readonly to: readonly number[];
  readonly loops: readonly Loop[];
  /** Answers for positions on its only axis `from`. */
  readonly known: WeakMap<readonly number[], readonly Positions[]>;
}

/** Positions on the axes `to` of a group. */
type Positions = readonly (readonly number[])[];

function relation(from: readonly Affine[], to: readonly Affine[]): Relation {
  const groups: { from: number[]; to: number[]; loops: Set<Loop> }[] = [];
  const add = (side: "from" | "to", axis: number, index: Affine): void => {
    const loops = index.terms.map(([loop]) => loop);
    const joined = { from: [] as number[], to: [] as number[], loops: new Set(loops) };
    joined[side].push(axis);
    for (let g = groups.length - 1; g >= 0; g--) {
      if (!loops.some((loop) => groups[g].loops.has(loop))) continue;
      const [other] = groups.splice(g, 1);
      joined.from.push(...other.from);
      joined.to.push(...other.to);
      for (const loop of other.loops) joined.loops.add(loop);
    }
    groups.push(joined);
  };
  from.forEach((index, axis) => {
    add("from", axis, index);
  });
  to.forEach((index, axis) => {
    add("to", axis, index);
  });
  return { from, to, groups: groups.map((group) => ({ ...group, loops: [...group.loops], known: new WeakMap() })) };
}

/**
 * All cells that some cell of a block belongs to.
 *
 * @param goesBeyond - whether the loops also take values beyond their ends, where the block has such positions.
 */
function through({ from, to, groups }: Relation, block: Block, goesBeyond: boolean): Cells {
  let results: (readonly number[])[][] = [to.map(() => [])];
  for (const group of groups) {
    const own = group.from.length === 1 ? block[group.from[0]] : undefined;
    let parts = own && group.known.get(own);
    if (parts === undefined) {
      const tuples = iterate(group, from, to, block, goesBeyond);
      const isList = group.to.length === 1 && tuples.length > 0;
      parts = isList ? [[tuples.map(([p]) => p).sort((a, b) => a - b)]] : tuples.map((tuple) => tuple.map((p) => [p]));
      if (own) group.known.set(own, parts);
    }
    if (parts.length === 0) return [];
    results = results.flatMap((result) =>
      parts.map((part) => group.to.reduce((whole, axis, i) => whole.with(axis, part[i]), result)),
    );
  }
  return results;
}

/** The positions on the axes `group.to`, each tuple once, for all iterations that lie in the block. */
function iterate(group: Group, from: readonly Affine[], to: readonly Affine[], block: Block, goesBeyond: boolean) {
  const wanted = new Map(group.from.map((axis) => [axis, new Set(block[axis])]));
  const domains = group.loops.map((loop) => valuesOf(loop, group, from, block, goesBeyond));
  const found = new Map<string, number[]>();
  const values = new Map<Loop, number>();
  const at = ({ offset, terms }: Affine): number =>
    terms.reduce((sum, [loop, c]) => sum + c * (values.get(loop) as number), offset);
  const visit = (depth: number): void => {
    if (depth < group.loops.length) {
      for (const value of domains[depth]) {
        values.set(group.loops[depth], value);
        visit(depth + 1);
      }
      return;
    }
    if (!group.from.every((axis) => wanted.get(axis)?.has(at(from[axis])))) return;
    const tuple = group.to.map((axis) => at(to[axis]));
    found.set(tuple.join(), tuple);
  };
  visit(0);
  return [...found.values()];
}

/** The values of a loop: those that an axis which is this loop alone asks for, else all. */
function valuesOf(loop: Loop, group: Group, from: readonly Affine[], block: Block, goesBeyond: boolean): number[] {
  for (const axis of group.from) {
    const { offset, terms } = from[axis];
    if (terms.length !== 1 || terms[0][0] !== loop) continue;
    const asked = block[axis].map((p) => (p - offset) / terms[0][1]);
    return asked.filter((v) => Number.isInteger(v) && (goesBeyond || (v >= 0 && v < loop.size)));
  }
  return upTo(loop.size);
}
