/**
 * What a program's memory holds, so that a run writes only what changed: constants once, variables where they have a
 * new version, values kept for each sample as zeros at first (their halos stay so), and the run's own data.
 */
import { bytesOf, type NdArray, sizeOf, type TypedArray } from "../../core/array.ts";
import type { Variable } from "../../graph/tensor.ts";
import { ownerOf } from "../../kernel/kernel.ts";
import type { Outline } from "./module.ts";
import { firstAlike, type Places } from "./placing.ts";
import type { Piece } from "./worker.ts";

/** Samples are gathered in pieces of about this size. */
const PIECE_BYTES = 1 << 20;

/** Where a variable's new value lies. */
export interface Updated {
  readonly variable: Variable;
  readonly at: number;
  readonly size: number;
}

export class Image {
  /** Whether what follows from the variables alone is computed already. */
  prepared = false;
  readonly outline: Outline;
  private readonly versions = new Map<Variable, number>();
  private blank = true;
  private keptBytes = 0;

  constructor(outline: Outline) {
    this.outline = outline;
  }

  /** What must be written before these steps. */
  *missing(places: Places): Generator<Piece> {
    if (this.blank) yield* this.constants(places);
    this.blank = false;
    yield* this.variables();
    if (places.keptBytes > this.keptBytes) yield { at: places.frame.kept, zeros: places.keptBytes };
    // With fewer samples than before other data lies there now.
    this.keptBytes = places.keptBytes;
    yield* runData(this.outline, places);
  }

  get updated(): Updated[] {
    return this.outline.lowered.updates.flatMap(({ variable, to }) => {
      const placement = this.outline.layout.placements.get(ownerOf(to));
      return placement ? [{ variable, at: placement.offset, size: sizeOf(to.shape) }] : [];
    });
  }

  /** A variable was given the value that lies in memory. */
  holds(variable: Variable): void {
    this.versions.set(variable, variable.version);
  }

  private *constants({ frame }: Places): Generator<Piece> {
    yield { at: 0, zeros: frame.kept };
    for (const [buffer, { offset }] of this.outline.layout.placements) {
      if (buffer.place.kind === "constant" && !buffer.aliasOf) {
        yield { at: offset, data: bytesOf(buffer.place.data) };
      }
    }
  }

  private *variables(): Generator<Piece> {
    for (const [variable, buffer] of this.outline.lowered.variables) {
      if (this.versions.get(variable) === variable.version) continue;
      const placement = this.outline.layout.placements.get(buffer);
      if (placement) yield { at: placement.offset, data: bytesOf(variable.value as Float32Array) };
      this.holds(variable);
      this.prepared = false;
    }
  }
}

/** The order of the samples, step scalars and inputs. */
function* runData({ scalars }: Outline, places: Places): Generator<Piece> {
  const { work, plan, first, last } = places;
  if (places.order > 0) {
    yield { at: places.order, data: bytesOf((work.order as Uint32Array).subarray(first, last)) };
  }
  if (work.scalars && scalars > 0) {
    const table = new Float32Array(plan.steps * scalars);
    for (let k = 0; k < plan.steps; k++) {
      table.set(work.scalars(plan.firstStep + k).slice(0, scalars), k * scalars);
    }
    yield { at: places.scalars, data: bytesOf(table) };
  }
  for (const [k, x] of work.inputs.entries()) {
    if (firstAlike(work.inputs, k) < k) continue;
    if (!places.gather) yield { at: places.inputs[k], data: bytesOf(x.data) };
    else if (!work.order) yield { at: places.inputs[k], data: bytesOf(samplesOf(x, first, last)) };
    else yield* gathered(x, places.inputs[k], work.order.subarray(first, last));
  }
}

const samplesOf = ({ data, shape }: NdArray, first: number, last: number): TypedArray => {
  const size = data.length / shape[0];
  return data.subarray(first * size, last * size);
};

/** These samples, one after the other. */
function* gathered(x: NdArray, at: number, order: Uint32Array): Generator<Piece> {
  const sampleBytes = x.data.byteLength / x.shape[0];
  const together = Math.max(1, Math.floor(PIECE_BYTES / sampleBytes));
  const source = bytesOf(x.data);
  for (let start = 0; start < order.length; start += together) {
    const part = order.subarray(start, start + together);
    const data = new Uint8Array(part.length * sampleBytes);
    part.forEach((sample, i) => {
      data.set(source.subarray(sample * sampleBytes, (sample + 1) * sampleBytes), i * sampleBytes);
    });
    yield { at: at + start * sampleBytes, data };
  }
}
