/** Explanations as text for a terminal. */
import { sizeOf } from "../core/array.ts";
import { memory, thousands } from "../layers/summary.ts";
import { upTo } from "./cells.ts";
import type { Cost } from "./cost.ts";
import type { FieldExplanation, FieldStep } from "./fields.ts";
import { gridOf } from "./grid.ts";
import type { AxisExplanation, LayerExplanation } from "./layer.ts";
import type { ModelExplanation } from "./model.ts";
import { alike, axisFacts, drawn, elided, flowWords, isCell, ranges } from "./words.ts";

/** Every window as a row: ■ a cell that it reads, □ padding that it reads, · a cell that it does not. */
export function drawing(axis: AxisExplanation): string[] {
  const { columns, rows } = drawn(axis, 12, 32);
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

/**
 * A layer over pictures seen from above, with three of its windows, and what the letters mean. Nothing for layers with one
 * or three spatial axes.
 */
export function gridText(axes: readonly AxisExplanation[]): string[] {
  const grid = gridOf(axes);
  if (grid === undefined) return [];
  const windows = grid.chosen.map((place) => grid.window(place));
  const markOf = (row: number, column: number): string => {
    const letters = windows.flatMap(([rows, columns], i) =>
      rows.includes(row) && columns.includes(column) ? ["abc"[i]] : [],
    );
    const mark = letters.length > 1 ? "+" : letters[0];
    if (grid.isCell([row, column])) return mark ?? (grid.readers([row, column]) === 0 ? "x" : "·");
    return mark?.toUpperCase() ?? "□";
  };
  const [rows, columns] = grid.input;
  const lines = rows.map((row) =>
    columns.map((column) => (row === undefined || column === undefined ? "…" : markOf(row, column))).join(" "),
  );
  const drawing = lines.join("\n");
  const legend: readonly (readonly [mark: RegExp, words: string])[] = [
    [/\+/, "+ several of these"],
    [/[ABC]/, "capitals: padding that they read"],
    [/□/, "□ other padding"],
    [/x/, "x cells that no window reads"],
  ];
  const names = grid.chosen.map((place, i) => `${"abc"[i]} of [${place.join(", ")}]`);
  const used = legend.flatMap(([mark, words]) => (mark.test(drawing) ? [words] : []));
  return [...lines, "", [`Windows: ${names.join(", ")}`, ...used].join("; ")];
}

const indented = (lines: readonly string[], by: number): string[] =>
  lines.map((line) => (line === "" ? "" : " ".repeat(by) + line));

/** `multiply-adds 1,728; parameters 112 (448.00 B); output 256.00 B a sample`. */
export const costWords = ({ multiplyAdds, parameters, weightBytes, outputBytes }: Cost): string =>
  `multiply-adds ${thousands(multiplyAdds)}; parameters ${thousands(parameters)} (${memory(weightBytes)}); ` +
  `output ${memory(outputBytes)} a sample`;

/** What a cell depends on, or has a say in: for each tensor positions on its axes; and pictures of the ends. */
export function fieldText({ of, start, steps, picture }: FieldExplanation): string[] {
  const show = ({ shape, axes }: FieldStep): string =>
    `[${axes.map((list, axis) => (list.length === shape[axis] ? "all" : ranges(list))).join("; ")}]`;
  const names = Math.max(0, ...steps.map(({ name }) => name.length));
  const places = Math.max(0, ...steps.map((step) => show(step).length));
  const ends = steps.filter(({ isEnd }) => isEnd);
  return [
    `cell ${show(start)} of ${start.name} ${of === "output" ? "depends on" : "has a say in"}`,
    ...steps.map((step) => {
      const cells = `${thousands(step.count)} of ${thousands(sizeOf(step.shape))}`;
      return `  ${step.name.padEnd(names)}  ${show(step).padEnd(places)}  ${cells}`;
    }),
    ...(steps.length === 0 ? ["  nothing"] : []),
    ...ends.flatMap((end) => {
      const map = fieldMap(end, picture);
      if (map.length === 0) return [];
      return ["", ...(ends.length > 1 ? [`    ${end.name}`] : []), ...indented(map, 4)];
    }),
  ];
}

/** A picture: ■ for cells with a channel in the field. Nothing for a tensor that is no picture. */
function fieldMap({ shape, blocks }: FieldStep, [rowAxis, columnAxis]: readonly number[]): string[] {
  if (shape.length !== 3) return [];
  const has = (row: number, column: number): boolean =>
    blocks.some((block) => block[rowAxis].includes(row) && block[columnAxis].includes(column));
  const columns = elided(upTo(shape[columnAxis]), 40);
  return elided(upTo(shape[rowAxis]), 40).map((row) => {
    if (row === undefined) return "…";
    return columns.map((column) => (column === undefined ? "…" : has(row, column) ? "■" : "·")).join(" ");
  });
}

export const layerTitle = ({ name, className, inputs, outputs }: LayerExplanation): string =>
  `${name} (${className}): ${flowWords(inputs, outputs)}`;

export function layerText(layer: LayerExplanation): string[] {
  const lines = [layerTitle(layer), `  ${costWords(layer.cost)}`];
  for (const { names, axis } of alike(layer.axes)) {
    lines.push(`  ${names}: ${axis.input} → ${axis.output}`);
    lines.push(...axisFacts(axis).map(([title, words]) => `    ${title.padEnd(8)}${words}`));
    lines.push("", ...indented(drawing(axis), 6), "");
  }
  for (const field of layer.fields) lines.push(...fieldText(field), "");
  return lines;
}

export const modelTitle = ({ name, inputs, outputs }: ModelExplanation): string =>
  `model ${JSON.stringify(name)}: ${flowWords(inputs, outputs)}`;

export function modelText(model: ModelExplanation): string[] {
  return [
    modelTitle(model),
    `  ${costWords(model.cost)}`,
    ...(model.mirror === undefined ? [] : [`  to restore its sizes: ${model.mirror.advice}`]),
    "",
    ...model.layers.flatMap((layer) => [...layerText(layer), ...(layer.axes.length === 0 ? [""] : [])]),
    ...model.fields.flatMap((field) => [...fieldText(field), ""]),
  ];
}
