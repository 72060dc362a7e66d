/**
 * Which tensors get a buffer of their own, and which reductions are finished inside the buffer of their reader.
 *
 * Everything asks the ops' lowering and never their names.
 */
import { sameShape } from "../core/array.ts";
import { enough, type Pieces } from "../core/pieces.ts";
import { type Affine, constantIndex, type Expr, loopIndex, rangeOf, sameIndex } from "../expr/expr.ts";
import { type Graph, ordering, rootsOf } from "../graph/graph.ts";
import type { LoopNest, Lowering, Read, RoutedAxis } from "../graph/op.ts";
import type { Shape, Tensor } from "../graph/tensor.ts";
import { neighbouring } from "./form.ts";
import { remembered } from "./reads.ts";

export interface Storage {
  readonly order: readonly Tensor[];
  readonly stored: ReadonlySet<Tensor>;
  /** For a stored tensor the reduction that is computed in its loops. */
  readonly coreOf: ReadonlyMap<Tensor, Tensor>;
  lowering(t: Tensor): Lowering;
}

/** One tensor that reads another in its loops, after looking through index maps. */
interface Reader {
  readonly by: Tensor;
  /** The reader sees each cell once, in the reader's own shape. */
  readonly cellByCell: boolean;
}

/** Plans in pieces: some tensors each. */
export function* planStorage(graph: Graph): Pieces<Storage> {
  const order = yield* ordering(rootsOf(graph));
  const roots = new Set(rootsOf(graph));
  const lowerings = new Map<Tensor, Lowering>();
  const lowering = (t: Tensor): Lowering => lowerings.get(t) as Lowering;
  const movesOnly = new Map<Tensor, boolean>();
  for (const t of order) {
    lowerings.set(t, t.op.lower(t));
    movesOnly.set(t, isIndexMap(t, lowering(t)));
    if (enough()) yield;
  }

  const stored = new Set<Tensor>();
  for (const t of order) {
    if (enough()) yield;
    const kind = lowering(t).kind;
    if (roots.has(t) || kind === "leaf" || kind === "nests" || kind === "routeToMaximum") stored.add(t);
    if (kind === "view" && !movesOnly.get(t)) stored.add(t);
    for (const k of bufferedInputs(lowering(t))) stored.add(t.inputs[k]);
  }

  const readers = new Map<Tensor, Reader[]>(order.map((t) => [t, []]));
  for (const t of order) {
    const cellByCell = readsOnce(t, lowering(t));
    for (const x of new Set(t.inputs)) readers.get(x)?.push({ by: t, cellByCell });
    if (enough()) yield;
  }
  const readersThrough = (t: Tensor): Reader[] =>
    (readers.get(t) as Reader[]).flatMap((r) =>
      movesOnly.get(r.by) && !stored.has(r.by) ? readersThrough(r.by) : [r],
    );

  // What loops cannot express must be stored: reads beyond the edge of what is not zero there. What is stored for that
  // reads in loops of its own and is looked at in turn.
  const reading = order.filter((t) => stored.has(t) || !movesOnly.get(t));
  for (const t of reading) {
    for (const x of unreadable(t, lowering, movesOnly, stored)) {
      if (stored.has(x)) continue;
      stored.add(x);
      reading.push(x);
    }
    if (enough()) yield;
  }

  // Readers first. What several tensors read lives in their loops only when these are the same loops, at the same cells:
  // then it is computed once.
  const loopsOf = new Map<Tensor, Tensor>();
  for (const t of [...order].reverse()) {
    if (movesOnly.get(t)) continue;
    if (enough()) yield;
    if (stored.has(t) || lowering(t).kind !== "map") {
      loopsOf.set(t, t);
      continue;
    }
    const all = readersThrough(t);
    // Shared arithmetic inside a per-sample loop would be done again for every sample.
    const once = all.every((r) => r.cellByCell && (t.perSample || !r.by.perSample) && !grows(t, r.by, lowering));
    const straight = once && (readers.get(t) as Reader[]).every(({ by }) => readsInPlace(by, t, lowering(by)));
    const hosts = new Set(straight ? all.map((r) => loopsOf.get(r.by)) : [undefined]);
    const [host] = hosts;
    if (hosts.size === 1 && host) loopsOf.set(t, host);
    else if (!once || all.length > 1) {
      stored.add(t);
      loopsOf.set(t, t);
    }
  }

  const coreOf = new Map<Tensor, Tensor>();
  for (const t of order) {
    if (!stored.has(t) || lowering(t).kind !== "map") continue;
    const core = findCore(t, lowering, stored, roots, (x) => readersThrough(x).length);
    if (core) {
      coreOf.set(t, core);
      stored.delete(core);
    }
    if (enough()) yield;
  }
  return { order, stored, coreOf, lowering };
}

