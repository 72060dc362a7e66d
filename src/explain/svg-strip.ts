/**
 * An axis as a drawing: the cells of the input above, with padding where it really is, those of the output below, and a
 * line from every cell that a window reads to the cell that it makes.
 */
import type { AxisExplanation } from "./layer.ts";
import { boxAt, COLOURS, type Panel, textAt } from "./svg-parts.ts";
import { drawn, isCell } from "./words.ts";

/** Pixels. */
const CELL = 24;
const BETWEEN = 76;

/** Cells of a row that are drawn. */
const MOST = 32;

/** What a padded cell is marked with. */
const marks: Readonly<Record<AxisExplanation["beyond"], string>> = {
  zeros: "0",
  ignored: "–",
  "not counted": "–",
  "cut off": "",
  nothing: "",
};

function cellAt(x: number, y: number, text: string, kind: "cell" | "padding" | "unread" | "gap"): string {
  const label = textAt(
    x + CELL / 2,
    y + CELL / 2 + 4,
    text,
    kind === "padding" ? "middle small quiet" : "middle small",
  );
  return kind === "gap" ? label : boxAt(x, y, CELL, CELL, kind) + label;
}

export function stripOf(axis: AxisExplanation): Panel {
  const { columns, rows } = drawn(axis, MOST, MOST);
  const unread = new Set(axis.unread);
  const bottom = CELL + BETWEEN;
  const longest = Math.max(columns.length, rows.length);
  // The shorter row stands in the middle of the longer one.
  const left = (count: number): number => ((longest - count) * CELL) / 2;
  const input = columns.map((p, i) => {
    const x = left(columns.length) + i * CELL;
    if (p === undefined) return cellAt(x, 0, "…", "gap");
    if (!isCell(axis, p)) return cellAt(x, 0, marks[axis.beyond], "padding");
    return cellAt(x, 0, String(p), unread.has(p) ? "unread" : "cell");
  });
  const output = rows.map((i, at) => {
    const x = left(rows.length) + at * CELL;
    return i === undefined ? cellAt(x, bottom, "…", "gap") : cellAt(x, bottom, String(i), "cell");
  });
  const middle = (count: number, at: number): number => left(count) + (at + 0.5) * CELL;
  const lines = rows.flatMap((i, at) =>
    i === undefined
      ? []
      : axis.windows[i]
          .map((p) => columns.indexOf(p))
          .filter((column) => column >= 0)
          .map((column) => {
            const kind = isCell(axis, columns[column] as number) ? "" : " ahead";
            const [x1, x2] = [middle(columns.length, column), middle(rows.length, at)];
            return `<line x1="${x1}" y1="${CELL}" x2="${x2}" y2="${bottom}" class="w${i % COLOURS}${kind}"/>`;
          }),
  );
  return { width: longest * CELL, height: bottom + CELL + 12, content: [...lines, ...input, ...output] };
}
