/**
 * Lowering with fusion: a graph becomes kernels.
 *
 * First it is decided which tensors get a buffer (`storage.ts`); the others live inside the loops of whoever reads them.
 * A reduction or contraction whose only reader is cell-by-cell arithmetic of the same shape is finished in the reader's
 * buffer: the arithmetic becomes its epilogue.
 */
import { sizeOf } from "../core/array.ts";
import { internalError } from "../core/errors.ts";
import { append } from "../core/lists.ts";
import { atOnce, type Pieces } from "../core/pieces.ts";
import { type Affine, type Loop, loopIndex, sameIndex } from "../expr/expr.ts";
import type { Graph } from "../graph/graph.ts";
import type { LoopNest, Lowering } from "../graph/op.ts";
import type { Shape, Tensor, Variable } from "../graph/tensor.ts";
import { findHalos } from "./halo.ts";
import type { Buffer, Kernel, KernelExpr, Lowered, NestKernel, Place, Store } from "./kernel.ts";
import { orderUpdates } from "./order.ts";
import { planStorage, type Storage, squeezedIndex, windowsTile } from "./storage.ts";

export const lower = (graph: Graph): Lowered => atOnce(lowering(graph));

/** Lowers in pieces: a tensor or a kernel each. */
export function* lowering(graph: Graph): Pieces<Lowered> {
  const storage = yield* planStorage(graph);
  const plain = yield* build(graph, storage, new Set());
  // A halo needs gaps between the rows. Which tensors carry one is known once all reads are; where such a tensor shares
  // its cells with another shape, is a leaf that was not copied in any case, or is collected from shards, whose cells lie
  // side by side, all is built anew with a copy of it.
  const halos = yield* findHalos(plain.kernels);
  const padded = new Set([...plain.bufferOf].filter(([, buffer]) => halos.has(buffer)).map(([t]) => t));
  const copies = [...plain.bufferOf].some(
    ([t, { place }]) =>
      (storage.lowering(t).kind === "view" && (padded.has(t) || padded.has(t.inputs[0]))) ||
      (t.inputs.length === 0 && padded.has(t) && place.kind !== "sample" && place.kind !== "shared") ||
      (padded.has(t) && isCollected(storage.lowering(t))),
  );
  yield;
  return yield* orderUpdates(copies ? yield* build(graph, storage, padded) : plain);
}

const isCollected = (lowering: Lowering): boolean => lowering.kind === "nests" && lowering.overSamples;

function* build(graph: Graph, storage: Storage, padded: ReadonlySet<Tensor>): Pieces<Lowered> {
  const builder = new Builder(graph, storage, padded);
  for (const t of storage.order) {
    // The others live in their readers.
    if (!storage.stored.has(t)) continue;
    builder.add(t);
    yield;
  }
  return builder.finish();
}

class Builder {
  private readonly graph: Graph;
  private readonly storage: Storage;
  private readonly padded: ReadonlySet<Tensor>;
  private readonly kernels: Kernel[] = [];
  private readonly bufferOf = new Map<Tensor, Buffer>();
  private readonly inputs = new Map<Tensor, Buffer>();
  private readonly variables = new Map<Variable, Buffer>();
  private readonly counts = new Map<string, number>();

  constructor(graph: Graph, storage: Storage, padded: ReadonlySet<Tensor>) {
    this.graph = graph;
    this.storage = storage;
    this.padded = padded;
    for (const u of graph.updates) this.variableBuffer(u.variable);
    for (const t of graph.inputs) this.inputBuffer(t);
  }

  /** Gives `t` its buffer and the kernels that fill it. */
  add(t: Tensor): void {
    const lowering = this.storage.lowering(t);
    if (lowering.kind === "leaf") this.addLeaf(t);
    else this.addComputed(t);
  }