const bufferedInputs = (lowering: Lowering): readonly number[] =>
  lowering.kind === "map" ? (lowering.buffered ?? []) : [];

/** Any cell of a tensor: what is read for it tells what is read for all. */
const probeIndex = (shape: Shape): Affine[] => shape.map((size, i) => loopIndex({ name: `p${i}`, size }));

/** Whether a tensor is its input at another index, and nothing else. */
function isIndexMap(t: Tensor, lowering: Lowering): boolean {
  if (lowering.kind === "view") return sameShape(squeeze(t.shape), squeeze(t.inputs[0].shape));
  if (lowering.kind !== "map") return false;
  if (t.inputs.length === 0) return true;
  const read: Expr = { kind: "reduced" };
  return lowering.value(probeIndex(t.shape), () => read) === read;
}

const squeeze = (shape: Shape): Shape => shape.filter((n) => n !== 1);

/** Where a reshape that only adds or drops axes of size 1 reads its input. */
export function squeezedIndex(t: Tensor, index: readonly Affine[]): Affine[] {
  const kept = index.filter((_, i) => t.shape[i] !== 1);
  let next = 0;
  return t.inputs[0].shape.map((n) => (n === 1 ? constantIndex(0) : kept[next++]));
}

const cellsOf = (sizes: readonly number[]): number => sizes.reduce((p, n) => p * n, 1);

type Nests = Extract<Lowering, { kind: "nests" }>;

/** The loops of a reduction or contraction, without its terms; they are asked for more than once. */
const loopsOnly = remembered(({ nests }: Nests): readonly LoopNest[] => nests(() => ({ kind: "reduced" })));

/** Cell-by-cell arithmetic, plain reductions and copies read each cell of an input once; windows and contractions do not. */
function readsOnce(t: Tensor, lowering: Lowering): boolean {
  if (lowering.kind === "map") return true;
  if (lowering.kind !== "nests") return false;
  const nests = loopsOnly(lowering);
  if (t.inputs.length > 1 && nests.some((nest) => nest.reduce.length > 0)) return false;
  const visits = nests.map((nest) => cellsOf([...nest.loops, ...nest.reduce].map((loop) => loop.size)));
  const cells = t.inputs.map((x) => cellsOf(x.shape));
  return visits.reduce((a, b) => a + b, 0) <= cells.reduce((a, b) => a + b, 0);
}

/** Whether arithmetic reads `t` at the cell that it makes and nowhere else: not turned around, not shifted. */
function readsInPlace(by: Tensor, t: Tensor, lowering: Lowering): boolean {
  if (lowering.kind !== "map" || !sameShape(by.shape, t.shape)) return false;
  const cell = probeIndex(by.shape);
  let inPlace = true;
  lowering.value(cell, (k, index) => {
    inPlace &&= by.inputs[k] !== t || sameIndex(index, cell);
    return { kind: "reduced" };
  });
  return inPlace;
}

/** Whether a reader repeats the cells of `t` (a broadcast): computing them again for each repeat would be waste. */
const grows = (t: Tensor, reader: Tensor, lowering: (t: Tensor) => Lowering): boolean => {
  return lowering(reader).kind === "map" && cellsOf(reader.shape) > cellsOf(t.shape);
};

/**
 * Tensors that must be stored because reader `t` may look beyond their edge. Zero beyond the edge survives index maps
 * that declare it (`zeroBeyond`); everything else must be a buffer, whose border is then padded.
 */
