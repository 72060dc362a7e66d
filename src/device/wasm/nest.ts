/**
 * One loop nest as WebAssembly.
 *
 * Loops move pointers by constants. The innermost part computes a tile of results in registers: positions of the row
 * loop times groups of four lanes. What does not change from cell to cell of the tile is computed once: that alone makes
 * a convolution load each weight vector and each input number once and use both several times.
 */
import { sizeOf } from "../../core/array.ts";
import type { Pieces } from "../../core/pieces.ts";
import { iterationsOf, type Loop, operandsOf } from "../../expr/expr.ts";
import { overSamples } from "../../kernel/batch.ts";
import { splitBlocks } from "../../kernel/block.ts";
import type { Buffer, KernelExpr, NestKernel, RouteKernel } from "../../kernel/kernel.ts";
import { type Load, loadsOf, storesOf } from "../../kernel/reads.ts";
import { splitRegions } from "../../kernel/regions.ts";
import { routeNests } from "../../kernel/route.ts";
import { type Access, gatherLanes, loadLanes, storeLanes } from "./access.ts";
import { keep, type Target, type Vector } from "./arithmetic.ts";
import {
  call,
  type Expr,
  type Func,
  f32x4,
  i32,
  if_,
  type Local,
  local,
  type Module,
  type Statement,
  v128,
} from "./assembler.ts";
import { hoistConstants } from "./constants.ts";
import { type Cell, Evaluator } from "./evaluate.ts";
import { balancedGroups, bump, countedLoop, type Groups, groupsOf } from "./loops.ts";
import { type Nest, NestPlan, type PlanOptions, type Tile } from "./plan.ts";
import type { Profile } from "./profile.ts";
import { type Code, cellsOf, fours, Reduction, type Surroundings } from "./reduction.ts";
import { addressOf, type Bases, type Stream, Streams } from "./streams.ts";

export const kernelSignature = { arena: "i32", partial: "i32", kept: "i32", source: "i32" } as const;
const rowSignature = { ...kernelSignature, row: "i32" } as const;

export interface NestOptions extends PlanOptions {
  readonly module: Module;
  readonly bases: Bases;
  /** Where the scale of the caller's arrays is. */
  readonly scaleAddress?: number | undefined;
  /** Which part of the outermost loop is to be done, of how many; all of it when absent. */
  readonly part?: { readonly index: Local<"i32">; readonly count: Local<"i32"> };
  /** Which iteration of the outermost loop is to be done; all when absent. */
  readonly row?: Local<"i32">;
}

/** Tiles of a row that are each code of their own, without a loop. */
const MOST_TILES_UNROLLED = 4;

/** Emits in pieces: a nest each. */
export function* emitKernel(
  func: Func,
  kernel: NestKernel | RouteKernel,
  options: NestOptions,
): Pieces<readonly Statement[]> {
  const nests: Nest[] =
    kernel.kind === "route" ? routeNests(kernel) : loopsOf(kernel, options).map((n) => ({ ...n, stores: storesOf(n) }));
  const code: Statement[] = [];
  for (const nest of nests.map(withCells)) {
    const plan = new NestPlan(nest, options);
    if (isLong(plan, options)) code.push(...rowByRow(func, plan, options));
    else code.push(...new NestEmitter(func, plan, options).emit());
    yield;
  }
  return hoistConstants(func, code);
}

/** Whether each iteration of the outermost loop takes so long that it is worth a call. */
function isLong({ nest, outer }: NestPlan, { part, profile }: NestOptions): boolean {
  const [rows] = outer;
  if (part || rows === undefined || rows.size === 1) return false;
  return iterationsOf([...nest.loops, ...nest.reduce]) / rows.size >= profile.longRow;
}

/** A nest as a function of its own that does one iteration of the outermost loop, called for one after the other. */
function rowByRow(func: Func, plan: NestPlan, options: NestOptions): Statement[] {
  const { module, bases } = options;
  const made = module.func(`${func.name}.row`, rowSignature);
  const { row, ...own } = made.params;
  const one = made as unknown as Func;
  one.emit(...hoistConstants(one, new NestEmitter(one, plan, { ...options, bases: own, row }).emit()));
  module.finish(one);
  const k = func.local("i32");
  const done = call(made, bases.arena, bases.partial, bases.kept, bases.source, k);
  return [local.set(k, 0), ...countedLoop(func, plan.outer[0].size, [done, ...bump(k, 1)])];
}

