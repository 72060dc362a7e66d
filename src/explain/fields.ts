/** The receptive field of chosen cells as data: what they depend on, or what they have a say in, tensor by tensor. */
import { showShape } from "../core/array.ts";
import { argumentError } from "../core/errors.ts";
import type { Shape, Tensor } from "../graph/tensor.ts";
import { type Block, countCells, positionsOn, upTo } from "./cells.ts";
import { dependsOn, influences } from "./field.ts";

/**
 * A cell: its position on each axis without the batch. `null`, and axes that are left out at the end, mean all positions:
 * `[3, 3]` are all channels of a cell of a picture.
 */
export type Cell = readonly (number | null)[];

/** What to trace. */
export interface FieldOptions {
  /** A cell of an output: the cells that it depends on are listed. */
  readonly cell?: Cell;
  /** Which output `cell` belongs to. Default 0. */
  readonly output?: number;
  /** A cell of an input: the cells that it has a say in are listed. */
  readonly inputCell?: Cell;
  /** Which input `inputCell` belongs to. Default 0. */
  readonly input?: number;
}

/** A tensor and some of its cells. */
export interface FieldStep {
  /** The layer that gives the tensor. */
  readonly name: string;
  /** Without the batch. */
  readonly shape: Shape;
  /** For each axis the positions that the cells have there. */
  readonly axes: readonly (readonly number[])[];
  /** How many cells there are; fewer than the axes suggest where they make no rectangle. */
  readonly count: number;
  /** The cells themselves: blocks with positions on each axis. */
  readonly blocks: readonly Block[];
}

/** A receptive field, or its opposite. */
export interface FieldExplanation {
  /** `"output"`: what a cell of an output depends on. `"input"`: what a cell of an input has a say in. */
  readonly of: "output" | "input";
  /** The tensor that the chosen cell belongs to, and the cell. */
  readonly start: FieldStep;
  /** From the inputs to the outputs, without the start; tensors without such cells are left out. */
  readonly steps: readonly FieldStep[];
  /** The spatial axes of pictures in it, [height, width]. */
  readonly picture: readonly number[];
}

/** A tensor under the name of the layer that gives it. */
export interface Named {
  readonly name: string;
  readonly tensor: Tensor;
}

/**
 * The fields that were asked for.
 *
 * @param picture - the spatial axes of pictures in it.
 * @param between - everything that layers between inputs and outputs give, inputs and outputs too, in order.
 * @throws RhytonError `argument` for a cell that there is not.
 */
export function fieldsOf(
  inputs: readonly Named[],
  outputs: readonly Named[],
  between: readonly Named[],
  picture: readonly number[],
  options: FieldOptions,
): FieldExplanation[] {
  const fields: FieldExplanation[] = [];
  const { cell, inputCell } = options;
  if (cell !== undefined) {
    const start = pick("output", outputs, options.output);
    const block = blockOf("cell", cell, start.tensor.shape);
    const found = dependsOn(
      start.tensor,
      [block],
      inputs.map(({ tensor }) => tensor),
    );
    fields.push(fieldFrom("output", start, found, between, picture));
  }
  if (inputCell !== undefined) {
    const start = pick("input", inputs, options.input);
    const block = blockOf("inputCell", inputCell, start.tensor.shape);
    const found = influences(
      start.tensor,
      [block],
      outputs.map(({ tensor }) => tensor),
    );
    fields.push(fieldFrom("input", start, found, between, picture));
  }
  return fields;
}

function pick(argument: string, list: readonly Named[], index = 0): Named {
  if (Number.isInteger(index) && index >= 0 && index < list.length) return list[index];
  throw argumentError({ where: "explain", argument, value: index, expected: `a number from 0 to ${list.length - 1}` });
}

function blockOf(argument: string, cell: Cell, shape: Shape): Block {
  const fits = (p: unknown, axis: number): boolean =>
    p === null || p === undefined || (Number.isInteger(p) && (p as number) >= 0 && (p as number) < shape[axis]);
  if (!Array.isArray(cell) || cell.length > shape.length || !cell.every(fits)) {
    const expected = `positions within ${showShape(shape)}`;
    throw argumentError({ where: "explain", argument, value: cell, expected, fix: "null stands for all of an axis." });
  }
  return shape.map((size, axis) => (typeof cell[axis] === "number" ? [cell[axis]] : upTo(size)));
}

function fieldFrom(
  of: FieldExplanation["of"],
  start: Named,
  found: ReturnType<typeof influences>,
  between: readonly Named[],
  picture: readonly number[],
): FieldExplanation {
  const step = ({ name, tensor }: Named): FieldStep => {
    const blocks = found.get(tensor) ?? [];
    const { shape } = tensor;
    return { name, shape, axes: shape.map((_, axis) => positionsOn(blocks, axis)), count: countCells(blocks), blocks };
  };
  const steps = between.filter(({ tensor }) => tensor !== start.tensor && (found.get(tensor)?.length ?? 0) > 0);
  return { of, start: step(start), steps: steps.map(step), picture };
}
