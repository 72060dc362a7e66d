/**
 * One loop nest as WebAssembly.
 *
 * Addresses are pointers that loops move by constants. The innermost part, the body, computes a tile of results in
 * registers: `rows` positions of one loop times `vectors` groups of four lanes. What does not change from cell to cell
 * of the tile is computed once: that alone makes a convolution's body load each weight vector and each input number
 * once and reuse both.
 */
import { type Affine, type Loop, operandsOf } from "../../expr/expr.ts";
import { chooseForm } from "../../kernel/form.ts";
import type { Buffer, KernelExpr, NestKernel, RouteKernel } from "../../kernel/kernel.ts";
import type { Layout } from "../../kernel/layout.ts";
import { type Load, loadsOf } from "../../kernel/reads.ts";
import { splitRegions } from "../../kernel/regions.ts";
import { routeNests } from "../../kernel/route.ts";
import { type Access, accessOf, acrossLanes, type Element, loadLanes, storeLanes } from "./access.ts";
import { binaryCode, keep, selectCode, type Target, unaryCode, type Vector } from "./arithmetic.ts";
import { type Expr, type Func, f32x4, i32, i32x4, type Local, local, type Statement, v128 } from "./assembler.ts";
import { bump, countedLoop, type Groups, groupsOf, type MergedLoops, mergeLoops } from "./loops.ts";
import type { Profile } from "./profile.ts";

/** The base addresses that a kernel function gets, by space; `fixed` memory is at constant addresses. */
export interface Bases {
  readonly arena: Local<"i32">;
  readonly partial: Local<"i32">;
  readonly kept: Local<"i32">;
  readonly source: Local<"i32">;
}

export interface NestOptions {
  readonly layout: Layout;
  readonly profile: Profile;
  readonly bases: Bases;
  /** What the caller's arrays hold and where their scale is, for kernels that read them. */
  readonly element: Element;
  readonly scaleAddress: number | undefined;
}

/** What the emitter takes: a nest that reads nothing outside, with one or more results written each iteration. */
export interface Nest extends Omit<NestKernel, "index" | "result"> {
  readonly stores: readonly { readonly index: readonly Affine[]; readonly result: KernelExpr }[];
}

export function emitKernel(func: Func, kernel: NestKernel | RouteKernel, options: NestOptions): Statement[] {
  const nests: Nest[] =
    kernel.kind === "route"
      ? routeNests(kernel)
      : splitRegions(kernel).map((n) => ({ ...n, stores: [{ index: n.index, result: n.result }] }));
  return nests.flatMap((nest) => new NestEmitter(func, nest, options).emit());
}

/** Reads or writes whose addresses move alike: one pointer, constant distances. */
interface Stream {
  readonly pointer: Local<"i32">;
  readonly access: Access;
  /** Offset of the pointer itself; members lie at `access.offset − base` from it. */
  base: number;
}

/** Code, and how far it leaves each pointer from where it found it. */
interface Code {
  readonly code: Statement[];
  advance(s: Stream): number;
}

/** Where in the tile the body stands. */
interface Tile {
  /** First position of the tile on the row loop, from where the pointers are. */
  readonly row: number;
  readonly rows: number;
  readonly vectors: number;
  /** Lanes of the last vector that exist. */
  readonly valid: number;
}

class NestEmitter {
  private readonly func: Func;
  private readonly kernel: Nest;
  private readonly options: NestOptions;
  private readonly outs: readonly Access[];
  private readonly accesses = new Map<Load, Access>();
  private readonly streams = new Map<string, Stream>();
  private readonly streamOf = new Map<Access, Stream>();
  private readonly merged: MergedLoops;
  private readonly mergedReduce: MergedLoops;
  private readonly outer: readonly Loop[];
  private readonly reduce: readonly Loop[];
  /** The loop that the lanes run along, if any, and whether it is reduced. */
  private readonly lanes: Loop | undefined;
  private readonly along: boolean;
  private readonly rowLoop: Loop | undefined;
  private readonly rows: number;
  private readonly vectors: number;
  private readonly invariants = new Map<KernelExpr, Local<"v128">>();
  private readonly hoisted = new Set<Load>();
  private readonly usesOf = new Map<KernelExpr, number>();
  private readonly dependence = new Map<KernelExpr, Set<Loop>>();