const loopsOf = (kernel: NestKernel, { samples }: NestOptions): NestKernel[] =>
  samples ? [overSamples(kernel, samples)] : splitRegions(kernel).flatMap(splitBlocks);

/** A window without a real cell combines nothing: its result is that of 0. */
function withCells(nest: Nest): Nest {
  const empty = nest.reduce.some((l) => l.size === 0);
  return empty ? { ...nest, value: { kind: "const", value: 0 }, reduce: [] } : nest;
}

class NestEmitter implements Surroundings {
  readonly func: Func;
  readonly plan: NestPlan;
  readonly profile: Profile;
  readonly streams: Streams;
  private readonly options: NestOptions;
  private readonly reduction: Reduction | undefined;
  private readonly prologue: Statement[] = [];
  private readonly invariants = new Map<KernelExpr, Local<"v128">>();
  private readonly invariantLoads = new Set<Load>();
  private readonly looked = new Set<KernelExpr>();

  constructor(func: Func, plan: NestPlan, options: NestOptions) {
    this.func = func;
    this.options = options;
    this.profile = options.profile;
    this.plan = plan;
    const { nest } = plan;
    for (const e of [nest.value, ...nest.stores.map((store) => store.result)]) if (e) this.hoist(e);
    const moving = [...this.plan.accesses]
      .filter(([load]) => !this.invariantLoads.has(load))
      .map(([, access]) => access);
    this.streams = new Streams(func, this.plan, options.bases, [...this.plan.outs, ...moving]);
    this.reduction = nest.value && new Reduction(this, nest.value);
  }

  emit(): Statement[] {
    const { part, row } = this.options;
    const { split, outer } = this.plan;
    if (row) {
      const start = this.streams.start((s) => i32.mul(row, this.plan.stride(s.access, outer[0])));
      return [...this.prologue, ...start, ...this.nest(1).code];
    }
    if (!part) return [...this.prologue, ...this.streams.start(), ...this.nest(0).code];
    if (!split) return [if_(i32.eqz(part.index), [...this.prologue, ...this.streams.start(), ...this.nest(0).code])];
    const [first, count] = [this.func.local("i32"), this.func.local("i32")];
    const bound = (k: Expr<"i32">) => i32.divU(i32.mul(k, split.size), part.count);
    const { code, advance } = this.nest(1);
    const step = (s: Stream) => this.plan.stride(s.access, split);
    const body = [...code, ...this.streams.move((s) => step(s) - advance(s))];
    return [
      local.set(first, bound(part.index.read)),
      local.set(count, i32.sub(bound(i32.add(part.index, 1)), first)),
      if_(count, [
        ...this.prologue,
        ...this.streams.start((s) => i32.mul(first, step(s))),
        ...countedLoop(this.func, count, body),
      ]),
    ];
  }

  // ---- loops around the tile ----------------------------------------------------------------------------------------

  private nest(depth: number): Code {
    if (depth === this.plan.outer.length) return this.laneGroups();
    const l = this.plan.outer[depth];
    return this.counted(l.size, this.nest(depth + 1), (s) => this.plan.stride(s.access, l));
  }

  private counted(n: number, inner: Code, step: (s: Stream) => number): Code {
    if (n === 1) return inner;
    const moves = this.streams.move((s) => step(s) - inner.advance(s));
    return { code: countedLoop(this.func, n, [...inner.code, ...moves]), advance: (s) => n * step(s) };
  }

  private laneGroups(): Code {
    const { plan } = this;
    const valid = plan.laneCount % 4 || 4;
    const step = (s: Stream) => (plan.along ? 0 : 4 * plan.stride(s.access, plan.lanes));
    return this.grouped(groupsOf(plan.laneVectors, plan.vectors), step, valid < 4, (vectors, last) =>
      this.rowGroups({ vectors, valid: last ? valid : 4 }),
    );
  }