function unreadable(
  t: Tensor,
  lowering: (t: Tensor) => Lowering,
  movesOnly: ReadonlyMap<Tensor, boolean>,
  stored: ReadonlySet<Tensor>,
): Iterable<Tensor> {
  const result = new Set<Tensor>();
  const settled = (): boolean => t.inputs.every((x) => stored.has(x) || result.has(x));
  const check = (x: Tensor, index: readonly Affine[], outside: "zero" | "skip"): void => {
    if (stored.has(x)) return;
    const within = index.map((a, i) => {
      const { low, high } = rangeOf(a);
      return low >= 0 && high < x.shape[i];
    });
    const inside = within.every((is) => is);
    const own = lowering(x);
    if (!movesOnly.get(x)) {
      if (!inside) result.add(x);
    } else if (own.kind === "map") {
      if (!inside && !(own.zeroBeyond && outside === "zero")) {
        result.add(x);
        return;
      }
      own.value(index, (k, inner) => {
        check(x.inputs[k], inner, inside ? "zero" : outside);
        return { kind: "reduced" };
      });
    } else if (inside || (outside === "zero" && x.shape.every((n, i) => n !== 1 || within[i]))) {
      // Beyond the edge of a longer axis lies what is beyond that of the input.
      check(x.inputs[0], squeezedIndex(x, index), outside);
    } else result.add(x);
  };
  const own = lowering(t);
  const read: Read = (k, index, outside = "zero") => {
    check(t.inputs[k], index, outside);
    return { kind: "reduced" };
  };
  if (settled()) return result;
  if (own.kind === "nests") {
    // The first few reads tell, mostly.
    for (const nest of own.nests(read)) {
      nest.value();
      if (settled()) break;
    }
  } else if (own.kind === "map") own.value(probeIndex(t.shape), read);
  else if (own.kind === "routeToMaximum" || own.kind === "view") {
    // These name their inputs' buffers.
    for (const x of t.inputs) if (!stored.has(x)) result.add(x);
  }
  return result;
}

/** A reduction inside `t`'s arithmetic whose every result belongs to exactly one cell of `t`, and is read there alone. */
function findCore(
  t: Tensor,
  lowering: (t: Tensor) => Lowering,
  stored: ReadonlySet<Tensor>,
  roots: ReadonlySet<Tensor>,
  readerCount: (t: Tensor) => number,
): Tensor | undefined {
  const index = probeIndex(t.shape);
  const candidates = new Set<Tensor>();
  const elsewhere = new Set<Tensor>();
  const seen = new Map<Tensor, (readonly Affine[])[]>();
  const visit = (x: Tensor, at: readonly Affine[]): void => {
    const known = seen.get(x) ?? [];
    if (known.some((other) => sameIndex(other, at))) return;
    seen.set(x, [...known, at]);
    const own = lowering(x);
    // A slice from the first cell on looks the same, but the reduction has cells that it leaves out.
    const here = sameIndex(at, index) && sameShape(x.shape, t.shape);
    if (x !== t && stored.has(x)) {
      if (!here) elsewhere.add(x);
      else if (canHost(x, own) && !roots.has(x) && readerCount(x) === 1 && x.perSample === t.perSample)
        candidates.add(x);
      return;
    }
    if (own.kind === "map") {
      own.value(at, (k, inner) => {
        visit(x.inputs[k], inner);
        return { kind: "reduced" };
      });
    }
  };
  visit(t, index);
  return [...candidates].find((x) => !elsewhere.has(x));
}

/**
 * Whether arithmetic may follow in the loops: every cell is finished by one iteration, and every cell is written. Loops
 * that write cells far apart, as the phases of a transposed convolution to one channel do, leave it to a nest with full vectors.
 */
function canHost(t: Tensor, lowering: Lowering): boolean {
  if (lowering.kind === "nests") {
    const nests = loopsOnly(lowering);
    const scattered = (nest: LoopNest) =>
      cellsOf(t.shape) > 1 && neighbouring(nest.loops, t.shape, nest.out).length === 0;
    return !(lowering.overSamples || lowering.partial || nests.some(scattered));
  }
  return lowering.kind === "routeToMaximum" && windowsTile(lowering.windows, t.shape);
}

/** Whether windows cover every cell exactly once. Otherwise cells start from 0 and windows add to them. */
export const windowsTile = (windows: readonly RoutedAxis[], shape: Shape): boolean =>
  windows.every((w, a) => w.stride === w.kernel && w.before === 0 && w.output * w.stride >= shape[a]);