  constructor(func: Func, kernel: Nest, options: NestOptions) {
    this.func = func;
    this.kernel = kernel;
    this.options = options;
    const { layout, element } = options;
    const elementOf = (b: Buffer): Element => (b.place.kind === "input" ? element : "float32");
    this.outs = kernel.stores.map((store) => accessOf(layout, kernel.out, store.index, "float32"));
    const form = chooseForm({ ...kernel, index: kernel.stores[0].index });
    const valueLoads = loadsOf(kernel.value);
    const resultLoads = loadsOf(...kernel.stores.map((store) => store.result));
    for (const load of [...valueLoads, ...resultLoads]) {
      const source = load.source as Buffer;
      this.accesses.set(load, accessOf(layout, source, load.index, elementOf(source)));
    }
    const all = [...this.accesses.values()];
    const values = valueLoads.map((l) => this.accesses.get(l) as Access);
    this.merged = mergeLoops(kernel.loops, [...all, ...this.outs]);
    this.mergedReduce = mergeLoops(kernel.reduce, values);
    this.along = form.kind === "along";
    this.lanes = form.kind === "single" ? undefined : (this.along ? this.mergedReduce : this.merged).partOf(form.lanes);
    this.reduce = this.mergedReduce.loops;
    const parallel = this.merged.loops.filter((l) => l !== this.lanes);
    const laneVectors = this.lanes && !this.along ? Math.ceil(this.lanes.size / 4) : 1;
    this.rowLoop = kernel.value ? this.chooseRowLoop(parallel, values) : undefined;
    const tile = options.profile.tile(laneVectors, this.rowLoop?.size ?? 1, this.along, kernel.value !== undefined);
    this.rows = tile.rows;
    this.vectors = tile.vectors;
    this.outer = parallel.filter((l) => l !== this.rowLoop);
    this.countUses(kernel.value);
    for (const store of kernel.stores) this.countUses(store.result);
  }

  private stride(access: Access, l: Loop | undefined): number {
    return l === undefined ? 0 : this.merged.strideOf(access, l) || this.mergedReduce.strideOf(access, l);
  }

  /** The loop whose neighbouring positions share a vector operand: the rows of the register tile. */
  private chooseRowLoop(parallel: readonly Loop[], values: readonly Access[]): Loop | undefined {
    let best: Loop | undefined;
    const most = 8;
    for (const l of parallel) {
      const shares = values.some(
        (a) => this.stride(a, l) === 0 && (this.lanes === undefined || this.stride(a, this.lanes) !== 0),
      );
      if (!shares) continue;
      if (best === undefined || Math.min(l.size, most) >= Math.min(best.size, most)) best = l;
    }
    return best;
  }

  emit(): Statement[] {
    const { kernel } = this;
    if (this.kernel.reduce.some((l) => l.size === 0)) {
      // No real cell under the window: the combination of nothing.
      const none: KernelExpr = { kind: "const", value: 0 };
      return new NestEmitter(this.func, { ...kernel, value: none, reduce: [] }, this.options).emit();
    }
    const prologue: Statement[] = [];
    for (const store of kernel.stores) this.hoist(store.result, prologue);
    if (kernel.value) this.hoist(kernel.value, prologue);
    for (const out of this.outs) this.stream(out);
    for (const [load, access] of this.accesses) if (!this.hoisted.has(load)) this.stream(access);
    for (const s of this.streams.values()) prologue.push(local.set(s.pointer, this.address(s)));
    return [...prologue, ...this.nest(0).code];
  }

  private address(s: Stream): Expr<"i32"> {
    const { space } = s.access;
    return space === "fixed" ? i32.const(s.base) : i32.add(this.options.bases[space], s.base);
  }

  private stream(access: Access): Stream {
    const loops = [
      ...this.outer,
      ...this.reduce,
      ...(this.lanes ? [this.lanes] : []),
      ...(this.rowLoop ? [this.rowLoop] : []),
    ];
    const key = `${access.space}:${access.element}:${loops.map((l) => this.stride(access, l)).join()}`;
    let s = this.streams.get(key);
    if (!s) {
      s = { pointer: this.func.local("i32"), access, base: access.offset };
      this.streams.set(key, s);
    }
    s.base = Math.min(s.base, access.offset);
    this.streamOf.set(access, s);
    return s;
  }

