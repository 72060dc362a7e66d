/**
 * The plan of one loop nest: which loop the vectors lie along, which loop gives the rows of the register tile, what
 * stays outside, and how each address and each term changes with them. It decides and measures; it emits nothing.
 */
import { type Affine, type Loop, operandsOf } from "../../expr/expr.ts";
import { chooseForm } from "../../kernel/form.ts";
import type { Buffer, KernelExpr, NestKernel } from "../../kernel/kernel.ts";
import type { Layout } from "../../kernel/layout.ts";
import { type Load, loadsOf } from "../../kernel/reads.ts";
import { type Access, accessOf, type Element } from "./access.ts";
import { mergeLoops } from "./loops.ts";
import type { Profile } from "./profile.ts";

/** A nest that reads nothing outside, with one or more results written each iteration. */
export interface Nest extends Omit<NestKernel, "index" | "result"> {
  readonly stores: readonly { readonly index: readonly Affine[]; readonly result: KernelExpr }[];
}

/** Results computed together in registers: positions of the row loop times groups of four lanes. */
export interface Tile {
  /** First position on the row loop, from where the pointers are. */
  readonly row: number;
  readonly rows: number;
  readonly vectors: number;
  /** Lanes of the last vector that exist. */
  readonly valid: number;
}

export interface PlanOptions {
  readonly layout: Layout;
  readonly profile: Profile;
  /** What the caller's arrays hold, for kernels that read them. */
  readonly element: Element;
  /** Present when the nest is to be done in parts. */
  readonly part?: unknown;
  /** The nest's loop over samples. */
  readonly samples?: Loop;
}

export class NestPlan {
  readonly nest: Nest;
  /** Where each store goes. */
  readonly outs: readonly Access[];
  readonly accesses: ReadonlyMap<Load, Access>;
  /** The loop of the lanes; a reduction loop when `along`. */
  readonly lanes: Loop | undefined;
  readonly along: boolean;
  /** The loop whose neighbouring positions share vector operands. */
  readonly rowLoop: Loop | undefined;
  /** Loops around the tile, outermost first. */
  readonly outer: readonly Loop[];
  /** The first of them, where parts of it can be done apart from each other. */
  readonly split: Loop | undefined;
  readonly reduce: readonly Loop[];
  /** All loops of the plan, merged. */
  readonly loops: readonly Loop[];
  readonly rows: number;
  readonly vectors: number;
  private readonly innermost: ReadonlyMap<Loop, Loop>;
  private readonly useCounts = new Map<KernelExpr, number>();
  private readonly masks = new Map<KernelExpr, number>();

  constructor(nest: Nest, { layout, profile, element, part, samples }: PlanOptions) {
    this.nest = nest;
    this.outs = nest.stores.map((store) => accessOf(layout, nest.out, store.index, "float32", samples));
    const valueLoads = loadsOf(nest.value);
    this.accesses = new Map(
      [...valueLoads, ...loadsOf(...nest.stores.map((store) => store.result))].map((load) => {
        const source = load.source as Buffer;
        const holds = source.place.kind === "input" ? element : "float32";
        return [load, accessOf(layout, source, load.index, holds, samples)];
      }),
    );
    const values = valueLoads.map((load) => this.accessOf(load));
    const form = chooseForm({ ...nest, index: nest.stores[0].index });
    const lanes = form.kind === "single" ? undefined : form.lanes;
    const apart = part ? this.chooseSplit(lanes) : undefined;
    const merged = mergeLoops(nest.loops, [...this.accesses.values(), ...this.outs], apart);
    const mergedReduce = mergeLoops(nest.reduce, values);
    this.innermost = new Map([...merged.innermost, ...mergedReduce.innermost]);
    this.reduce = mergedReduce.loops;
    this.along = form.kind === "along";
    this.lanes = lanes && (this.along ? mergedReduce : merged).partOf(lanes);
    this.split = apart && merged.partOf(apart);
    const parallel = merged.loops.filter((l) => l !== this.lanes && l !== this.split);
    this.rowLoop = nest.value && this.chooseRowLoop(parallel, values);
    this.outer = [...(this.split ? [this.split] : []), ...parallel.filter((l) => l !== this.rowLoop)];
    this.loops = [...this.outer, ...this.reduce, this.lanes, this.rowLoop].filter((l) => l !== undefined);
    const reduces = nest.value !== undefined;
    const tile = profile.tile(this.laneVectors, this.rowLoop?.size ?? 1, this.along, reduces);
    this.rows = tile.rows;
    this.vectors = tile.vectors;
    for (const e of [nest.value, ...nest.stores.map((store) => store.result)]) if (e) this.countUses(e);
  }

