/**
 * A layer over pictures as a drawing in two dimensions: the cells of the input with padding where it really is, beside them
 * those of the output, and three of the windows in colour. A number says how many windows read a cell of the input, and how
 * many cells of the input a cell of the output reads.
 */
import { type Grid, gridOf } from "./grid.ts";
import type { AxisExplanation } from "./layer.ts";
import { boxAt, DASHES, legend, type Panel, squaresAt, textAt } from "./svg-parts.ts";

/** Pixels. Cells are multiples of DASHES, so that the dashes of neighbours fall together. */
const LEAST_CELL = 20;
const MOST_CELL = 28;
const WIDTH = 420;
const BETWEEN = 56;
/** For the numbers of rows and columns, and what the picture is called. */
const SIDE = 24;
const TOP = 40;

type Line = Grid["input"][number];
type Corner = readonly [x: number, y: number];

/** A picture of cells: with what stands in each, and which of them belong to which window. */
interface Sheet {
  readonly title: string;
  readonly lines: readonly [rows: Line, columns: Line];
  readonly kind: (row: number, column: number) => "cell" | "padding" | "unread";
  readonly number: (row: number, column: number) => number;
  /** Rows and columns of each window. */
  readonly windows: readonly (readonly [rows: readonly number[], columns: readonly number[]])[];
}

function sheetPanel({ title, lines: [rows, columns], kind, number, windows }: Sheet, cell: number): Panel {
  const x = (i: number): number => SIDE + i * cell;
  const y = (i: number): number => TOP + i * cell;
  const centre = (place: number): number => place + cell / 2;
  const ticks = (line: Line, draw: (i: number, text: string) => string): string[] =>
    line.flatMap((p, i) => (p === undefined ? [] : [draw(i, String(p))]));
  // In the order in which they are drawn: the edge of the picture lies over that of the padding.
  const kinds = { padding: [] as Corner[], cell: [] as Corner[], unread: [] as Corner[] };
  const read = windows.map((): Corner[] => []);
  const numbers = rows.map((row, r) => {
    const own = columns.map((column, c) => {
      const tspan = (text: string, kind = ""): string => `<tspan x="${centre(x(c))}"${kind}>${text}</tspan>`;
      if (row === undefined || column === undefined) return tspan("…");
      const [corner, what] = [[x(c), y(r)] as const, kind(row, column)];
      kinds[what].push(corner);
      windows.forEach(([inRows, inColumns], i) => {
        if (inRows.includes(row) && inColumns.includes(column)) read[i].push(corner);
      });
      // A number of four digits has no room.
      const count = number(row, column);
      if (what === "padding" || count > 999) return "";
      return tspan(`${count}`, count > 99 ? ' class="tiny"' : "");
    });
    return `<text y="${centre(y(r)) + 4}" class="middle ${cell < 24 ? "tiny" : "small"}">${own.join("")}</text>`;
  });
  const outlines = windows.flatMap(([inRows, inColumns], i) => {
    const [top, bottom] = extent(rows, inRows);
    const [left, right] = extent(columns, inColumns);
    if (top < 0 || left < 0) return [];
    return [boxAt(x(left), y(top), (right - left + 1) * cell, (bottom - top + 1) * cell, `window w${i}`)];
  });
  return {
    width: x(columns.length),
    height: y(rows.length),
    content: [
      textAt(SIDE, 13, title, "title"),
      ...ticks(columns, (i, text) => textAt(centre(x(i)), TOP - 5, text, "middle tiny quiet")),
      ...ticks(rows, (i, text) => textAt(SIDE - 5, centre(y(i)) + 3, text, "end tiny quiet")),
      ...Object.entries(kinds).flatMap(([what, corners]) => squaresAt(corners, cell, what)),
      ...read.flatMap((corners, i) => squaresAt(corners, cell, `read f${i}`)),
      ...outlines,
      ...numbers,
    ],
  };
}

/** Where the first and the last of some positions are drawn; -1 when none is. */
function extent(line: Line, positions: readonly number[]): readonly [first: number, last: number] {
  const places = line.flatMap((p, i) => (p !== undefined && positions.includes(p) ? [i] : []));
  return [places[0] ?? -1, places[places.length - 1] ?? -1];
}

/** Nothing for layers with one or three spatial axes. */
export function gridPanels(axes: readonly AxisExplanation[]): Panel[] {
  const grid = gridOf(axes);
  if (grid === undefined) return [];
  const longest = Math.max(...[...grid.input, ...grid.output].map((line) => line.length));
  const fitting = Math.floor(WIDTH / longest / DASHES) * DASHES;
  const cell = Math.min(MOST_CELL, Math.max(LEAST_CELL, fitting));
  const input: Sheet = {
    title: `input ${axes.map((axis) => axis.input).join(" × ")}`,
    lines: grid.input,
    kind: (row, column) => {
      if (!grid.isCell([row, column])) return "padding";
      return grid.readers([row, column]) === 0 ? "unread" : "cell";
    },
    number: (row, column) => grid.readers([row, column]),
    windows: grid.chosen.map((place) => grid.window(place)),
  };
  const output: Sheet = {
    title: `output ${axes.map((axis) => axis.windows.length).join(" × ")}`,
    lines: grid.output,
    kind: () => "cell",
    number: (row, column) => grid.reads([row, column]),
    windows: grid.chosen.map(([row, column]) => [[row], [column]]),
  };
  const isPadded = grid.input[0].some((row) => grid.input[1].some((column) => beyond(grid, row, column)));
  const names = grid.chosen.map((place, i): [string[], string] => [
    ["cell", `read f${i}`, `window w${i}`],
    `the window of cell ${place.join(", ")} of the output`,
  ]);
  return [
    beside(sheetPanel(input, cell), sheetPanel(output, cell)),
    legend([
      ...names,
      ...(isPadded ? [[["padding"], "padding"] as const] : []),
      ...(axes.some(({ unread }) => unread.length > 0) ? [[["unread"], "cells that no window reads"] as const] : []),
      [[], "In a cell of the input: how many windows read it. In a cell of the output: how many cells it reads."],
    ]),
  ];
}

const beyond = (grid: Grid, row: number | undefined, column: number | undefined): boolean =>
  row !== undefined && column !== undefined && !grid.isCell([row, column]);

/** Two panels in a row, their middles at one height. */
function beside(a: Panel, b: Panel): Panel {
  const left = a.width + BETWEEN;
  return {
    width: left + b.width,
    height: Math.max(a.height, b.height) + 10,
    content: [...a.content, `<g transform="translate(${left} 0)">${b.content.join("")}</g>`],
  };
}