  // ---- loops outside the tile ---------------------------------------------------------------------------------------

  /** Code of the loops from `depth` on, and how far it leaves each pointer. */
  private nest(depth: number): Code {
    if (depth === this.outer.length) return this.laneGroups();
    const l = this.outer[depth];
    const inner = this.nest(depth + 1);
    const step = (s: Stream) => this.stride(s.access, l);
    return this.counted(l.size, inner, step);
  }

  private counted(n: number, inner: Code, step: (s: Stream) => number): Code {
    if (n === 1) return inner;
    const moves = [...this.streams.values()].flatMap((s) => bump(s.pointer, step(s) - inner.advance(s)));
    return { code: countedLoop(this.func, n, [...inner.code, ...moves]), advance: (s) => n * step(s) };
  }

  private laneGroups(): Code {
    const size = this.lanes && !this.along ? this.lanes.size : 1;
    const valid = size % 4 === 0 ? 4 : size % 4;
    const step = (s: Stream) => (this.along ? 0 : 4 * this.stride(s.access, this.lanes));
    return this.grouped(groupsOf(Math.ceil(size / 4), this.vectors), step, valid < 4, (vectors, last) =>
      this.rowGroups({ vectors, valid: last ? valid : 4 }),
    );
  }

  private rowGroups(part: { vectors: number; valid: number }): Code {
    const groups = groupsOf(this.rowLoop?.size ?? 1, this.rows);
    if (groups.balanced.length > 1 && groups.balanced.length <= 4) {
      // A few tiles: each with its place in the offsets, no loop and no pointer to move.
      const code: Statement[] = [];
      let row = 0;
      for (const rows of groups.balanced) {
        code.push(...this.body({ row, rows, ...part }));
        row += rows;
      }
      return { code, advance: () => 0 };
    }
    const step = (s: Stream) => this.stride(s.access, this.rowLoop);
    return this.grouped(groups, step, false, (rows) => ({
      code: this.body({ row: 0, rows, ...part }),
      advance: () => 0,
    }));
  }

  /** Groups of one size in a loop, then the rest. `lastDiffers`: the last group has code of its own in any case. */
  private grouped(
    groups: Groups,
    step: (s: Stream) => number,
    lastDiffers: boolean,
    part: (size: number, last: boolean) => Code,
  ): Code {
    const { size, count, rest } = groups;
    const apart = rest === 0 && lastDiffers;
    const loops = apart ? count - 1 : count;
    const tail = apart ? part(size, true) : rest > 0 ? part(rest, true) : undefined;
    if (loops === 0) return tail as Code;
    const first = this.counted(loops, part(size, tail === undefined && loops === 1), (s) => size * step(s));
    if (!tail) return first;
    const at = (s: Stream) => loops * size * step(s);
    const moves = [...this.streams.values()].flatMap((s) => bump(s.pointer, at(s) - first.advance(s)));
    return { code: [...first.code, ...moves, ...tail.code], advance: (s) => at(s) + tail.advance(s) };
  }

  // ---- the tile -----------------------------------------------------------------------------------------------------

  private body(tile: Tile): Statement[] {
    const { kernel, func } = this;
    const t: Target = { func, statements: [] };
    const cells = Array.from({ length: tile.rows * tile.vectors }, (_, k) => ({
      row: Math.floor(k / tile.vectors),
      vector: k % tile.vectors,
    }));
    let reduced: Local<"v128">[] | undefined;
    const intoOut =
      kernel.accumulate && kernel.stores[0].result.kind === "reduced" && kernel.combine === "sum" && !this.along;
    if (kernel.value) {
      reduced = this.along ? this.reduceAlong(t, tile) : this.reduceAcross(t, tile, cells, intoOut);
    }
    const pointers = (access: Access) => (this.streamOf.get(access) as Stream).pointer;
    const evaluate = new Evaluator(this, t, tile, pointers, 0, 1);
    cells.forEach(({ row, vector }, k) => {
      const valid = this.along ? 1 : this.validLanes(tile, vector);
      kernel.stores.forEach((store, which) => {
        const { pointer, offset, stride } = this.place(this.outs[which], tile, row, vector);
        let value = evaluate.at(store.result, row, vector, valid, reduced?.[k]);
        if (kernel.accumulate && !intoOut)
          value = f32x4.add(loadLanes(pointer, offset, stride, valid, "float32"), value);
        if (valid > 1 && (valid < 4 || stride !== 4)) value = keep(t, value);
        t.statements.push(...storeLanes(pointer, offset, stride, valid, value));
      });
    });
    return t.statements;
  }