  /** Vectors side by side that cover the lanes' loop. */
  get laneVectors(): number {
    return Math.ceil(this.laneCount / 4);
  }

  /** Results side by side: 1 where the lanes are reduced. */
  get laneCount(): number {
    return this.lanes && !this.along ? this.lanes.size : 1;
  }

  accessOf(load: Load): Access {
    return this.accesses.get(load) as Access;
  }

  /** Bytes between neighbours of a loop. */
  stride(access: Access, l: Loop | undefined): number {
    const innermost = l && this.innermost.get(l);
    return innermost ? access.strideOf(innermost) : 0;
  }

  /** How many lanes of a vector of the tile hold results. */
  validLanes(tile: Tile, vector: number): number {
    if (this.along || this.lanes === undefined) return 1;
    return vector === tile.vectors - 1 ? tile.valid : 4;
  }

  /** How many terms use a node. */
  uses(e: KernelExpr): number {
    return this.useCounts.get(e) ?? 1;
  }

  changesWithRow(e: KernelExpr): boolean {
    return (this.changesWith(e) & this.maskOf(this.rowLoop)) !== 0;
  }

  changesWithLanes(e: KernelExpr): boolean {
    return (this.changesWith(e) & this.maskOf(this.lanes)) !== 0;
  }

  /** Whether some loop changes a term. */
  changes(e: KernelExpr): boolean {
    return this.changesWith(e) !== 0;
  }

  /** The loops with which a term changes, a bit each; the result of the reduction changes with all. */
  private changesWith(e: KernelExpr): number {
    const known = this.masks.get(e);
    if (known !== undefined) return known;
    let mask = e.kind === "reduced" ? (1 << this.loops.length) - 1 : 0;
    if (e.kind === "load") {
      const access = this.accessOf(e as Load);
      for (let k = 0; k < this.loops.length; k++) if (this.stride(access, this.loops[k]) !== 0) mask |= 1 << k;
    }
    const operands = operandsOf(e);
    for (let k = 0; k < operands.length; k++) mask |= this.changesWith(operands[k]);
    this.masks.set(e, mask);
    return mask;
  }

  private maskOf(loop: Loop | undefined): number {
    return loop ? 1 << this.loops.indexOf(loop) : 0;
  }

  private countUses(e: KernelExpr): void {
    const seen = this.useCounts.get(e);
    this.useCounts.set(e, (seen ?? 0) + 1);
    if (seen === undefined) for (const x of operandsOf(e)) this.countUses(x);
  }

  /** The outermost loop whose iterations write different cells. */
  private chooseSplit(lanes: Loop | undefined): Loop | undefined {
    if (this.nest.accumulate) return undefined;
    return this.nest.loops.find((l) => l !== lanes && l.size > 1 && this.outs.every((out) => out.strideOf(l) !== 0));
  }

  private chooseRowLoop(parallel: readonly Loop[], values: readonly Access[]): Loop | undefined {
    const enough = 8;
    let best: Loop | undefined;
    // Blocks of a reduction come back to the same results: they stay outside of the tile.
    for (const l of parallel.filter((loop) => this.stride(this.outs[0], loop) !== 0)) {
      const shared = values.some((a) => this.stride(a, l) === 0 && (!this.lanes || this.stride(a, this.lanes) !== 0));
      if (shared && (!best || Math.min(l.size, enough) >= Math.min(best.size, enough))) best = l;
    }
    return best;
  }
}
