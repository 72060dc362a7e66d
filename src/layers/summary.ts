/** The table that `summary()` prints, character for character as Keras has it. */
import { sizeOf } from "../core/array.ts";
import { argumentError } from "../core/errors.ts";
import { type OpenTensor, Tensor, type Variable } from "../graph/tensor.ts";
import { InputLayer } from "./input.ts";
import type { Layer } from "./layer.ts";
import { Network } from "./network.ts";
import { classNameOf } from "./network-names.ts";
import type { NetworkNode, Operation } from "./network-nodes.ts";

export interface SummaryTextOptions {
  /** The model's name. */
  readonly name: string;
  /** Width of the table in characters. Without it as wide as needed and as fits into `columns`. */
  readonly lineLength?: number;
  /** Width of the terminal; default 80. */
  readonly columns?: number;
  /** Elements of all variables of the optimizer, once it has them: the step counter (8 bytes) and others (4 bytes). */
  readonly optimizerParams?: number;
  /** Adds a column: Y, N, or - for layers without weights. */
  readonly showTrainable?: boolean;
  /** Adds the layers of models inside, one step to the right. */
  readonly expandNested?: boolean;
}

interface Column {
  readonly title: string;
  readonly align: "left" | "right" | "center";
}

/** A model inside a model shows its layers. */
interface Nested {
  readonly layers: readonly Layer[];
}

const isNested = (operation: Operation): operation is Layer & Nested =>
  "layers" in operation && Array.isArray(operation.layers);

/** The summary of a network, or of layers that stand in a row. */
export function summaryText(content: Network | readonly Layer[], options: SummaryTextOptions): string {
  const network = content instanceof Network ? content : undefined;
  const isLinear = network === undefined || standsInARow(network);
  const columns: Column[] = [
    { title: "Layer (type)", align: "left" },
    { title: "Output Shape", align: "left" },
    { title: "Param #", align: "right" },
  ];
  if (!isLinear) columns.push({ title: "Connected to", align: "left" });
  if (options.showTrainable) columns.push({ title: "Trainable", align: "center" });

  const rows: string[][] = [];
  const addRows = (operations: readonly Operation[], within: Network | undefined, level: number): void => {
    for (const operation of operations) {
      const nodes = within?.nodes.filter((node) => node.operation === operation);
      const indent = level === 0 ? "" : `${" ".repeat(3 * level)}└ `;
      const name = within?.nameOf(operation) ?? (operation as Layer).name;
      const row = [`${indent}${name} (${classNameOf(operation)})`, shapeText(operation, nodes), paramText(operation)];
      if (!isLinear) row.push(level === 0 ? connections(network as Network, nodes ?? []) : "-");
      if (options.showTrainable) row.push(trainableText(operation));
      rows.push(row);
      if (options.expandNested && isNested(operation)) addRows(operation.layers, undefined, level + 1);
    }
  };
  addRows(network?.operations ?? (content as readonly Layer[]), network, 0);

  const widest = (isLinear ? 88 : 108) + (options.showTrainable ? 12 : 0);
  const length = options.lineLength ?? Math.min(widest, (options.columns ?? 80) - 4);
  const widths = columnWidths(length, isLinear, options.showTrainable ?? false);
  const weights = network?.weights ?? [...new Set((content as readonly Layer[]).flatMap((layer) => layer.weights))];
  return [
    `Model: "${options.name}"`,
    ...table(columns, rows, widths),
    ...totals(weights, options.optimizerParams),
    "",
  ].join("\n");
}

/** Whether every node follows from the one before it, and no layer stands twice. */
function standsInARow({ nodes }: Network): boolean {
  return (
    new Set(nodes.map((node) => node.depth)).size === nodes.length &&
    new Set(nodes.map((node) => node.operation)).size === nodes.length &&
    nodes.every((node) => node.inputs.length <= 1)
  );
}

// ---- cells --------------------------------------------------------------------------------------------------------

const textOf = ({ shape }: OpenTensor): string => `(${["None", ...shape.map((size) => size ?? "None")].join(", ")})`;

/** The shapes that the last run gave. */
function shapeText(operation: Operation, nodes: readonly NetworkNode[] | undefined): string {
  const runs = nodes ?? (operation as Layer).calls;
  const last = runs[runs.length - 1];
  if (last === undefined) return "?";
  const shapes = last.outputs.map(textOf);
  return shapes.length === 1 ? shapes[0] : `[${shapes.join(", ")}]`;
}

function paramText(operation: Operation): string {
  if (operation instanceof Tensor) return "0";
  const isBuilt =
    operation instanceof InputLayer || operation.builtShapes !== undefined || operation.weights.length > 0;
  return isBuilt ? thousands(operation.countParams()) : "0 (unbuilt)";
}

function trainableText(operation: Operation): string {
  if (operation instanceof Tensor || operation.weights.length === 0) return "-";
  return operation.trainable ? "Y" : "N";
}