  private validLanes(tile: Tile, vector: number): number {
    return this.lanes === undefined ? 1 : vector === tile.vectors - 1 ? tile.valid : 4;
  }

  /** Where a cell of the tile lies from its pointer. */
  private place(access: Access, tile: Tile, row: number, vector: number) {
    const stream = this.streamOf.get(access) as Stream;
    const stride = this.along ? 0 : this.stride(access, this.lanes);
    const offset =
      access.offset - stream.base + (tile.row + row) * this.stride(access, this.rowLoop) + vector * 4 * stride;
    return { pointer: stream.pointer, offset, stride };
  }

  private start(combine: "sum" | "max"): Expr<"v128"> {
    return f32x4.const(combine === "sum" ? 0 : Number.NEGATIVE_INFINITY);
  }

  private combine(a: Vector, b: Vector): Expr<"v128"> {
    return this.kernel.combine === "sum" ? f32x4.add(a, b) : f32x4.pmax(a, b);
  }

  /** Pointers that walk through the reduction, starting where the outer ones stand. */
  private walkers(t: Target, value: KernelExpr): Map<Stream, Local<"i32">> {
    const walkers = new Map<Stream, Local<"i32">>();
    for (const load of loadsOf(value)) {
      if (this.hoisted.has(load)) continue;
      const s = this.streamOf.get(this.accesses.get(load) as Access) as Stream;
      if (walkers.has(s)) continue;
      const p = this.walkerLocals.get(s) ?? this.func.local("i32");
      this.walkerLocals.set(s, p);
      walkers.set(s, p);
      t.statements.push(local.set(p, s.pointer));
    }
    return walkers;
  }

  private readonly walkerLocals = new Map<Stream, Local<"i32">>();
  private readonly accumulators: Local<"v128">[] = [];

  private accumulator(k: number): Local<"v128"> {
    this.accumulators[k] ??= this.func.local("v128");
    return this.accumulators[k];
  }

  private reduceAcross(
    t: Target,
    tile: Tile,
    cells: readonly { row: number; vector: number }[],
    fromOut: boolean,
  ): Local<"v128">[] {
    const { kernel } = this;
    const value = kernel.value as KernelExpr;
    const sums = cells.map((_, k) => this.accumulator(k));
    cells.forEach(({ row, vector }, k) => {
      const { pointer, offset, stride } = this.place(this.outs[0], tile, row, vector);
      const valid = this.validLanes(tile, vector);
      const first = fromOut ? loadLanes(pointer, offset, stride, valid, "float32") : this.start(kernel.combine);
      t.statements.push(local.set(sums[k], first));
    });
    const walkers = this.walkers(t, value);
    const pointers = (access: Access) => walkers.get(this.streamOf.get(access) as Stream) as Local<"i32">;
    const one = (unrolled: number): Statement[] => {
      const inner: Target = { func: this.func, statements: [] };
      const evaluate = new Evaluator(this, inner, tile, pointers, unrolled, 1);
      cells.forEach(({ row, vector }, k) => {
        const v = evaluate.at(value, row, vector, this.validLanes(tile, vector), undefined);
        inner.statements.push(local.set(sums[k], this.combine(sums[k], v)));
      });
      return inner.statements;
    };
    t.statements.push(...this.reduceNest(0, this.reduce, walkers, one).code);
    return sums;
  }

