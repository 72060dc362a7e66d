/** What drawings of explanations are put together from: panels of text and cells, in colours for light and dark pages. */

/** A part of a drawing: its size in pixels, and what is in it from (0, 0) on. */
export interface Panel {
  readonly width: number;
  readonly height: number;
  readonly content: readonly string[];
}

/** Pixels. */
const LINE = 18;
const MARGIN = 16;
const BETWEEN = 8;
/** Of the letters, about. */
const LETTER = 7.5;

export const escaped = (text: string): string =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");

/** @param kind - classes of the style sheet. */
export const textAt = (x: number, y: number, text: string, kind = ""): string =>
  `<text x="${x}" y="${y}"${kind === "" ? "" : ` class="${kind}"`}>${escaped(text)}</text>`;

/** @param kind - classes of the style sheet. */
export const boxAt = (x: number, y: number, width: number, height: number, kind: string): string =>
  `<rect x="${x}" y="${y}" width="${width}" height="${height}" class="${kind}"/>`;

/** Many squares at once, by their corners. @param kind - classes of the style sheet. */
export const squaresAt = (
  corners: readonly (readonly [x: number, y: number])[],
  side: number,
  kind: string,
): string[] =>
  corners.length === 0
    ? []
    : [`<path class="${kind}" d="${corners.map(([x, y]) => `M${x} ${y}h${side}v${side}h-${side}z`).join("")}"/>`];

export const words = (lines: readonly string[], kind = ""): Panel => ({
  width: Math.max(0, ...lines.map((line) => line.length * LETTER)),
  height: lines.length * LINE,
  content: lines.map((line, i) => textAt(0, (i + 1) * LINE - 5, line, kind)),
});

/** Lines of text, each behind a small box that shows what it is about. */
export function legend(entries: readonly (readonly [kinds: readonly string[], words: string])[]): Panel {
  const { width, height, content } = words(entries.map(([, text]) => text));
  const boxes = entries.flatMap(([kinds], i) => kinds.map((kind) => boxAt(0, i * LINE + 3, 12, 12, kind)));
  return { width: width + 20, height, content: [...boxes, `<g transform="translate(20 0)">${content.join("")}</g>`] };
}

/** Pixels from dash to dash of the edges of padding. The side of a cell is a multiple, and every corner the middle of a dash. */
export const DASHES = 4;

/** How many windows are told apart by colour; all colours are told apart by the colour-blind. */
export const COLOURS = 4;

const light = {
  paper: "#ffffff",
  ink: "#1f2328",
  quiet: "#59636e",
  line: "#8c959f",
  unread: "#d1d9e0",
  padding: "#f3f5f7",
  windows: ["#0072b2", "#d55e00", "#009e73", "#cc79a7"],
};
const dark: typeof light = {
  paper: "#0d1117",
  ink: "#e6edf3",
  quiet: "#9198a1",
  line: "#6e7681",
  unread: "#3d444d",
  padding: "#161b22",
  windows: ["#56b4e9", "#e69f00", "#2fbf8f", "#e39ec4"],
};

const coloured = ({ paper, ink, quiet, line, unread, padding, windows }: typeof light): string =>
  `.paper,.cell{fill:${paper}}text{fill:${ink}}.quiet{fill:${quiet}}.cell,.padding,.unread{stroke:${line}}.unread{fill:${unread}}.padding{fill:${padding}}` +
  windows.map((colour, i) => `.w${i}{stroke:${colour}}.f${i}{fill:${colour}}`).join("");

const style =
  "text{font:13px system-ui,sans-serif}.title{font-weight:600}.middle{text-anchor:middle}.end{text-anchor:end}" +
  ".small{font-size:11px}.tiny{font-size:9px}.mono{font:12px ui-monospace,monospace;white-space:pre}" +
  `.padding{stroke-dasharray:${DASHES / 2} ${DASHES / 2};stroke-dashoffset:${DASHES / 4}}` +
  ".window{fill:none;stroke-width:2.5}.ahead{stroke-dasharray:3 3}" +
  `.read{fill-opacity:.3}${coloured(light)}@media(prefers-color-scheme:dark){${coloured(dark)}}`;

/** Panels one below the other, on paper. @param label - says what is drawn to those who do not see it. */
export function stacked(panels: readonly Panel[], label: string): string {
  const width = Math.ceil(Math.max(...panels.map((panel) => panel.width)) + 2 * MARGIN);
  let y = MARGIN;
  const parts = panels.map((panel) => {
    const part = `<g transform="translate(${MARGIN} ${y})">${panel.content.join("")}</g>`;
    y += panel.height + BETWEEN;
    return part;
  });
  const height = y + MARGIN - BETWEEN;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" aria-label="${escaped(label)}">`,
    `<style>${style}</style>`,
    '<rect width="100%" height="100%" class="paper"/>',
    ...parts,
    "</svg>",
  ].join("\n");
}