  private rowGroups(part: { vectors: number; valid: number }): Code {
    const positions = this.plan.rowLoop?.size ?? 1;
    if (positions > this.plan.rows && positions <= MOST_TILES_UNROLLED * this.plan.rows) {
      // A few tiles: each with its place in the offsets, no loop and no pointer to move.
      const code: Statement[] = [];
      let row = 0;
      for (const rows of balancedGroups(positions, this.plan.rows)) {
        code.push(...this.body({ row, rows, ...part }));
        row += rows;
      }
      return { code, advance: () => 0 };
    }
    const step = (s: Stream) => this.plan.stride(s.access, this.plan.rowLoop);
    const tile = (rows: number): Code => ({ code: this.body({ row: 0, rows, ...part }), advance: () => 0 });
    return this.grouped(groupsOf(positions, this.plan.rows), step, false, tile);
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
    const first = this.counted(loops, part(size, false), (s) => size * step(s));
    if (!tail) return first;
    const at = (s: Stream) => loops * size * step(s);
    const moves = this.streams.move((s) => at(s) - first.advance(s));
    return { code: [...first.code, ...moves, ...tail.code], advance: (s) => at(s) + tail.advance(s) };
  }

  // ---- the tile -----------------------------------------------------------------------------------------------------

  private body(tile: Tile): Statement[] {
    const { plan } = this;
    const { nest } = plan;
    const t: Target = { func: this.func, statements: [] };
    // A plain sum that is added to the output starts from it: no addition at the end.
    const fromOut =
      nest.accumulate && nest.stores[0].result.kind === "reduced" && nest.combine === "sum" && !plan.along;
    const reduced = this.reduction?.emit(t, tile, fromOut);
    const cells = this.resultsOf(tile);
    const evaluate = plan.along
      ? this.rowEvaluator(t, tile, cells.length)
      : this.evaluator(t, tile, (s) => s.pointer, 0, tile.vectors);
    const adds = nest.accumulate && !fromOut;
    const written = (which: number, k: number): Statement[] => {
      const { row, vector, valid } = cells[k];
      const cell: Cell = { row, vector, valid, reduced: reduced?.[k] };
      const { pointer, offset, stride } = this.place(plan.outs[which], tile, row, vector);
      let value = evaluate.at(nest.stores[which].result, cell);
      if (adds) value = f32x4.add(loadLanes(pointer, offset, stride, valid, "float32"), value);
      return storeLanes(pointer, offset, stride, valid, keep(t, value));
    };
    if (adds) {
      // Cells may overlap: cell after cell, so that the order of additions does not depend on the size of a tile.
      cells.forEach((_, k) => {
        for (const which of nest.stores.keys()) t.statements.push(...written(which, k));
      });
      return t.statements;
    }
    // One store after the other, so that few values wait. All its values first, then where they go: a read between two
    // vectors that are written would keep the engine from pairing them.
    for (const which of nest.stores.keys()) {
      const stores = cells.flatMap((_, k) => written(which, k));
      t.statements.push(...stores);
    }
    return t.statements;
  }

  /** The vectors of results of a tile. Where the lanes were reduced, they hold four rows each. */
  private resultsOf(tile: Tile): Omit<Cell, "reduced">[] {
    const { plan } = this;
    if (!plan.along) return cellsOf(tile).map((c) => ({ ...c, valid: plan.validLanes(tile, c.vector) }));
    const rows = Array.from({ length: tile.rows }, (_, row) => row);
    return fours(rows).map((group, vector) => ({ row: 0, vector, valid: group.length }));
  }

  readonly place = (access: Access, tile: Tile, row: number, vector: number) => {
    const { plan } = this;
    const { pointer, base } = this.streams.of(access);
    const stride = plan.stride(access, this.resultLoop);
    const offset = access.offset - base + (tile.row + row) * plan.stride(access, plan.rowLoop) + vector * 4 * stride;
    return { pointer, offset, stride };
  };

  /** The loop along which results lie in the lanes. */
  private get resultLoop(): Loop | undefined {
    return this.plan.along ? this.plan.rowLoop : this.plan.lanes;
  }