  private addComputed(t: Tensor): void {
    const core = this.storage.coreOf.get(t) ?? t;
    const coreLowering = this.storage.lowering(core);
    if (coreLowering.kind === "view") {
      this.addView(t);
    } else if (coreLowering.kind === "nests") this.addNests(t, core, coreLowering);
    else if (coreLowering.kind === "routeToMaximum") this.addRoute(t, core, coreLowering);
    else {
      const out = this.buffer(t.op.name, t.shape, this.placeOf(t));
      const loops = loopsOf(t.shape);
      const index = loops.map((loop) => loopIndex(loop));
      this.copy(t, out, loops, index, this.valueAt(t, index, t, undefined));
      this.bufferOf.set(t, out);
    }
  }

  finish(): Lowered {
    const { graph } = this;
    const lowered: Lowered = {
      kernels: this.kernels,
      inputs: graph.inputs.map((t) => this.inputBuffer(t)),
      outputs: graph.outputs.map((t) => this.need(t)),
      totals: graph.totals.map((t) => this.need(t)),
      guard: graph.guard && this.need(graph.guard),
      updates: graph.updates.map((u) => ({
        variable: u.variable,
        from: this.need(u.value),
        to: this.variableBuffer(u.variable),
      })),
      variables: this.variables,
      bufferOf: this.bufferOf,
    };
    return lowered;
  }

  private addLeaf(t: Tensor): void {
    const leaf = this.leafBuffer(t);
    // The caller's arrays are read once: converted and scaled into a buffer of the sample.
    if (leaf.place.kind !== "input" && !this.padded.has(t)) {
      this.bufferOf.set(t, leaf);
      return;
    }
    this.bufferOf.set(t, this.apart(t, leaf, `${leaf.name}.loaded`));
  }

  private leafBuffer(t: Tensor): Buffer {
    const { variable, data } = t.attributes as { variable?: Variable; data?: Float32Array };
    if (variable) return this.variableBuffer(variable);
    if (data) return this.buffer(t.op.name, t.shape, { kind: "constant", data });
    if (this.graph.inputs.includes(t)) return this.inputBuffer(t);
    if (t.perSample) return this.buffer(t.op.name, t.shape, { kind: "sampleIndex" });
    const position = this.graph.scalars.indexOf(t);
    if (position < 0 && "name" in t.attributes) {
      throw internalError({ where: `lower ${t.op.name}`, problem: `${t.attributes.name} is none of the graph's` });
    }
    return this.buffer(t.op.name, t.shape, position >= 0 ? { kind: "stepScalar", position } : { kind: "batchSize" });
  }

  private inputBuffer(t: Tensor): Buffer {
    let buffer = this.inputs.get(t);
    if (!buffer) {
      buffer = this.buffer(t.attributes.name as string, t.shape, {
        kind: "input",
        position: this.graph.inputs.indexOf(t),
      });
      this.inputs.set(t, buffer);
    }
    return buffer;
  }

  /** The same cells under another shape: an alias where both lie without gaps, a copy otherwise. */
  private addView(t: Tensor): void {
    const source = this.need(t.inputs[0]);
    const [paddedOut, paddedIn] = [this.padded.has(t), this.padded.has(t.inputs[0])];
    if (!paddedOut && !paddedIn) {
      this.bufferOf.set(t, this.alias(t.op.name, t.shape, source));
      return;
    }
    let flat = paddedIn ? undefined : this.alias(`${t.op.name}.flat`, [sizeOf(t.shape)], source);
    if (flat === undefined) {
      const gapless = paddedOut
        ? this.buffer(`${t.op.name}.gapless`, [sizeOf(t.shape)], this.placeOf(t))
        : this.buffer(t.op.name, t.shape, this.placeOf(t));
      flat = paddedOut ? gapless : this.alias(`${t.op.name}.flat`, [sizeOf(t.shape)], gapless);
      const loops = loopsOf(source.shape);
      const index = loops.map((loop) => loopIndex(loop));
      this.copy(t, flat, loops, [flatIndex(loops)], { kind: "load", source, index, outside: "zero" });
      this.bufferOf.set(t, gapless);
    }
    if (paddedOut) {
      const out = this.buffer(t.op.name, t.shape, this.placeOf(t));
      const loops = loopsOf(t.shape);
      const index = loops.map((loop) => loopIndex(loop));
      this.copy(t, out, loops, index, { kind: "load", source: flat, index: [flatIndex(loops)], outside: "zero" });
      this.bufferOf.set(t, out);
    }
  }

