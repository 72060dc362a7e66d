/**
 * Where buffers lie: the memory plan of a program.
 *
 * `fixed` memory exists once; `arena` once a worker, holding one sample's values; `partial` once a shard; `kept` once
 * a sample of the batch, for values that a later stage reads. Buffers with a halo own their cells for good, so that the
 * border is zeroed once; others of the arena share memory when their lives do not overlap.
 */
import { append } from "../core/lists.ts";
import { enough, type Pieces } from "../core/pieces.ts";
import { findHalos } from "./halo.ts";
import { type Buffer, type Kernel, type Lowered, ownerOf } from "./kernel.ts";
import { readsOf, remembered } from "./reads.ts";
import type { Stage } from "./stages.ts";

export type Space = "fixed" | "arena" | "partial" | "kept" | "source";

/** Bytes from the start of its space to cell [0, …, 0], and the bytes between neighbours on each axis. */
export interface Placement {
  readonly space: Space;
  readonly offset: number;
  readonly strides: readonly number[];
  /** First byte and length including the halo. */
  readonly start: number;
  readonly bytes: number;
}

export interface Layout {
  readonly placements: ReadonlyMap<Buffer, Placement>;
  /** Bytes of each space (of one sample, worker or shard). */
  readonly sizes: Readonly<Record<Exclude<Space, "source">, number>>;
  /** For each stage the bytes of `partial` that its samples add to. */
  readonly partialOfStage: readonly (readonly [start: number, end: number])[];
}

const FLOAT = 4;
/** A vector may be read that starts at the last float; rows start on cache lines where that is free. */
const SLACK = 16;
const ALIGN = 64;
/**
 * The numbers of tiles are written and read many at a time. Where they are a power of two apart, all of them meet in a few
 * sets of the first cache: there they lie four lines further apart, as do the rows of other values of a sample.
 */
const MANY = 8;
const ALIKE = 2048;
const APART = 256;
/** Floats of a line of a cache; sets of the first cache, each with room for eight lines. */
const LINE = 16;
const SETS = 64;
const MOST_ROWS = 4;
/**
 * Whether the rows of a matrix, of which a product reads a few columns at a time, begin in so few sets of the first cache
 * that these have no room for all beside what else is read. Those of what all samples share lie a line further apart then.
 */
export function rowsMeet(sizes: readonly number[]): boolean {
  const [rows, length] = sizes.slice(-2);
  const lines = length / LINE;
  // Every so manyth set is met: the largest power of two in the number of lines.
  return Number.isInteger(lines) && rows * Math.min(lines & -lines, SETS) > MOST_ROWS * SETS;
}
const align = (n: number): number => Math.ceil(n / ALIGN) * ALIGN;

