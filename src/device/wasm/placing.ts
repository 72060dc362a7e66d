/**
 * Where the data of a run lies in a program's memory, and the control block that says so. Behind what the program
 * itself needs come the workers' arenas, values kept for each sample, and then what a run brings: the order of the
 * samples, step scalars, inputs, and room for outputs.
 */
import { dtypeOf, type NdArray, sizeOf } from "../../core/array.ts";
import { ownerOf } from "../../kernel/kernel.ts";
import type { Work } from "../device.ts";
import type { RunPlan } from "../work.ts";
import { ControlBlock, controlBytes } from "./control.ts";
import { PAGE } from "./memory.ts";
import type { Generated, Outline } from "./module.ts";

const align = (n: number): number => Math.ceil(n / 64) * 64;
/** A vector may be read or written that starts at the last number. */
const SLACK = 16;
/** Arrays up to this size are brought in whole, so that a shuffled run reads them where they lie. */
const MOST_RESIDENT_BYTES = 1 << 30;
const CHUNK_BYTES = 256 << 20;

/**
 * What stays of a program once the engine has its module: its kernels and instructions are many times as much, and a
 * garbage collector would copy and mark them for as long as the program lives.
 */
export function outlineOf({ lowered, layout, samples, end, scalars }: Generated): Outline {
  const { inputs, outputs, totals, updates, variables } = lowered;
  const exchanged = new Set([...variables.values(), ...updates.map(({ to }) => ownerOf(to))]);
  const placements = new Map([...layout.placements].filter(([b]) => exchanged.has(b) || b.place.kind === "constant"));
  return {
    lowered: { inputs, outputs, totals, updates, variables },
    layout: { placements, sizes: layout.sizes },
    samples,
    end,
    scalars,
  };
}

/** Where a program's own parts end, for so many workers. */
export interface Frame {
  readonly arena: number;
  readonly kept: number;
  /** Pages that can be had at most. */
  readonly mostPages: number;
}

export function frameOf({ end, layout, samples }: Outline, workers: number, mostPages: number): Frame {
  const arena = align(end);
  return { arena, kept: align(arena + workers * samples * layout.sizes.arena + 64), mostPages };
}

/** Some steps of a run, whose data is in memory together. */
export interface Places {
  readonly work: Work;
  readonly plan: RunPlan;
  /** The places of the order that they cover. */
  readonly first: number;
  readonly last: number;
  /** Only these samples are brought in, in their order. */
  readonly gather: boolean;
  readonly frame: Frame;
  readonly keptBytes: number;
  readonly order: number;
  readonly scalars: number;
  readonly inputs: readonly number[];
  readonly outputs: readonly number[];
  readonly pages: number;
}

/**
 * Which is the first of the inputs with the cells of input `k`, perhaps itself. An autoencoder's pictures are its targets,
 * too: they are brought in once.
 */
export function firstAlike(inputs: readonly NdArray[], k: number): number {
  const { data } = inputs[k];
  return inputs.findIndex(
    (x) =>
      x.data.buffer === data.buffer && x.data.byteOffset === data.byteOffset && x.data.byteLength === data.byteLength,
  );
}

const bytesOf = ({ inputs }: Work): number =>
  inputs.reduce((sum, x, k) => (firstAlike(inputs, k) === k ? sum + x.data.byteLength : sum), 0);
const mostResident = (frame: Frame): number => Math.min(MOST_RESIDENT_BYTES, (frame.mostPages * PAGE - frame.kept) / 2);

/** Steps whose data can be in memory together; all of them unless the arrays are very large. */
export function stepsAtOnce({ lowered }: Outline, frame: Frame, work: Work, plan: RunPlan): number {
  const room = Math.min(CHUNK_BYTES, (frame.mostPages * PAGE - frame.kept) / 4);
  const resident = bytesOf(work);
  const perPlace =
    lowered.outputs.reduce((sum, b) => sum + 4 * sizeOf(b.shape), 0) +
    (resident > mostResident(frame) ? resident / work.inputs[0].shape[0] : 0);
  if (perPlace * plan.places <= room) return Math.max(1, plan.steps);
  return Math.max(1, Math.floor(room / (perPlace * work.batchSize)));
}

export function place(outline: Outline, frame: Frame, work: Work, plan: RunPlan): Places {
  const { lowered, layout } = outline;
  const first = plan.firstStep * work.batchSize;
  const last = Math.min(plan.count, first + plan.steps * work.batchSize);
  const samples = last - first;
  const length = work.inputs[0]?.shape[0] ?? 0;
  const gather =
    bytesOf(work) > mostResident(frame) || 4 * samples <= length || (work.order === undefined && samples < length);
  const keptBytes = work.batchSize * layout.sizes.kept;
  let top = align(frame.kept + keptBytes);
  const take = (bytes: number): number => {
    const at = top;
    top = align(top + bytes + SLACK);
    return at;
  };
  const order = work.order && !gather ? take(4 * samples) : 0;
  const scalars = take(4 * plan.steps * outline.scalars);
  const inputs: number[] = [];
  for (const [k, x] of work.inputs.entries()) {
    const alike = firstAlike(work.inputs, k);
    const bytes = gather ? (samples * x.data.byteLength) / x.shape[0] : x.data.byteLength;
    inputs.push(alike < k ? inputs[alike] : take(bytes));
  }
  const outputs = lowered.outputs.map((b) => take(4 * samples * sizeOf(b.shape)));
  const pages = Math.ceil(top / PAGE);
  return { work, plan, first, last, gather, frame, keptBytes, order, scalars, inputs, outputs, pages };
}

/** What a host is to do next. */
export interface Turn {
  /** Steps done already of those that were placed. */
  readonly done: number;
  readonly totals: Float64Array;
  readonly workers: number;
  /** How often to look at the barrier before sleeping. */
  readonly spin: number;
  readonly prepared: boolean;
}

/** A control block of a program's size. */
export const newControlBlock = (totals: Float64Array): ControlBlock => new ControlBlock(controlBytes(totals.length));

/** Makes `block` the one to go on with, after some of the steps. */
export function controlBlock(
  { lowered, scalars }: Outline,
  places: Places,
  turn: Turn,
  block = newControlBlock(turn.totals),
): ControlBlock {
  const { work, plan, first, frame } = places;
  block.bytes.fill(0);
  block.set("workers", turn.workers);
  block.set("spin", turn.spin);
  block.set("prepared", turn.prepared ? 1 : 0);
  block.set("firstStep", plan.firstStep + turn.done);
  block.set("steps", plan.steps - turn.done);
  block.set("batchSize", work.batchSize);
  block.set("count", plan.count);
  block.set("arena", frame.arena);
  block.set("kept", frame.kept);
  block.set("scalars", places.scalars + 4 * scalars * turn.done);
  block.set("order", places.order > 0 ? places.order - 4 * first : 0);
  work.inputs.forEach((x, k) => {
    const bytes = x.data.byteLength / x.shape[0];
    const at = places.inputs[k] - (places.gather ? first * bytes : 0);
    block.setInput(k, at, bytes, ["float32", "uint8", "int32"].indexOf(dtypeOf(x.data)), x.scale ?? 1);
  });
  lowered.outputs.forEach((b, k) => {
    block.setOutput(k, places.outputs[k] + 4 * sizeOf(b.shape) * work.batchSize * turn.done);
  });
  block.setTotals(turn.totals);
  return block;
}