  private copy(t: Tensor, out: Buffer, loops: readonly Loop[], index: readonly Affine[], result: KernelExpr): void {
    this.nest(t, out, { loops, index, reduce: [], combine: "sum", value: undefined, result });
  }

  private addNests(t: Tensor, core: Tensor, lowering: Extract<Lowering, { kind: "nests" }>): void {
    const partial = lowering.overSamples
      ? this.buffer(`${core.op.name}.partial`, t.shape, { kind: "partial" })
      : undefined;
    const out = this.buffer(core.op.name, t.shape, this.placeOf(t));
    if (lowering.partial && !partial) {
      this.kernels.push({ kind: "clear", name: `${out.name}.clear`, perSample: t.perSample, out });
    }
    const nests = lowering.nests((k, index, outside = "zero") =>
      this.valueAt(core.inputs[k], index, t, undefined, outside),
    );
    const storeOf = (nest: LoopNest): Store => {
      const made: KernelExpr = nest.reduce.length > 0 ? { kind: "reduced" } : (nest.value() as KernelExpr);
      return { index: nest.out, result: core === t ? made : this.valueAt(t, nest.out, t, { core, value: made }) };
    };
    for (const [first, ...others] of together(nests)) {
      const { loops, reduce, combine } = first;
      const value = reduce.length > 0 ? (first.value() as KernelExpr) : undefined;
      const parts = { loops, reduce, combine, value, ...storeOf(first) };
      this.nest(t, partial ?? out, others.length > 0 ? { ...parts, others: others.map(storeOf) } : parts);
    }
    if (partial) {
      this.kernels.push({ kind: "collect", name: `${out.name}.collect`, perSample: false, from: partial, out });
    }
    this.bufferOf.set(t, partial && this.padded.has(t) ? this.apart(t, out) : out);
  }

  /** A copy of `source` that may have gaps. */
  private apart(t: Tensor, source: Buffer, name = t.op.name): Buffer {
    const out = this.buffer(name, t.shape, this.placeOf(t));
    const loops = loopsOf(t.shape);
    const index = loops.map((loop) => loopIndex(loop));
    this.copy(t, out, loops, index, { kind: "load", source, index, outside: "zero" });
    return out;
  }

  private addRoute(t: Tensor, core: Tensor, lowering: Extract<Lowering, { kind: "routeToMaximum" }>): void {
    const out = this.buffer(core.op.name, t.shape, this.placeOf(t));
    const cell = loopsOf(t.shape);
    const index = cell.map((loop) => loopIndex(loop));
    const reduced: KernelExpr = { kind: "reduced" };
    const [x, y, dy] = core.inputs.map((input) => this.need(input));
    const { windows } = lowering;
    if (!windowsTile(windows, t.shape))
      this.kernels.push({ kind: "clear", name: `${out.name}.clear`, perSample: t.perSample, out });
    const result = core === t ? reduced : this.valueAt(t, index, t, { core, value: reduced });
    this.kernels.push({ kind: "route", name: out.name, perSample: t.perSample, out, windows, x, y, dy, cell, result });
    this.bufferOf.set(t, out);
  }

  private nest(
    t: Tensor,
    out: Buffer,
    parts: Pick<NestKernel, "loops" | "index" | "reduce" | "combine" | "value" | "result" | "others">,
  ): void {
    const accumulate = out.place.kind === "partial";
    const perSample = t.perSample || accumulate;
    this.kernels.push({ kind: "nest", name: out.name, perSample, out, accumulate, ...parts });
  }

