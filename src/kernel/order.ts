/**
 * Variable updates: in place where that is safe, through a copy where it is not; and the order of kernels that makes
 * every old value be read before the new one is written.
 */
import { append } from "../core/lists.ts";
import { enough, type Pieces } from "../core/pieces.ts";
import { loopIndex, sameIndex } from "../expr/expr.ts";
import { findHalos } from "./halo.ts";
import { type Buffer, type Kernel, type Lowered, ownerOf } from "./kernel.ts";
import { loadsOf, readsOf, storesOf } from "./reads.ts";
import { replaceBuffers } from "./replace.ts";

/** Kernels that must come before kernel `k`. */
type Before = Map<Kernel, Set<Kernel>>;

/** Orders in pieces: a kernel or an update each. */
export function* orderUpdates(lowered: Lowered): Pieces<Lowered> {
  const kernels = [...lowered.kernels];
  const wanted = lowered.updates.map((update) => {
    if (update.from === update.to || ownerOf(update.from).place.kind !== "variable") return update;
    // The old value of another variable is read like any other, so that it is read in time.
    const value: Buffer = { ...update.to, name: `${update.to.name}.next`, place: { kind: "shared" } };
    kernels.push(copyOf(update.from, value));
    return { ...update, from: value };
  });
  const before = yield* dataOrder(kernels);
  yield;
  const early = neededEarly({ ...lowered, kernels }, before);
  const late = (k: Kernel): Kernel[] => [...(before.get(k) ?? [])].filter((b) => !early.has(b));
  yield;
  const [writersOf, readersOf] = [new Map<Buffer, Kernel[]>(), new Map<Buffer, Kernel[]>()];
  for (const k of kernels) {
    append(writersOf, k.out, k);
    for (const b of new Set(readsOf(k).map(ownerOf))) append(readersOf, b, k);
    if (enough()) yield;
  }
  // A variable's own cells lie side by side.
  const halos = yield* findHalos(kernels);
  const copies: Kernel[] = [];
  const inPlace = new Map<Buffer, Buffer>();
  const updates: Lowered["updates"][number][] = [];
  for (const update of wanted) {
    const { from, to } = update;
    updates.push({ ...update, from: to });
    if (from === to) continue;
    const writers = writersOf.get(from) ?? [];
    const readers = readersOf.get(to) ?? [];
    const free = !inPlace.has(from) && !halos.has(from) && writers.length > 0 && !writers.some((w) => early.has(w));
    if (free && canReplace(from, to, writers, readers, late)) {
      inPlace.set(from, to);
      for (const w of writers) for (const r of readers) if (r !== w) before.get(w)?.add(r);
    } else {
      const copy = copyOf(from, to);
      before.set(copy, new Set([...(writersOf.get(ownerOf(from)) ?? []), ...readers]));
      copies.push(copy);
    }
    if (enough()) yield;
  }
  const ordered = yield* sorted([...kernels, ...copies], before);
  return yield* replaceBuffers({ ...lowered, kernels: ordered, updates }, (b) => inPlace.get(b) ?? b);
}

/** Kernels whose results samples or the guard still need: variables change after those. */
function neededEarly(lowered: Lowered, before: Before): Set<Kernel> {
  const { kernels, guard } = lowered;
  const stack = kernels.filter((k) => k.perSample || (guard && k.out === ownerOf(guard)));
  const early = new Set(stack);
  for (let k = stack.pop(); k !== undefined; k = stack.pop()) {
    for (const b of before.get(k) ?? []) {
      if (early.has(b)) continue;
      early.add(b);
      stack.push(b);
    }
  }
  return early;
}

function* dataOrder(kernels: readonly Kernel[]): Pieces<Before> {
  const writers = new Map<Buffer, Kernel[]>();
  const before: Before = new Map();
  for (const kernel of kernels) {
    const own = new Set<Kernel>();
    for (const buffer of readsOf(kernel)) for (const w of writers.get(ownerOf(buffer)) ?? []) own.add(w);
    // Nests of one buffer stay in their order: a clear comes first, parts add up in turn.
    for (const w of writers.get(ownerOf(kernel.out)) ?? []) own.add(w);
    before.set(kernel, own);
    append(writers, ownerOf(kernel.out), kernel);
    if (enough()) yield;
  }
  return before;
}

/** Whether `writers` may write straight into the variable: they read it cell by cell, and nobody who needs them does. */
function canReplace(
  from: Buffer,
  to: Buffer,
  writers: readonly Kernel[],
  readers: readonly Kernel[],
  before: (kernel: Kernel) => readonly Kernel[],
): boolean {
  if (from.aliasOf || from.place.kind !== "shared") return false;
  for (const w of writers) {
    if (w.kind !== "nest") return false;
    for (const { index, result } of storesOf(w)) {
      const own = loadsOf(w.value, result).filter((l) => ownerOf(l.source as Buffer) === to);
      const cellByCell = own.every((l) => l.source === to && sameIndex(l.index, index));
      if (!cellByCell || (own.length > 0 && w.reduce.length > 0)) return false;
    }
    for (const r of readers) if (r !== w && needs(r, w, before)) return false;
  }
  return true;
}

/** Whether `kernel` comes after `other`, directly or through others. */
function needs(kernel: Kernel, other: Kernel, before: (kernel: Kernel) => readonly Kernel[]): boolean {
  const seen = new Set<Kernel>();
  const stack = [kernel];
  for (let k = stack.pop(); k !== undefined; k = stack.pop()) {
    if (k === other) return true;
    for (const b of before(k)) {
      if (!seen.has(b)) {
        seen.add(b);
        stack.push(b);
      }
    }
  }
  return false;
}

function copyOf(from: Buffer, out: Buffer): Kernel {
  const loops = out.shape.map((size, i) => ({ name: `i${i}`, size }));
  const index = loops.map((l) => loopIndex(l));
  return {
    kind: "nest",
    name: `${out.name}.update`,
    perSample: false,
    out,
    accumulate: false,
    loops,
    index,
    reduce: [],
    combine: "sum",
    value: undefined,
    result: { kind: "load", source: from, index, outside: "zero" },
  };
}

/** A stable topological order: each kernel as early as its place in the list and its needs allow. */
function* sorted(kernels: readonly Kernel[], before: Before): Pieces<Kernel[]> {
  const result: Kernel[] = [];
  const done = new Set<Kernel>();
  let waiting = [...kernels];
  while (waiting.length > 0) {
    const later: Kernel[] = [];
    for (const k of waiting) {
      if ([...(before.get(k) ?? [])].every((b) => done.has(b))) {
        result.push(k);
        done.add(k);
      } else later.push(k);
      if (enough()) yield;
    }
    waiting = later;
  }
  return result;
}
