/**
 * The reduction of a tile: accumulators in registers while pointers of its own walk through the reduced loops.
 *
 * `across` keeps one accumulator for each vector of results. `along` puts the lanes along the reduction itself: partial
 * sums in the lanes, added in a fixed order at the end.
 */
import type { Loop } from "../../expr/expr.ts";
import type { KernelExpr } from "../../kernel/kernel.ts";
import { type Load, loadsOf } from "../../kernel/reads.ts";
import { type Access, acrossLanes, loadLanes } from "./access.ts";
import { keep, type Target, type Vector } from "./arithmetic.ts";
import { type Expr, type Func, f32x4, i32x4, type Local, local, type Statement, v128 } from "./assembler.ts";
import type { Evaluator } from "./evaluate.ts";
import { bump, countedLoop } from "./loops.ts";
import type { NestPlan, Tile } from "./plan.ts";
import type { Profile } from "./profile.ts";
import type { Stream, Streams } from "./streams.ts";

/** Code, and how far it leaves each pointer from where it found it. */
export interface Code {
  readonly code: Statement[];
  advance(s: Stream): number;
}

/** What a reduction needs of the nest around it. */
export interface Surroundings {
  readonly func: Func;
  readonly plan: NestPlan;
  readonly profile: Profile;
  readonly streams: Streams;
  isInvariant(load: Load): boolean;
  /** An evaluator that reads through `pointer`, `unrolled` steps of the innermost loop ahead. */
  evaluator(
    target: Target,
    tile: Tile,
    pointer: (s: Stream) => Local<"i32">,
    unrolled: number,
    vectors: number,
  ): Evaluator;
  /** Where a cell of the tile lies in the output. */
  place(
    access: Access,
    tile: Tile,
    row: number,
    vector: number,
  ): { pointer: Local<"i32">; offset: number; stride: number };
}

export class Reduction {
  private readonly around: Surroundings;
  private readonly value: KernelExpr;
  private readonly walkerOf = new Map<Stream, Local<"i32">>();
  private readonly accumulators: Local<"v128">[] = [];

  constructor(around: Surroundings, value: KernelExpr) {
    this.around = around;
    this.value = value;
    for (const load of loadsOf(value)) {
      if (around.isInvariant(load)) continue;
      const s = around.streams.of(around.plan.accessOf(load));
      if (!this.walkerOf.has(s)) this.walkerOf.set(s, around.func.local("i32"));
    }
  }

  /**
   * The reduced value of every cell of the tile, row by row; where the lanes were reduced, vectors of four rows.
   * With `fromOut` the sums go on from what is there.
   */
  emit(t: Target, tile: Tile, fromOut: boolean): Local<"v128">[] {
    for (const [s, walker] of this.walkerOf) t.statements.push(local.set(walker, s.pointer));
    return this.around.plan.along ? this.along(t, tile) : this.across(t, tile, fromOut);
  }

  private across(t: Target, tile: Tile, fromOut: boolean): Local<"v128">[] {
    const { plan, place } = this.around;
    const cells = cellsOf(tile);
    const sums = cells.map((_, k) => this.accumulator(k));
    // Sums that go on from the output are set first; pointers of the output stand where the tile begins.
    const starts = cells.map(({ row, vector }, k) => {
      if (!fromOut) return local.set(sums[k], this.neutral());
      const { pointer, offset, stride } = place(plan.outs[0], tile, row, vector);
      return local.set(sums[k], loadLanes(pointer, offset, stride, plan.validLanes(tile, vector), "float32"));
    });
    t.statements.push(...starts);
    const one = (unrolled: number): Statement[] => {
      const inner: Target = { func: this.around.func, statements: [] };
      const evaluate = this.around.evaluator(inner, tile, this.walker, unrolled, tile.vectors);
      cells.forEach(({ row, vector }, k) => {
        const valid = plan.validLanes(tile, vector);
        const value = evaluate.at(this.value, { row, vector, valid, reduced: undefined });
        inner.statements.push(local.set(sums[k], this.combine(sums[k], value)));
      });
      return inner.statements;
    };
    t.statements.push(...this.loops(plan.reduce, (innermost) => this.unrolled(innermost, one)).code);
    return sums;
  }

  /** The innermost loop, a few iterations at a time. */
  private unrolled(l: Loop | undefined, one: (unrolled: number) => Statement[]): Code {
    if (!l) return { code: one(0), advance: () => 0 };
    const step = (s: Stream) => this.around.plan.stride(s.access, l);
    const unroll = Math.min(this.around.profile.unroll(l.size), l.size);
    const full = Math.floor(l.size / unroll);
    const rest = l.size - full * unroll;
    const copies = (n: number) => Array.from({ length: n }, (_, u) => one(u)).flat();
    if (full === 1 && rest === 0) return { code: copies(unroll), advance: () => 0 };
    const body = [...copies(unroll), ...this.move((s) => unroll * step(s))];
    return {
      code: [...countedLoop(this.around.func, full, body), ...copies(rest)],
      advance: (s) => full * unroll * step(s),
    };
  }

