/** Explanations as text for a terminal. */
import { memory, thousands } from "../layers/summary.ts";
import type { Cost } from "./cost.ts";
import type { AxisExplanation, LayerExplanation } from "./layer.ts";
import { alike, axisFacts, drawn, flowWords, isCell } from "./words.ts";

/** Every window as a row: ■ a cell that it reads, □ padding that it reads, · a cell that it does not. */
export function drawing(axis: AxisExplanation): string[] {
  const { columns, rows } = drawn(axis);
  const width = String(axis.input - 1).length;
  const label = String(axis.windows.length - 1).length;
  const line = (name: string, cells: readonly string[]): string =>
    `${name.padStart(label)}  ${cells.map((cell) => cell.padStart(width)).join(" ")}`.trimEnd();
  const header = columns.map((p) => (p === undefined ? "…" : isCell(axis, p) ? String(p) : "p"));
  const mark = (read: ReadonlySet<number>, p: number | undefined): string => {
    if (p === undefined) return "…";
    if (!read.has(p)) return isCell(axis, p) ? "·" : "";
    return isCell(axis, p) ? "■" : "□";
  };
  return [
    line("", header),
    ...rows.map((i) => {
      if (i === undefined) return line("…", []);
      const read = new Set(axis.windows[i]);
      return line(
        String(i),
        columns.map((p) => mark(read, p)),
      );
    }),
  ];
}

const indented = (lines: readonly string[], by: number): string[] =>
  lines.map((line) => (line === "" ? "" : " ".repeat(by) + line));

/** `multiply-adds 1,728; parameters 112 (448.00 B); output 256.00 B a sample`. */
export const costWords = ({ multiplyAdds, parameters, weightBytes, outputBytes }: Cost): string =>
  `multiply-adds ${thousands(multiplyAdds)}; parameters ${thousands(parameters)} (${memory(weightBytes)}); ` +
  `output ${memory(outputBytes)} a sample`;

export const layerTitle = ({ name, className, inputs, outputs }: LayerExplanation): string =>
  `${name} (${className}): ${flowWords(inputs, outputs)}`;

export function layerText(layer: LayerExplanation): string[] {
  const lines = [layerTitle(layer), `  ${costWords(layer.cost)}`];
  for (const { names, axis } of alike(layer.axes)) {
    lines.push(`  ${names}: ${axis.input} → ${axis.output}`);
    lines.push(...axisFacts(axis).map(([title, words]) => `    ${title.padEnd(8)}${words}`));
    lines.push("", ...indented(drawing(axis), 6), "");
  }
  return lines;
}