function connections(network: Network, nodes: readonly NetworkNode[]): string {
  const from = nodes.flatMap((node) => node.inputs).map((t) => network.historyOf(t));
  return from.map((h) => (h ? `${h.name}[${h.node}][${h.output}]` : "?")).join(", ") || "-";
}

export const thousands = (n: number): string => String(n).replace(/\B(?=(\d{3})+$)/g, ",");

// ---- totals -------------------------------------------------------------------------------------------------------

function totals(weights: readonly Variable[], optimizerParams: number | undefined): string[] {
  const count = (list: readonly Variable[]): number => list.reduce((n, w) => n + sizeOf(w.shape), 0);
  const trainable = count(weights.filter((w) => w.trainable));
  const all = count(weights);
  // Of the optimizer's numbers one, the step counter, has eight bytes.
  const optimizer = optimizerParams ?? 0;
  const optimizerBytes = optimizer === 0 ? 0 : 4 * optimizer + 4;
  const line = (what: string, n: number, bytes = 4 * n): string => ` ${what}: ${thousands(n)} (${memory(bytes)})`;
  const lines = [
    line("Total params", all + optimizer, 4 * all + optimizerBytes),
    line("Trainable params", trainable),
    line("Non-trainable params", all - trainable),
  ];
  if (optimizer > 0) lines.push(line("Optimizer params", optimizer, optimizerBytes));
  return lines;
}

/** Bytes as `17.13 KB`, rounded half to even as Python does. */
export function memory(bytes: number): string {
  const units = ["B", "KB", "MB", "GB", "TB", "PB"];
  let size = bytes;
  let unit = 0;
  while (size >= 1024 && unit < units.length - 1) {
    size /= 1024;
    unit++;
  }
  const hundredths = size * 100;
  const below = Math.floor(hundredths);
  const isTie = hundredths - below === 0.5;
  const rounded = isTie ? below + (below % 2) : Math.round(hundredths);
  return `${(rounded / 100).toFixed(2)} ${units[unit]}`;
}

// ---- the table ----------------------------------------------------------------------------------------------------

/** Widths of the cells with one blank on each side, as the table printer that Keras uses (rich) shares out the line. */
function columnWidths(lineLength: number, isLinear: boolean, showTrainable: boolean): number[] {
  let edges = isLinear ? [0.45, 0.8, 1] : [0.3, 0.56, 0.74, 1];
  if (showTrainable) edges = [...edges.map((edge) => edge * 0.9), 1];
  const ends = edges.map((edge) => Math.floor(edge * lineLength));
  // Blanks and lines do not fit into what Keras asks for. Every column gives up the same, halves rounded to even.
  let excess = 3 * edges.length + 1;
  return ends.map((end, i) => {
    const asked = end - (ends[i - 1] ?? 0);
    if (asked < 4) {
      throw argumentError({
        where: "summary",
        argument: "lineLength",
        value: lineLength,
        expected: "room for every column: about 40 characters",
      });
    }
    const share = excess / (edges.length - i);
    const given = share % 1 === 0.5 ? Math.floor(share) + (Math.floor(share) % 2) : Math.round(share);
    excess -= given;
    return asked + 2 - given;
  });
}

function table(columns: readonly Column[], rows: readonly (readonly string[])[], widths: readonly number[]): string[] {
  const rule = (left: string, line: string, cross: string, right: string): string =>
    left + widths.map((width) => line.repeat(width)).join(cross) + right;
  const lines = (cells: readonly string[], bar: string): string[] => {
    const wrapped = cells.map((cell, i) => wrap(cell, widths[i] - 2));
    const height = Math.max(...wrapped.map((cell) => cell.length));
    return Array.from({ length: height }, (_, k) => {
      const parts = wrapped.map((cell, i) => ` ${align(cell[k] ?? "", widths[i] - 2, columns[i].align)} `);
      return bar + parts.join(bar) + bar;
    });
  };
  return [
    rule("┏", "━", "┳", "┓"),
    ...lines(
      columns.map((column) => column.title),
      "┃",
    ),
    rule("┡", "━", "╇", "┩"),
    ...rows.flatMap((row, i) => [...(i > 0 ? [rule("├", "─", "┼", "┤")] : []), ...lines(row, "│")]),
    rule("└", "─", "┴", "┘"),
  ];
}

/** Breaks at blanks; a word that is too long for a line is cut. */
function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const [word] of text.matchAll(/\s*\S+\s*/g)) {
    if (line !== "" && line.length + word.trimEnd().length > width) {
      lines.push(line);
      line = "";
    }
    line += word;
  }
  lines.push(line);
  return lines.map((l) => l.trimEnd()).map((l) => (l.length > width ? `${l.slice(0, width - 1)}…` : l));
}

function align(text: string, width: number, how: Column["align"]): string {
  const room = width - text.length;
  if (how === "right") return " ".repeat(room) + text;
  const before = how === "center" ? Math.floor(room / 2) : 0;
  return " ".repeat(before) + text + " ".repeat(room - before);
}
