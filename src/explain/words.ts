/** The words and numbers that text, Markdown and SVG have in common. */
import { sameShape, showShape } from "../core/array.ts";
import type { Beyond } from "../core/shape.ts";
import type { Shape } from "../graph/tensor.ts";
import type { AxisExplanation } from "./layer.ts";

const beyondWords: Readonly<Record<Beyond, string>> = {
  zeros: ", zeros",
  ignored: ", ignored: it is never the maximum",
  "not counted": ", not counted: the mean divides by the cells that are there",
  "cut off": "",
  nothing: "",
};

/** `0 before, 1 after, ignored: …`, or `none`. */
export const edgeWords = ({ before, after, beyond }: AxisExplanation): string =>
  before + after === 0 ? "none" : `${before} before, ${after} after${beyondWords[beyond]}`;

/** What the ends of an axis are called. */
export const edgeTitle = ({ beyond }: AxisExplanation): string => (beyond === "cut off" ? "cut off" : "padding");

/** `0, 3–7`, with even steps `2, 4 … 222`; `none`. */
export function ranges(list: readonly number[]): string {
  const parts: string[] = [];
  for (let i = 0; i < list.length; ) {
    const step = list[i + 1] - list[i];
    let j = i;
    while (list[j + 1] - list[j] === step) j++;
    const isLong = j - i >= (step === 1 ? 2 : 4);
    if (isLong) parts.push(step === 1 ? `${list[i]}–${list[j]}` : `${list[i]}, ${list[i + 1]} … ${list[j]}`);
    else parts.push(`${list[i]}`);
    i = isLong ? j + 1 : i + 1;
  }
  return parts.join(", ") || "none";
}

/** What is told of an axis, line by line: a title and words. */
export function axisFacts(axis: AxisExplanation): [title: string, words: string][] {
  const facts: [string, string][] = [["size", axis.formula]];
  facts.push([edgeTitle(axis), edgeWords(axis)]);
  if (axis.beyondFormula !== undefined) facts.push(["", axis.beyondFormula]);
  facts.push(["unread", axis.unread.length === 0 ? "none" : `${ranges(axis.unread)}: no window reads there`]);
  facts.push(["shared", axis.shared.length === 0 ? "none" : `${ranges(axis.shared)}: several windows read there`]);
  if (axis.empty.length > 0) facts.push(["empty", `${ranges(axis.empty)}: cells of the output that read no cell`]);
  return facts;
}

/** Axes that are explained alike stand together: `height, width`. */
export function alike(axes: readonly AxisExplanation[]): { readonly names: string; readonly axis: AxisExplanation }[] {
  const told = new Map<string, AxisExplanation[]>();
  for (const axis of axes) {
    const { name: _, axis: __, ...facts } = axis;
    const key = JSON.stringify(facts);
    told.set(key, [...(told.get(key) ?? []), axis]);
  }
  return [...told.values()].map((group) => ({ names: group.map(({ name }) => name).join(", "), axis: group[0] }));
}

/** `(None, 28, 28, 1) → (None, 14, 14, 1)`. */
export const flowWords = (inputs: readonly Shape[], outputs: readonly Shape[]): string => {
  const show = (shapes: readonly Shape[]): string => shapes.map((shape) => showShape(shape, true)).join(", ");
  const isSame = inputs.length === outputs.length && inputs.every((shape, i) => sameShape(shape, outputs[i]));
  return isSame ? show(outputs) : `${show(inputs)} → ${show(outputs)}`;
};

/** A list cut to `most` entries: the first ones, nothing, the last ones. */
export function elided<T>(list: readonly T[], most: number): (T | undefined)[] {
  if (list.length <= most) return [...list];
  const half = Math.floor(most / 2);
  return [...list.slice(0, half), undefined, ...list.slice(list.length - half)];
}

/**
 * A drawing of windows: its columns are positions of the input, padding included, its rows the windows. Of each at most so
 * many are shown; `undefined` stands for those left out.
 */
export function drawn(axis: AxisExplanation, mostRows: number, mostColumns: number) {
  const { input, windows } = axis;
  const places = windows.flat();
  const first = places.reduce((a, b) => Math.min(a, b), 0);
  const last = places.reduce((a, b) => Math.max(a, b), input - 1);
  const columns = Array.from({ length: last - first + 1 }, (_, i) => first + i);
  return { columns: elided(columns, mostColumns), rows: elided([...windows.keys()], mostRows) };
}

/** Whether a position is a cell of the input, and no padding. */
export const isCell = ({ input }: AxisExplanation, position: number): boolean => position >= 0 && position < input;