  /** Reduction loops around `one`, the innermost unrolled as the profile says. */
  private reduceNest(
    depth: number,
    loops: readonly Loop[],
    walkers: ReadonlyMap<Stream, Local<"i32">>,
    one: (unrolled: number) => Statement[],
  ): Code {
    if (depth === loops.length) return { code: one(0), advance: () => 0 };
    const l = loops[depth];
    const step = (s: Stream) => this.stride(s.access, l);
    const moves = (by: (s: Stream) => number) => [...walkers].flatMap(([s, p]) => bump(p, by(s)));
    if (depth < loops.length - 1) {
      const inner = this.reduceNest(depth + 1, loops, walkers, one);
      const code = countedLoop(this.func, l.size, [...inner.code, ...moves((s) => step(s) - inner.advance(s))]);
      return { code, advance: (s) => l.size * step(s) };
    }
    const unroll = Math.min(this.options.profile.unroll, l.size);
    const full = Math.floor(l.size / unroll);
    const copies = (n: number) => Array.from({ length: n }, (_, u) => one(u)).flat();
    const code =
      full > 1 ? countedLoop(this.func, full, [...copies(unroll), ...moves((s) => unroll * step(s))]) : copies(unroll);
    const rest = copies(l.size - full * unroll);
    if (full === 1 && rest.length > 0) code.push(...moves((s) => unroll * step(s)));
    code.push(...rest);
    const moved = full > 1 || rest.length > 0;
    return { code, advance: (s) => (moved ? full * unroll * step(s) : 0) };
  }

  /** Lanes along the reduction: vectors of partial sums, added across the lanes at the end. */
  private reduceAlong(t: Target, tile: Tile): Local<"v128">[] {
    const { kernel } = this;
    const value = kernel.value as KernelExpr;
    const lanes = this.lanes as Loop;
    const vectors = Math.floor(lanes.size / 4);
    const tail = lanes.size % 4;
    // Without rows to interleave, several chains of additions run side by side.
    const chains =
      tile.rows >= 4 ? 1 : Math.max(1, Math.min(vectors, Math.floor(this.options.profile.chains / tile.rows)));
    const sums = Array.from({ length: tile.rows * chains }, (_, k) => this.accumulator(k));
    for (const s of sums) t.statements.push(local.set(s, this.start(kernel.combine)));
    const walkers = this.walkers(t, value);
    const pointers = (access: Access) => walkers.get(this.streamOf.get(access) as Stream) as Local<"i32">;
    const lanesStep = (s: Stream) => 4 * this.stride(s.access, lanes);
    const move = (n: number) => [...walkers].flatMap(([s, p]) => bump(p, n * lanesStep(s)));
    const some = (count: number, valid: number): Statement[] => {
      const inner: Target = { func: this.func, statements: [] };
      const evaluate = new Evaluator(this, inner, tile, pointers, 0, count);
      for (let row = 0; row < tile.rows; row++) {
        for (let v = 0; v < count; v++) {
          let x: Vector = evaluate.at(value, row, v, valid, undefined);
          if (valid < 4) x = this.masked(x, valid);
          const sum = sums[row * chains + v];
          inner.statements.push(local.set(sum, this.combine(sum, x)));
        }
      }
      return inner.statements;
    };
    const full = Math.floor(vectors / chains);
    const rest = vectors - full * chains;
    const code: Statement[] = [];
    let advanced = 0;
    if (full > 1) {
      code.push(...countedLoop(this.func, full, [...some(chains, 4), ...move(chains)]));
      advanced = full * chains;
    } else if (full === 1) {
      code.push(...some(chains, 4));
      if (rest > 0 || tail > 0) {
        code.push(...move(chains));
        advanced = chains;
      }
    }
    if (rest > 0) {
      code.push(...some(rest, 4));
      if (tail > 0) {
        code.push(...move(rest));
        advanced += rest;
      }
    }
    if (tail > 0) code.push(...some(1, tail));
    const inner: Code = { code, advance: (s) => advanced * lanesStep(s) };
    const outerReduce = this.reduce.filter((l) => l !== lanes);
    let all = inner;
    for (const l of [...outerReduce].reverse()) {
      const step = (s: Stream) => this.stride(s.access, l);
      const before = all;
      const moves = [...walkers].flatMap(([s, p]) => bump(p, step(s) - before.advance(s)));
      all = { code: countedLoop(this.func, l.size, [...before.code, ...moves]), advance: (s) => l.size * step(s) };
    }
    t.statements.push(...all.code);
    return Array.from({ length: tile.rows }, (_, row) => {
      let sum: Local<"v128"> = sums[row * chains];
      for (let k = 1; k < chains; k++) sum = keep(t, this.combine(sum, sums[row * chains + k]));
      return keep(
        t,
        acrossLanes(
          sum,
          (a, b) => this.combine(a, b),
          (v) => keep(t, v),
        ),
      );
    });
  }