  /** For results of several rows in one vector: reads what lies at those rows. */
  private rowEvaluator(target: Target, tile: Tile, vectors: number): Evaluator {
    const { plan } = this;
    const load = (e: Load, cell: Cell): Vector => {
      const access = plan.accessOf(e);
      const { pointer, offset, stride } = this.place(access, tile, cell.row, cell.vector);
      return this.scaled(access, loadLanes(pointer, offset, stride, cell.valid, access.element));
    };
    const lanes = { changesWithRow: () => false, changesWithLanes: (e: KernelExpr) => plan.changesWithRow(e) };
    return new Evaluator({ ...this.scope(load), ...lanes }, target, { rows: 1, vectors });
  }

  evaluator(
    target: Target,
    tile: Tile,
    pointer: (s: Stream) => Local<"i32">,
    unrolled: number,
    vectors: number,
  ): Evaluator {
    const { plan } = this;
    const load = (e: Load, cell: Cell): Vector => {
      const access = plan.accessOf(e);
      const s = this.streams.of(access);
      const lanesStride = plan.stride(access, plan.lanes);
      const innermost = plan.along ? undefined : plan.reduce[plan.reduce.length - 1];
      const offset =
        access.offset -
        s.base +
        (tile.row + cell.row) * plan.stride(access, plan.rowLoop) +
        cell.vector * 4 * lanesStride +
        unrolled * plan.stride(access, innermost);
      return this.scaled(
        access,
        loadLanes(pointer(s), offset, lanesStride, plan.lanes ? cell.valid : 1, access.element),
      );
    };
    return new Evaluator(this.scope(load, pointer), target, { rows: tile.rows, vectors });
  }

  isInvariant(load: Load): boolean {
    return this.invariantLoads.has(load);
  }

  // ---- what no loop changes -----------------------------------------------------------------------------------------

  /** Computes before all loops what none of them changes. */
  private hoist(e: KernelExpr): void {
    if (e.kind === "const" || e.kind === "reduced" || this.looked.has(e)) return;
    this.looked.add(e);
    if (this.plan.changes(e) || contains(e, "reduced") || contains(e, "gather")) {
      // The load of a gather names a buffer; it is no value of its own.
      for (const x of e.kind === "gather" ? [e.cell] : operandsOf(e)) this.hoist(x);
      return;
    }
    for (const load of loadsOf(e)) this.invariantLoads.add(load);
    const target: Target = { func: this.func, statements: this.prologue };
    const load = (x: Load): Vector => {
      const access = this.plan.accessOf(x);
      const pointer = this.func.local("i32");
      this.prologue.push(local.set(pointer, addressOf(this.options.bases, access, access.offset)));
      return this.scaled(access, loadLanes(pointer, 0, 0, 4, access.element));
    };
    const evaluate = new Evaluator(this.scope(load), target, { rows: 1, vectors: 1 });
    this.invariants.set(e, keep(target, evaluate.at(e, { row: 0, vector: 0, valid: 4, reduced: undefined })));
  }

  private scope(load: (e: Load, cell: Cell) => Vector, pointer: (s: Stream) => Local<"i32"> = (s) => s.pointer) {
    const { plan } = this;
    return {
      load,
      gather: (from: Load, places: Local<"v128">, cell: Cell) => {
        const source = from.source as Buffer;
        const s = this.streams.of(plan.accessOf(from));
        const offset = plan.accessOf(from).offset - s.base;
        return gatherLanes(pointer(s), offset, places, sizeOf(source.shape), plan.lanes ? cell.valid : 1);
      },
      invariant: (e: KernelExpr) => this.invariants.get(e),
      uses: (e: KernelExpr) => plan.uses(e),
      changesWithRow: (e: KernelExpr) => plan.changesWithRow(e),
      changesWithLanes: (e: KernelExpr) => plan.changesWithLanes(e),
    };
  }

  private scaled(access: Access, lanes: Vector): Vector {
    const { scaleAddress } = this.options;
    if (access.space !== "source" || scaleAddress === undefined) return lanes;
    return f32x4.mul(lanes, v128.load32Splat(scaleAddress));
  }
}

function contains(e: KernelExpr, kind: KernelExpr["kind"], seen = new Set<KernelExpr>()): boolean {
  if (e.kind === kind) return true;
  if (seen.has(e)) return false;
  seen.add(e);
  return operandsOf(e).some((x) => contains(x, kind, seen));
}
