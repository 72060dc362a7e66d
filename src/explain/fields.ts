/** The receptive field of chosen cells as data: what they depend on, or what they have a say in, tensor by tensor. */
import { showShape } from "../core/array.ts";
import { argumentError, unknownName } from "../core/errors.ts";
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
  /**
   * A cell of an output: the cells that it depends on are listed. With `layer` a cell of what that layer gives: the cells
   * that it has a say in are listed, too.
   */
  readonly cell?: Cell;
  /** Which output `cell` belongs to, by its name or its number. Default 0. */
  readonly output?: number | string;
  /** A cell of an input: the cells that it has a say in are listed, with `layer` up to that layer. */
  readonly inputCell?: Cell;
  /** Which input `inputCell` belongs to, by its name or its number. Default 0. */
  readonly input?: number | string;
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
  /** Whether the way ends here: an input, or followed forward an output. */
  readonly isEnd: boolean;
}

/** A receptive field, or its opposite. */
export interface FieldExplanation {
  /** `"output"`: what a cell depends on, back to the inputs. `"input"`: what it has a say in, up to the outputs. */
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

/** What cells are followed through. */
export interface Flow {
  readonly inputs: readonly Named[];
  /** What `cell` may belong to, and what a cell of an input is followed to. */
  readonly outputs: readonly Named[];
  /** What a cell of `outputs` is followed to; nothing where these are the end. */
  readonly later: readonly Named[];
  /** Everything that is listed, in order. */
  readonly between: readonly Named[];
  /** The spatial axes of pictures in it. */
  readonly picture: readonly number[];
}

/**
 * The fields that were asked for.
 *
 * @throws RhytonError `argument` for a cell that there is not, `unknown-name` for an output or input of another name.
 */
export function fieldsOf(flow: Flow, options: FieldOptions): FieldExplanation[] {
  const { inputs, outputs, later } = flow;
  const { cell, inputCell } = options;
  const fields: FieldExplanation[] = [];
  if (cell !== undefined) {
    const start = pick("output", outputs, options.output);
    const block = blockOf("cell", cell, start.tensor.shape);
    fields.push(backward(flow, start, block, inputs));
    if (later.length > 0) fields.push(forward(flow, start, block, later));
  }
  if (inputCell !== undefined) {
    const start = pick("input", inputs, options.input);
    fields.push(forward(flow, start, blockOf("inputCell", inputCell, start.tensor.shape), outputs));
  }
  return fields;
}

const tensorsOf = (ends: readonly Named[]): readonly Tensor[] => ends.map(({ tensor }) => tensor);

const backward = (flow: Flow, start: Named, block: Block, ends: readonly Named[]): FieldExplanation =>
  fieldFrom("output", flow, start, dependsOn(start.tensor, [block], tensorsOf(ends)), ends);

const forward = (flow: Flow, start: Named, block: Block, ends: readonly Named[]): FieldExplanation =>
  fieldFrom("input", flow, start, influences(start.tensor, [block], tensorsOf(ends)), ends);

function pick(argument: "input" | "output", list: readonly Named[], which: number | string = 0): Named {
  if (typeof which === "string") {
    const found = list.find(({ name }) => name === which);
    if (found !== undefined) return found;
    throw unknownName({ where: "explain", what: argument, name: which, choices: list.map(({ name }) => name) });
  }
  if (Number.isInteger(which) && which >= 0 && which < list.length) return list[which];
  const expected = `a number from 0 to ${list.length - 1}, or a name: ${list.map(({ name }) => name).join(", ")}`;
  throw argumentError({ where: "explain", argument, value: which, expected });
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
  { between, picture }: Flow,
  start: Named,
  found: ReturnType<typeof influences>,
  ends: readonly Named[],
): FieldExplanation {
  const step = ({ name, tensor }: Named): FieldStep => {
    const blocks = found.get(tensor) ?? [];
    const { shape } = tensor;
    const axes = shape.map((_, axis) => positionsOn(blocks, axis));
    return { name, shape, axes, count: countCells(blocks), blocks, isEnd: tensorsOf(ends).includes(tensor) };
  };
  const steps = between.filter(({ tensor }) => tensor !== start.tensor && (found.get(tensor)?.length ?? 0) > 0);
  return { of, start: step(start), steps: steps.map(step), picture };
}