  /** Lanes beyond `valid` made neutral. */
  private masked(value: Vector, valid: number): Expr<"v128"> {
    const m = [0, 1, 2, 3].map((lane) => (lane < valid ? -1 : 0)) as [number, number, number, number];
    const bits = i32x4.const(...m);
    if (this.kernel.combine === "sum") return v128.and(value, bits);
    return v128.bitselect(value, this.start("max"), bits);
  }

  // ---- expressions --------------------------------------------------------------------------------------------------

  /** How often each node is used by others. */
  private countUses(e: KernelExpr | undefined): void {
    if (!e) return;
    const seen = this.usesOf.get(e);
    this.usesOf.set(e, (seen ?? 0) + 1);
    if (seen === undefined) for (const x of operandsOf(e)) this.countUses(x);
  }

  uses(e: KernelExpr): number {
    return this.usesOf.get(e) ?? 1;
  }

  /** The loops with which the value of an expression changes; `reduced` changes with all. */
  private loopsOf(e: KernelExpr): Set<Loop> {
    let set = this.dependence.get(e);
    if (set) return set;
    set = new Set<Loop>();
    const all = [
      ...this.outer,
      ...this.reduce,
      ...(this.lanes ? [this.lanes] : []),
      ...(this.rowLoop ? [this.rowLoop] : []),
    ];
    if (e.kind === "reduced") for (const l of all) set.add(l);
    if (e.kind === "load") {
      const access = this.accesses.get(e as Load) as Access;
      for (const l of all) if (this.stride(access, l) !== 0) set.add(l);
    }
    for (const x of operandsOf(e)) for (const l of this.loopsOf(x)) set.add(l);
    this.dependence.set(e, set);
    return set;
  }

  changesWithRow = (e: KernelExpr): boolean =>
    this.rowLoop !== undefined && (this.loopsOf(e).has(this.rowLoop) || e.kind === "reduced");
  changesWithLanes = (e: KernelExpr): boolean =>
    e.kind === "reduced" || (this.lanes !== undefined && this.loopsOf(e).has(this.lanes));

  /** Computes what no loop changes before all loops. */
  private hoist(e: KernelExpr, statements: Statement[]): void {
    if (e.kind === "const" || e.kind === "reduced" || this.invariants.has(e)) return;
    if (this.loopsOf(e).size > 0 || contains(e, "reduced")) {
      for (const x of operandsOf(e)) this.hoist(x, statements);
      return;
    }
    for (const load of loadsOf(e)) this.hoisted.add(load);
    const target: Target = { func: this.func, statements: [] };
    const direct = (access: Access): Local<"i32"> => {
      const p = this.func.local("i32");
      const base =
        access.space === "fixed" ? i32.const(access.offset) : i32.add(this.options.bases[access.space], access.offset);
      target.statements.push(local.set(p, base));
      return p;
    };
    const evaluate = new Evaluator(this, target, { row: 0, rows: 1, vectors: 1, valid: 4 }, direct, 0, 1, true);
    const value = keep(target, evaluate.at(e, 0, 0, 4, undefined));
    statements.push(...target.statements);
    this.invariants.set(e, value);
  }

  invariant(e: KernelExpr): Local<"v128"> | undefined {
    return this.invariants.get(e);
  }

  accessOf(e: Load): Access {
    return this.accesses.get(e) as Access;
  }

