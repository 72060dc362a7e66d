/** A layer over pictures seen from above: which cells are drawn, which windows stand out, and what reads what. */
import { upTo } from "./cells.ts";
import type { AxisExplanation } from "./layer.ts";
import { drawn, isCell } from "./words.ts";

/** Rows, or columns, of a drawing; `undefined` stands for those left out. */
type Line = readonly (number | undefined)[];

/** Row and column. */
type Place = readonly [row: number, column: number];

/** A drawing in two dimensions. */
export interface Grid {
  /** Rows and columns of the input, padding included. */
  readonly input: readonly [rows: Line, columns: Line];
  /** Rows and columns of the output. */
  readonly output: readonly [rows: Line, columns: Line];
  /** The cells of the output whose windows stand out: the first, one in the middle, the last. */
  readonly chosen: readonly Place[];
  /** The rows and the columns of the input that a cell of the output reads, padding included. */
  readonly window: (of: Place) => readonly [rows: readonly number[], columns: readonly number[]];
  /** Whether a place is a cell of the input, and no padding. */
  readonly isCell: (at: Place) => boolean;
  /** How many windows read a cell of the input. */
  readonly readers: (of: Place) => number;
  /** How many cells of the input a cell of the output reads. */
  readonly reads: (of: Place) => number;
}

/** Up to so many rows and columns are drawn whole; of more, so few. */
const WHOLE = 32;
const FEW = 16;

/** The drawing of a layer with two spatial axes; nothing for another. */
export function gridOf(axes: readonly AxisExplanation[]): Grid | undefined {
  if (axes.length !== 2) return undefined;
  const [rows, columns] = axes.map(sideOf);
  const count = Math.max(rows.chosen.length, columns.chosen.length);
  // The shorter side repeats: a column of windows has one place across.
  const nth = (list: readonly number[], i: number): number =>
    list[Math.floor((i * (list.length - 1)) / Math.max(count - 1, 1))];
  const chosen = upTo(count).map((i): Place => [nth(rows.chosen, i), nth(columns.chosen, i)]);
  return {
    input: [rows.input, columns.input],
    output: [rows.output, columns.output],
    chosen,
    window: ([row, column]) => [axes[0].windows[row], axes[1].windows[column]],
    isCell: ([row, column]) => isCell(axes[0], row) && isCell(axes[1], column),
    readers: ([row, column]) => rows.readers[row] * columns.readers[column],
    reads: ([row, column]) => rows.reads[row] * columns.reads[column],
  };
}

function sideOf(axis: AxisExplanation) {
  const { windows } = axis;
  const isShort = drawn(axis, WHOLE, WHOLE).columns.every((p) => p !== undefined) && windows.length <= WHOLE;
  const most = isShort ? WHOLE : FEW;
  const { columns: input, rows: output } = drawn(axis, most, most);
  const readers = Array.from({ length: axis.input }, () => 0);
  for (const p of windows.flat()) if (isCell(axis, p)) readers[p]++;
  const reads = windows.map((window) => window.filter((p) => isCell(axis, p)).length);
  return { input, output, readers, reads, chosen: chosenOf(axis, input, output) };
}

/** The first window, the one nearest to the middle of those that are drawn whole, and the last. */
function chosenOf({ windows }: AxisExplanation, input: Line, output: Line): readonly number[] {
  const last = windows.length - 1;
  const isWhole = (i: number): boolean => windows[i].every((p) => input.includes(p));
  const [middle = 0] = output
    .filter((i) => i !== undefined)
    .filter((i) => i > 0 && i < last && isWhole(i))
    .sort((a, b) => Math.abs(a - last / 2) - Math.abs(b - last / 2));
  return [...new Set([0, middle, last])];
}
