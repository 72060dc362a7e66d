/**
 * Sets of cells of a tensor, exact and small: a union of blocks, each the product of one list of positions an axis.
 * What windows read are blocks; branches and flattened pictures make unions of them.
 */
import { sameShape } from "../core/array.ts";
import type { Shape } from "../graph/tensor.ts";

/** For each axis positions, ascending: all cells whose position on every axis is in the list. */
export type Block = readonly (readonly number[])[];

/** A union of blocks. They may overlap. */
export type Cells = readonly Block[];

export const upTo = (size: number): number[] => Array.from({ length: size }, (_, i) => i);

export const allCells = (shape: Shape): Cells => [shape.map(upTo)];

/** Positions without repetition, ascending. */
const sorted = (list: Iterable<number>): number[] => [...new Set(list)].sort((a, b) => a - b);

/** The positions that a set takes on one axis. */
export const positionsOn = (cells: Cells, axis: number): number[] => sorted(cells.flatMap((block) => block[axis]));

/** Without cells that lie outside of the shape. */
export function inside(cells: Cells, shape: Shape): Cells {
  const fits = (list: readonly number[], axis: number): boolean =>
    list.length === 0 || (list[0] >= 0 && list[list.length - 1] < shape[axis]);
  if (cells.every((block) => block.every(fits))) return cells;
  const cut = (list: readonly number[], axis: number) => list.filter((p) => p >= 0 && p < shape[axis]);
  return simplified(cells.map((block) => block.map((list, axis) => (fits(list, axis) ? list : cut(list, axis)))));
}

function groupBy<T, K>(list: readonly T[], keyOf: (item: T) => K): Map<K, T[]> {
  const groups = new Map<K, T[]>();
  for (const item of list) {
    const key = keyOf(item);
    const group = groups.get(key);
    if (group) group.push(item);
    else groups.set(key, [item]);
  }
  return groups;
}

const isEmpty = (block: Block): boolean => block.some((list) => list.length === 0);

const within = (a: Block, b: Block): boolean =>
  a.every((list, axis) => {
    const other = b[axis];
    if (list.length > other.length || list[0] < other[0] || list[list.length - 1] > other[other.length - 1])
      return false;
    const known = new Set(other);
    return list.every((p) => known.has(p));
  });

/** The same cells in fewer blocks: those that differ on one axis only are joined, those within others dropped. */
export function simplified(cells: Cells): Cells {
  let blocks = cells.filter((block) => !isEmpty(block));
  for (let before = -1; blocks.length > 1 && blocks.length !== before; ) {
    before = blocks.length;
    for (let axis = 0; axis < blocks[0].length; axis++) {
      const alike = groupBy(blocks, (block) => JSON.stringify(block.toSpliced(axis, 1)));
      blocks = [...alike.values()].map((group) =>
        group.length === 1 ? group[0] : group[0].with(axis, sorted(group.flatMap((block) => block[axis]))),
      );
    }
    blocks = blocks.filter((a, i) => !blocks.some((b, j) => i !== j && within(a, b) && !(j > i && within(b, a))));
  }
  return blocks;
}

export function intersection(a: Cells, b: Cells): Cells {
  const both = (x: readonly number[], y: readonly number[]): readonly number[] => {
    const known = new Set(y);
    return x.filter((p) => known.has(p));
  };
  return simplified(a.flatMap((x) => b.map((y) => x.map((list, axis) => both(list, y[axis])))));
}

/** How many cells there are. */
export function countCells(cells: Cells): number {
  const size = (block: Block): number => block.reduce((n, list) => n * list.length, 1);
  if (cells.length < 2) return cells.reduce((n, block) => n + size(block), 0);
  // Along the first axis the rest is a smaller set.
  const rows = new Map<number, Block[]>();
  for (const [first, ...rest] of cells) for (const p of first) rows.set(p, [...(rows.get(p) ?? []), rest]);
  const counted = new Map<string, number>();
  let total = 0;
  for (const rest of rows.values()) {
    const key = JSON.stringify(rest);
    if (!counted.has(key)) counted.set(key, countCells(simplified(rest)));
    total += counted.get(key) as number;
  }
  return total;
}

/** Blocks for cells that are given one by one: row-major numbers within `shape`, ascending. */
export function blocksOf(numbers: readonly number[], shape: Shape): Cells {
  if (shape.length === 0) return numbers.length > 0 ? [[]] : [];
  if (shape.length === 1) return numbers.length > 0 ? [[numbers]] : [];
  const behind = shape.slice(1).reduce((a, b) => a * b, 1);
  const rows = groupBy(numbers, (n) => Math.floor(n / behind));
  // Rows alike become one block.
  const alike = new Map<string, { readonly rows: number[]; readonly numbers: readonly number[] }>();
  for (const [row, list] of rows) {
    const own = list.map((n) => n % behind);
    const key = own.join();
    const known = alike.get(key);
    if (known) known.rows.push(row);
    else alike.set(key, { rows: [row], numbers: own });
  }
  return [...alike.values()].flatMap((group) =>
    blocksOf(group.numbers, shape.slice(1)).map((rest) => [group.rows, ...rest]),
  );
}

/** Axes of two shapes of equal size, in the smallest groups of equal products: [28, 28, 8] and [784, 8] are two groups. */
function groups(from: Shape, to: Shape): { readonly from: Shape; readonly to: Shape }[] {
  const result: { from: number[]; to: number[] }[] = [];
  let [i, j] = [0, 0];
  while (i < from.length || j < to.length) {
    const group = { from: from.slice(i, i + 1), to: to.slice(j, j + 1) };
    let [a, b] = [from[i++] ?? 1, to[j++] ?? 1];
    while (a !== b) {
      if (a < b) {
        group.from.push(from[i]);
        a *= from[i++];
      } else {
        group.to.push(to[j]);
        b *= to[j++];
      }
    }
    result.push(group);
  }
  return result;
}

/** The same cells, row-major, under another shape. */
export function reshaped(cells: Cells, from: Shape, to: Shape): Cells {
  if (sameShape(from, to)) return cells;
  const parts = groups(from, to);
  return simplified(
    cells.flatMap((block) => {
      let at = 0;
      return parts.reduce<Block[]>(
        (heads, part) => {
          const lists = block.slice(at, at + part.from.length);
          at += part.from.length;
          const numbers = lists.reduce<number[]>(
            (flat, list, axis) => flat.flatMap((n) => list.map((p) => n * part.from[axis] + p)),
            [0],
          );
          const tails = sameShape(part.from, part.to) ? [lists] : blocksOf(numbers, part.to);
          return heads.flatMap((head) => tails.map((tail) => [...head, ...tail]));
        },
        [[]],
      );
    }),
  );
}