  load(
    e: Load,
    pointer: Local<"i32">,
    tile: Tile,
    row: number,
    vector: number,
    unrolled: number,
    valid: number,
    direct: boolean,
  ): Expr<"v128"> {
    const access = this.accesses.get(e) as Access;
    if (direct) return loadLanes(pointer, 0, 0, valid, access.element);
    const s = this.streamOf.get(access) as Stream;
    const lanesStride = this.stride(access, this.lanes);
    const innermost = this.along ? undefined : this.reduce[this.reduce.length - 1];
    const offset =
      access.offset -
      s.base +
      (tile.row + row) * this.stride(access, this.rowLoop) +
      vector * 4 * lanesStride +
      unrolled * this.stride(access, innermost);
    const lanes = loadLanes(pointer, offset, lanesStride, this.lanes ? valid : 1, access.element);
    const { scaleAddress } = this.options;
    if (access.space !== "source" || scaleAddress === undefined) return lanes;
    return f32x4.mul(lanes, v128.load32Splat(scaleAddress));
  }
}

/** Computes expressions for the cells of one tile, each shared value once. */
class Evaluator {
  private readonly nest: NestEmitter;
  private readonly target: Target;
  private readonly tile: Tile;
  private readonly pointer: (access: Access) => Local<"i32">;
  private readonly unrolled: number;
  private readonly vectorCopies: number;
  private readonly direct: boolean;
  private readonly memo = new Map<KernelExpr, Map<string, Vector>>();

  constructor(
    nest: NestEmitter,
    target: Target,
    tile: Tile,
    pointer: (access: Access) => Local<"i32">,
    unrolled: number,
    vectorCopies: number,
    direct = false,
  ) {
    this.nest = nest;
    this.target = target;
    this.tile = tile;
    this.pointer = pointer;
    this.unrolled = unrolled;
    this.vectorCopies = vectorCopies;
    this.direct = direct;
  }

  at(e: KernelExpr, row: number, vector: number, valid: number, reduced: Local<"v128"> | undefined): Vector {
    if (e.kind === "const") return f32x4.const(e.value);
    if (e.kind === "reduced") return reduced as Local<"v128">;
    const known = this.nest.invariant(e);
    if (known) return known;
    const [byRow, byLanes] = [this.nest.changesWithRow(e), this.nest.changesWithLanes(e)];
    const key = `${byRow ? row : "-"},${byLanes ? vector : "-"}`;
    let values = this.memo.get(e);
    if (!values) {
      values = new Map();
      this.memo.set(e, values);
    }
    const made = values.get(key);
    if (made) return made;
    let value = this.compute(e, row, vector, valid, reduced);
    const cells = (byRow ? 1 : this.tile.rows) * (byLanes ? 1 : Math.max(this.tile.vectors, this.vectorCopies));
    if (this.nest.uses(e) * cells > 1) {
      value = keep(this.target, value);
      values.set(key, value);
    }
    return value;
  }

  private compute(
    e: KernelExpr,
    row: number,
    vector: number,
    valid: number,
    reduced: Local<"v128"> | undefined,
  ): Vector {
    const operand = (x: KernelExpr) => this.at(x, row, vector, valid, reduced);
    switch (e.kind) {
      case "load": {
        const access = this.nest.accessOf(e as Load);
        return this.nest.load(
          e as Load,
          this.pointer(access),
          this.tile,
          row,
          vector,
          this.unrolled,
          valid,
          this.direct,
        );
      }
      case "unary":
        return unaryCode[e.name](this.target, operand(e.x));
      case "binary": {
        const [a, b] = [operand(e.a), operand(e.b)];
        // Against a number the short forms agree with the exact ones, NaN included.
        if (e.name === "max" && e.b.kind === "const") return f32x4.pmax(a, b);
        if (e.name === "min" && e.b.kind === "const") return f32x4.pmin(a, b);
        return binaryCode[e.name](a, b);
      }
      case "select": {
        const [c, yes, no] = [operand(e.condition), operand(e.yes), operand(e.no)];
        return selectCode(c, yes, no);
      }
      default:
        throw new Error("constants and reduced values are answered before");
    }
  }
}

const contains = (e: KernelExpr, kind: KernelExpr["kind"]): boolean =>
  e.kind === kind || operandsOf(e).some((x) => contains(x, kind));
