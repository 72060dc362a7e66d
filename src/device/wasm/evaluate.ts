/**
 * Expressions for the cells of one register tile: every value that several cells or terms share is computed once and
 * kept in a local.
 */
import type { KernelExpr } from "../../kernel/kernel.ts";
import type { Load } from "../../kernel/reads.ts";
import { binaryCode, compareCode, keep, randomCode, type Target, unaryCode, type Vector } from "./arithmetic.ts";
import { f32x4, type Local, v128 } from "./assembler.ts";

/** One cell of the tile. */
export interface Cell {
  readonly row: number;
  readonly vector: number;
  /** Lanes that exist. */
  readonly valid: number;
  /** The result of the reduction for this cell, in epilogues. */
  readonly reduced: Local<"v128"> | undefined;
}

type Comparison = Extract<KernelExpr, { kind: "binary" }> & { readonly name: keyof typeof compareCode };

/** What the loops around the tile know about expressions. */
export interface Scope {
  /** The local of a value that was computed before all loops. */
  invariant(e: KernelExpr): Local<"v128"> | undefined;
  changesWithRow(e: KernelExpr): boolean;
  changesWithLanes(e: KernelExpr): boolean;
  /** How many terms use a node. */
  uses(e: KernelExpr): number;
  load(e: Load, cell: Cell): Vector;
  /** Values of a load's source at computed places. */
  gather(from: Load, places: Local<"v128">, cell: Cell): Vector;
}

export class Evaluator {
  private readonly scope: Scope;
  private readonly target: Target;
  private readonly rows: number;
  private readonly vectors: number;
  /** What is kept of values and of masks, by cell. */
  private readonly values = new Map<KernelExpr, Vector[]>();
  private readonly masks = new Map<KernelExpr, Vector[]>();

  constructor(scope: Scope, target: Target, tile: { readonly rows: number; readonly vectors: number }) {
    this.scope = scope;
    this.target = target;
    this.rows = tile.rows;
    this.vectors = tile.vectors;
  }

  at(e: KernelExpr, cell: Cell): Vector {
    if (e.kind === "const") return f32x4.const(e.value);
    if (e.kind === "reduced") return cell.reduced as Local<"v128">;
    return this.scope.invariant(e) ?? this.once(this.values, e, cell, this.compute);
  }

  /** All bits set in lanes where a condition holds. */
  private mask(e: KernelExpr, cell: Cell): Vector {
    const invariant = this.scope.invariant(e);
    if (e.kind !== "binary" || invariant || !(e.name in compareCode)) {
      return f32x4.ne(this.at(e, cell), f32x4.const(0));
    }
    return this.once(this.masks, e, cell, this.compare);
  }

  private compare(e: KernelExpr, cell: Cell): Vector {
    const { name, a, b } = e as Comparison;
    return compareCode[name](this.at(a, cell), this.at(b, cell));
  }

  /** Computes a value, and keeps it where other cells or terms use it too. */
  private once(
    made: Map<KernelExpr, Vector[]>,
    e: KernelExpr,
    cell: Cell,
    compute: (e: KernelExpr, cell: Cell) => Vector,
  ): Vector {
    const byRow = this.scope.changesWithRow(e);
    const byLanes = this.scope.changesWithLanes(e);
    const which = (byRow ? cell.row * this.vectors : 0) + (byLanes ? cell.vector : 0);
    const known = made.get(e)?.[which];
    if (known) return known;
    const value = compute.call(this, e, cell);
    const cells = (byRow ? 1 : this.rows) * (byLanes ? 1 : this.vectors);
    if (this.scope.uses(e) * cells === 1) return value;
    const kept = keep(this.target, value);
    const values = made.get(e) ?? [];
    values[which] = kept;
    made.set(e, values);
    return kept;
  }

  private compute(e: KernelExpr, cell: Cell): Vector {
    switch (e.kind) {
      case "load":
        return this.scope.load(e as Load, cell);
      case "unary":
        return unaryCode[e.name](this.target, this.at(e.x, cell));
      case "binary": {
        const a = this.at(e.a, cell);
        const b = this.at(e.b, cell);
        // Against a number the short forms agree with the exact ones, NaN included.
        if (e.name === "max" && e.b.kind === "const") return f32x4.pmax(a, b);
        if (e.name === "min" && e.b.kind === "const") return f32x4.pmin(a, b);
        if (e.name === "min" && e.a.kind === "const") return f32x4.pmin(b, a);
        return binaryCode[e.name](a, b);
      }
      case "gather":
        return this.scope.gather(e.from as Load, keep(this.target, this.at(e.cell, cell)), cell);
      case "random": {
        const [step, sample, number] = [this.at(e.step, cell), this.at(e.sample, cell), this.at(e.cell, cell)];
        return randomCode(this.target, e.key, step, sample, number);
      }
      case "select": {
        const mask = this.mask(e.condition, cell);
        if (e.no.kind === "const" && Object.is(e.no.value, 0)) return v128.and(this.at(e.yes, cell), mask);
        if (e.yes.kind === "const" && Object.is(e.yes.value, 0)) return v128.andnot(this.at(e.no, cell), mask);
        return v128.bitselect(this.at(e.yes, cell), this.at(e.no, cell), mask);
      }
      default:
        throw new Error(`${e.kind} is answered before`);
    }
  }
}
