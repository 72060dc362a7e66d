/**
 * Explanations as a drawing: for each axis the cells of the input above, with padding where it really is, those of the
 * output below, and a line from every cell that a window reads to the cell that it makes.
 */

import type { FieldExplanation } from "./fields.ts";
import type { AxisExplanation, LayerExplanation } from "./layer.ts";
import type { ModelExplanation } from "./model.ts";
import { fieldText, layerTitle, modelTitle } from "./text.ts";
import { alike, drawn, edgeTitle, edgeWords, isCell } from "./words.ts";

/** Pixels. */
const CELL = 24;
const LINE = 18;
const MARGIN = 16;
const BETWEEN = 76;
/** Of the letters, about. */
const LETTER = 8;

/** Neighbouring windows are told apart by colour; all are legible on white and to the colour-blind. */
const colours = ["#0072b2", "#d55e00", "#009e73", "#cc79a7"] as const;

/** A part of the picture: its size, and what is in it from (0, 0) on. */
interface Panel {
  readonly width: number;
  readonly height: number;
  readonly content: readonly string[];
}

const escaped = (text: string): string =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");

const textAt = (x: number, y: number, text: string, more = ""): string =>
  `<text x="${x}" y="${y}"${more}>${escaped(text)}</text>`;

const words = (lines: readonly string[], more = ""): Panel => ({
  width: Math.max(0, ...lines.map((line) => line.length * LETTER)),
  height: lines.length * LINE,
  content: lines.map((line, i) => textAt(0, (i + 1) * LINE - 5, line, more)),
});

function cellAt(x: number, y: number, text: string, kind: "cell" | "padding" | "unread" | "gap"): string {
  const label = textAt(x + CELL / 2, y + CELL / 2 + 4, text, ' class="middle"');
  return kind === "gap" ? label : `<rect x="${x}" y="${y}" width="${CELL}" height="${CELL}" class="${kind}"/>${label}`;
}

/** What a padded cell is marked with. */
const paddingMarks: Readonly<Record<AxisExplanation["beyond"], string>> = {
  zeros: "0",
  ignored: "–",
  "not counted": "–",
  "cut off": "",
  nothing: "",
};

function axisPanel(names: string, axis: AxisExplanation): Panel {
  const { columns, rows } = drawn(axis, 32);
  const unread = new Set(axis.unread);
  const title = words([
    `${names}: ${axis.input} → ${axis.output}`,
    axis.formula,
    `${edgeTitle(axis)}: ${edgeWords(axis)}`,
  ]);
  const top = title.height + 8;
  const bottom = top + CELL + BETWEEN;
  // The shorter row stands in the middle of the longer one.
  const left = (count: number): number => ((Math.max(columns.length, rows.length) - count) * CELL) / 2;
  const input = columns.map((p, i) => {
    const x = left(columns.length) + i * CELL;
    if (p === undefined) return cellAt(x, top, "…", "gap");
    if (!isCell(axis, p)) return cellAt(x, top, paddingMarks[axis.beyond], "padding");
    return cellAt(x, top, String(p), unread.has(p) ? "unread" : "cell");
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
            const dashes = isCell(axis, columns[column] as number) ? "" : ' stroke-dasharray="3 3"';
            const [x1, x2] = [middle(columns.length, column), middle(rows.length, at)];
            return `<line x1="${x1}" y1="${top + CELL}" x2="${x2}" y2="${bottom}" stroke="${colours[i % colours.length]}"${dashes}/>`;
          }),
  );
  return {
    width: Math.max(title.width, Math.max(columns.length, rows.length) * CELL),
    height: bottom + CELL + 12,
    content: [...title.content, ...lines, ...input, ...output],
  };
}

const fieldPanel = (field: FieldExplanation): Panel => words(fieldText(field), ' class="mono"');

const layerPanels = (layer: LayerExplanation): Panel[] => [
  words([layerTitle(layer)], ' class="title"'),
  ...alike(layer.axes).map(({ names, axis }) => axisPanel(names, axis)),
  ...layer.fields.map(fieldPanel),
];

/** Panels one below the other. */
function stacked(panels: readonly Panel[], label: string): string {
  const width = Math.ceil(Math.max(...panels.map((panel) => panel.width)) + 2 * MARGIN);
  let y = MARGIN;
  const parts = panels.map((panel) => {
    const part = `<g transform="translate(${MARGIN} ${y})">${panel.content.join("")}</g>`;
    y += panel.height + 8;
    return part;
  });
  const style =
    "text{font:13px system-ui,sans-serif;fill:#222}.title{font-weight:600}.middle{text-anchor:middle;font-size:11px}" +
    ".mono{font:12px ui-monospace,monospace;white-space:pre}.cell{fill:#fff;stroke:#444}" +
    ".padding{fill:#f2f2f2;stroke:#888;stroke-dasharray:3 3}.unread{fill:#ddd;stroke:#444}";
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${y + MARGIN}" viewBox="0 0 ${width} ${y + MARGIN}" role="img" aria-label="${escaped(label)}">`,
    `<style>${style}</style>`,
    `<rect width="100%" height="100%" fill="#fff"/>`,
    ...parts,
    "</svg>",
  ].join("\n");
}

export const layerSvg = (layer: LayerExplanation): string => stacked(layerPanels(layer), layerTitle(layer));

export const modelSvg = (model: ModelExplanation): string =>
  stacked(
    [
      words([modelTitle(model), ...(model.mirror ? [model.mirror.advice] : [])], ' class="title"'),
      ...model.layers.flatMap(layerPanels),
      ...model.fields.map(fieldPanel),
    ],
    modelTitle(model),
  );