  /**
   * The value of `t` at an index: a load where `t` has a buffer, its own arithmetic otherwise. `root` is the tensor
   * being computed (its own buffer is not read); `core` stands for the reduction that it finishes.
   */
  private valueAt(
    t: Tensor,
    index: readonly Affine[],
    root: Tensor,
    core: { core: Tensor; value: KernelExpr } | undefined,
    outside: "zero" | "skip" = "zero",
  ): KernelExpr {
    const made = new Map<Tensor, { index: readonly Affine[]; value: KernelExpr }[]>();
    const at = (x: Tensor, where: readonly Affine[], beyond: "zero" | "skip"): KernelExpr => {
      if (x === core?.core) return core.value;
      // A tensor that is read twice at one index object is one node, so that it is computed once.
      const known = made.get(x)?.find((m) => sameIndex(m.index, where));
      if (known) return known.value;
      const value = this.directly(x, where, root, beyond, at);
      append(made, x, { index: where, value });
      return value;
    };
    return at(t, index, outside);
  }

  private directly(
    x: Tensor,
    index: readonly Affine[],
    root: Tensor,
    outside: "zero" | "skip",
    at: (x: Tensor, index: readonly Affine[], outside: "zero" | "skip") => KernelExpr,
  ): KernelExpr {
    if (x !== root && this.storage.stored.has(x)) return { kind: "load", source: this.need(x), index, outside };
    const lowering = this.storage.lowering(x);
    // What is not stored is read inside its edges; what lies beyond those of its inputs is 0, also under a window.
    if (lowering.kind === "map") {
      return lowering.value(index, (k, inner) => at(x.inputs[k], inner, "zero")) as KernelExpr;
    }
    if (lowering.kind === "view") return at(x.inputs[0], squeezedIndex(x, index), "zero");
    throw internalError({ where: `lower ${x.op.name}`, problem: "it has neither a buffer nor arithmetic" });
  }

  private need(t: Tensor): Buffer {
    const buffer = this.bufferOf.get(t);
    if (!buffer) throw internalError({ where: `lower ${t.op.name}`, problem: "it is read before it has a buffer" });
    return buffer;
  }

  private placeOf(t: Tensor): Place {
    return { kind: t.perSample ? "sample" : "shared" };
  }

  private variableBuffer(variable: Variable): Buffer {
    let buffer = this.variables.get(variable);
    if (!buffer) {
      const place: Place = { kind: "variable", variable };
      buffer = { name: this.unique(variable.name), shape: variable.shape, place, aliasOf: undefined };
      this.variables.set(variable, buffer);
    }
    return buffer;
  }

  private buffer(name: string, shape: Shape, place: Place): Buffer {
    return { name: this.unique(name), shape, place, aliasOf: undefined };
  }

  private alias(name: string, shape: Shape, aliasOf: Buffer): Buffer {
    return { name: this.unique(name), shape, place: aliasOf.place, aliasOf };
  }

  private unique(name: string): string {
    const count = (this.counts.get(name) ?? 0) + 1;
    this.counts.set(name, count);
    return count === 1 ? name : `${name}_${count - 1}`;
  }
}

/** Nests that are done in the same loops. */
function together(nests: readonly LoopNest[]): LoopNest[][] {
  const groups: LoopNest[][] = [];
  for (const nest of nests) {
    const [last] = groups.slice(-1);
    if (last?.[0].loops === nest.loops && nest.reduce.length === 0) last.push(nest);
    else groups.push([nest]);
  }
  return groups;
}

const loopsOf = (shape: Shape): Loop[] => shape.map((size, i) => ({ name: `i${i}`, size }));

/** The place of a cell in row-major order. */
function flatIndex(loops: readonly Loop[]): Affine {
  let stride = 1;
  const terms: (readonly [Loop, number])[] = [];
  for (const loop of [...loops].reverse()) {
    if (loop.size > 1) terms.unshift([loop, stride]);
    stride *= loop.size;
  }
  return { offset: 0, terms };
}