  private along(t: Target, tile: Tile): Local<"v128">[] {
    const { plan, profile, func } = this.around;
    const lanes = plan.lanes as Loop;
    const vectors = Math.floor(lanes.size / 4);
    const tail = lanes.size % 4;
    // Without rows to interleave, several chains of additions run side by side.
    const chains = tile.rows >= 4 ? 1 : Math.max(1, Math.min(vectors, Math.floor(profile.chains / tile.rows)));
    const sums = Array.from({ length: tile.rows * chains }, (_, k) => this.accumulator(k));
    t.statements.push(...sums.map((sum) => local.set(sum, this.neutral())));
    const some = (count: number, valid: number): Statement[] => {
      const inner: Target = { func, statements: [] };
      const evaluate = this.around.evaluator(inner, tile, this.walker, 0, count);
      for (let row = 0; row < tile.rows; row++) {
        for (let vector = 0; vector < count; vector++) {
          const value = evaluate.at(this.value, { row, vector, valid, reduced: undefined });
          const sum = sums[row * chains + vector];
          inner.statements.push(local.set(sum, this.combine(sum, valid < 4 ? this.masked(value, valid) : value)));
        }
      }
      return inner.statements;
    };
    const inner = this.laneGroups(vectors, chains, tail, some);
    const others = plan.reduce.filter((l) => l !== lanes);
    t.statements.push(...this.loops([...others, lanes], () => inner).code);
    const rows = Array.from({ length: tile.rows }, (_, row) => {
      let sum: Local<"v128"> = sums[row * chains];
      for (let k = 1; k < chains; k++) sum = keep(t, this.combine(sum, sums[row * chains + k]));
      return sum;
    });
    const combine = (a: Vector, b: Vector) => this.combine(a, b);
    return fours(rows).map((group) =>
      keep(
        t,
        acrossLanes(group, combine, (v) => keep(t, v)),
      ),
    );
  }

  /** Vectors along the lanes' loop: `chains` at a time, what remains of them, and the incomplete last one. */
  private laneGroups(
    vectors: number,
    chains: number,
    tail: number,
    some: (count: number, valid: number) => Statement[],
  ): Code {
    const { plan, func } = this.around;
    const step = (s: Stream) => 4 * plan.stride(s.access, plan.lanes);
    const parts: { code: Statement[]; moved: number }[] = [];
    const full = Math.floor(vectors / chains);
    if (full > 0) {
      const body = [...some(chains, 4), ...this.move((s) => chains * step(s))];
      parts.push({ code: countedLoop(func, full, body), moved: full * chains });
    }
    const rest = vectors - full * chains;
    if (rest > 0) parts.push({ code: [...some(rest, 4), ...this.move((s) => rest * step(s))], moved: rest });
    if (tail > 0) parts.push({ code: some(1, tail), moved: 0 });
    const moved = parts.reduce((sum, p) => sum + p.moved, 0);
    return { code: parts.flatMap((p) => p.code), advance: (s) => moved * step(s) };
  }

  /** Loops around `innermost`, which gets the last of them. */
  private loops(loops: readonly Loop[], innermost: (l: Loop | undefined) => Code): Code {
    const last = loops[loops.length - 1];
    return loops.slice(0, -1).reduceRight<Code>((inner, l) => {
      const step = (s: Stream) => this.around.plan.stride(s.access, l);
      const body = [...inner.code, ...this.move((s) => step(s) - inner.advance(s))];
      return { code: countedLoop(this.around.func, l.size, body), advance: (s) => l.size * step(s) };
    }, innermost(last));
  }

  private move(by: (s: Stream) => number): Statement[] {
    return [...this.walkerOf].flatMap(([s, walker]) => bump(walker, by(s)));
  }

  private readonly walker = (s: Stream): Local<"i32"> => this.walkerOf.get(s) as Local<"i32">;

  private accumulator(k: number): Local<"v128"> {
    this.accumulators[k] ??= this.around.func.local("v128");
    return this.accumulators[k];
  }

  private neutral(): Expr<"v128"> {
    return f32x4.const(this.around.plan.nest.combine === "sum" ? 0 : Number.NEGATIVE_INFINITY);
  }

  /** Maxima skip NaN, as Keras' pooling does on the CPU. */
  private combine(a: Vector, b: Vector): Expr<"v128"> {
    return this.around.plan.nest.combine === "sum" ? f32x4.add(a, b) : f32x4.pmax(a, b);
  }

  /** Lanes beyond `valid` made neutral. */
  private masked(value: Vector, valid: number): Expr<"v128"> {
    const bit = (lane: number) => (lane < valid ? -1 : 0);
    return v128.bitselect(value, this.neutral(), i32x4.const(bit(0), bit(1), bit(2), bit(3)));
  }
}

/** Rows of a tile by fours: one vector of results each, where the lanes were reduced. */
export const fours = <T>(rows: readonly T[]): T[][] =>
  Array.from({ length: Math.ceil(rows.length / 4) }, (_, g) => rows.slice(4 * g, 4 * g + 4));

/** The cells of a tile, row by row. */
export const cellsOf = (tile: Tile): { row: number; vector: number }[] =>
  Array.from({ length: tile.rows * tile.vectors }, (_, k) => ({
    row: Math.floor(k / tile.vectors),
    vector: k % tile.vectors,
  }));