/** Plans in pieces: some kernels or buffers each. */
export function* planLayout(lowered: Lowered, stages: readonly Stage[], fixedStart: number): Pieces<Layout> {
  const kernels = stages.flatMap((s) => s.levels.flat());
  const halos = yield* findHalos(kernels);
  const placements = new Map<Buffer, Placement>();
  const owners = new Set<Buffer>();
  for (const k of kernels) for (const b of touchedBy(k)) owners.add(ownerOf(b));
  for (const b of [...lowered.outputs, ...lowered.totals, ...lowered.variables.values(), ...lowered.inputs])
    owners.add(ownerOf(b));
  if (lowered.guard) owners.add(ownerOf(lowered.guard));

  const aliased = new Set(
    [...kernels.flatMap(touchedBy), ...lowered.outputs].flatMap((b) => (b.aliasOf ? [ownerOf(b)] : [])),
  );
  // Sums over samples are collected into cells that lie side by side, and totals are added up so.
  const collected = kernels.flatMap((k) => (k.kind === "collect" ? [k.out] : []));
  const dense = new Set([...aliased, ...collected, ...lowered.totals.map(ownerOf)]);
  const findForm = (b: Buffer) => {
    const halo = halos.get(b);
    const sizes = halo ? b.shape.map((n, i) => n + halo.before[i] + halo.after[i]) : b.shape;
    const apart = b.place.kind === "shared" && !dense.has(b) && rowsMeet(sizes);
    const [first, ...strides] = rowMajor(apart ? [...sizes.slice(0, -1), (sizes.at(-1) as number) + LINE] : sizes);
    const many = b.place.kind === "sample" && b.shape[0] >= MANY && !aliased.has(b);
    if (first === undefined) return { strides: [], bytes: FLOAT, before: 0 };
    const distance = many && first % ALIKE === 0 ? first + APART : first;
    const all = [distance, ...strides];
    const before = halo ? all.reduce((sum, s, i) => sum + s * halo.before[i], 0) : 0;
    return { strides: all, bytes: sizes[0] * distance, before };
  };
  const forms = new Map<Buffer, ReturnType<typeof findForm>>();
  const formOf = (b: Buffer) => forms.get(b) ?? forms.set(b, findForm(b)).get(b)!;
  const bytesOf = (b: Buffer): number => formOf(b).bytes;
  const put = (b: Buffer, space: Space, start: number): void => {
    const { strides, bytes, before } = formOf(b);
    placements.set(b, { space, offset: start + before, strides, start, bytes });
  };

  yield;
  const stageOf = stageSpans(stages);
  const sizes = { fixed: fixedStart, arena: 0, partial: 0, kept: 0 };
  const add = (b: Buffer, space: "fixed" | "arena" | "partial" | "kept"): void => {
    put(b, space, sizes[space]);
    sizes[space] = align(sizes[space] + bytesOf(b) + SLACK);
  };

  const partials = new Map<number | undefined, Buffer[]>();
  for (const b of owners) if (b.place.kind === "partial") append(partials, stageOf.get(b)?.[0], b);
  const partialOfStage = stages.map((_, s): readonly [number, number] => {
    const start = sizes.partial;
    for (const b of partials.get(s) ?? []) add(b, "partial");
    return [start, sizes.partial];
  });
  const transient: Buffer[] = [];
  for (const b of owners) {
    if (enough()) yield;
    const [first, last] = stageOf.get(b) ?? [0, 0];
    if (b.place.kind === "input")
      placements.set(b, { space: "source", offset: 0, strides: rowMajor(b.shape), start: 0, bytes: 0 });
    else if (b.place.kind === "sample" || b.place.kind === "sampleIndex") {
      if (first !== last) add(b, "kept");
      else if (halos.has(b)) add(b, "arena");
      else transient.push(b);
    } else if (b.place.kind !== "partial") add(b, "fixed");
  }
  sizes.arena = yield* shareMemory(transient, kernels, lowered.outputs.map(ownerOf), sizes.arena, bytesOf, (b, start) =>
    put(b, "arena", start),
  );

  for (const b of [...kernels.flatMap(touchedBy), ...lowered.outputs]) {
    if (b.aliasOf && !placements.has(b)) {
      const { space, offset, start, bytes } = placements.get(ownerOf(b)) as Placement;
      placements.set(b, { space, offset, strides: rowMajor(b.shape), start, bytes });
    }
  }
  return { placements, sizes, partialOfStage };
}

function rowMajor(shape: readonly number[]): number[] {
  const strides = new Array<number>(shape.length);
  let stride = FLOAT;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    strides[axis] = stride;
    stride *= shape[axis];
  }
  return strides;
}

const touchedBy = remembered((kernel: Kernel): readonly Buffer[] => [...readsOf(kernel), kernel.out]);

/** For each buffer the first and last stage that touches it. */
function stageSpans(stages: readonly Stage[]): Map<Buffer, readonly [number, number]> {
  const spans = new Map<Buffer, readonly [number, number]>();
  stages.forEach((stage, s) => {
    for (const k of stage.levels.flat()) {
      for (const b of touchedBy(k).map(ownerOf)) spans.set(b, [spans.get(b)?.[0] ?? s, s]);
    }
  });
  return spans;
}

/** First fit by time of birth: a buffer's bytes are free again after the last kernel that touches it. */
function* shareMemory(
  buffers: readonly Buffer[],
  kernels: readonly Kernel[],
  outputs: readonly Buffer[],
  base: number,
  bytesOf: (b: Buffer) => number,
  put: (b: Buffer, start: number) => void,
): Pieces<number> {
  const life = new Map<Buffer, [number, number]>();
  const wanted = new Set(buffers);
  kernels.forEach((k, time) => {
    for (const b of touchedBy(k).map(ownerOf)) {
      if (wanted.has(b)) life.set(b, [life.get(b)?.[0] ?? time, outputs.includes(b) ? kernels.length : time]);
    }
  });
  yield;
  /** What lives when the next buffer is born, by address. */
  let alive: { start: number; end: number; death: number }[] = [];
  let top = base;
  const birth = ([, [first]]: [Buffer, [number, number]]): number => first;
  for (const [b, [born, death]] of [...life].sort((x, y) => birth(x) - birth(y))) {
    if (enough()) yield;
    const bytes = align(bytesOf(b) + SLACK);
    alive = alive.filter((p) => p.death >= born).sort((x, y) => x.start - y.start);
    let start = base;
    for (const p of alive) if (start + bytes > p.start && p.end > start) start = p.end;
    alive.push({ start, end: start + bytes, death });
    put(b, start);
    top = Math.max(top, start + bytes);
  }
  yield;
  return top;
}
