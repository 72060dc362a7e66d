/** Pointers: reads and writes whose addresses move alike share one, and lie at constant distances from it. */
import { append } from "../../core/lists.ts";
import type { Access } from "./access.ts";
import { type Expr, type Func, i32, type Local, local, type Statement } from "./assembler.ts";
import { bump } from "./loops.ts";
import type { NestPlan } from "./plan.ts";

/** The base addresses that a kernel function gets, by space; `fixed` memory is at constant addresses. */
export interface Bases {
  readonly arena: Local<"i32">;
  readonly partial: Local<"i32">;
  readonly kept: Local<"i32">;
  readonly source: Local<"i32">;
}

export interface Stream {
  readonly pointer: Local<"i32">;
  /** One of its members: all have the same strides. */
  readonly access: Access;
  /** The smallest offset of its members: where the pointer starts. */
  readonly base: number;
}

/** The address of an offset within a space. */
export const addressOf = (bases: Bases, access: Access, offset: number): Expr<"i32"> =>
  access.space === "fixed" ? i32.const(offset) : i32.add(bases[access.space], offset);

export class Streams {
  readonly all: readonly Stream[];
  private readonly byAccess = new Map<Access, Stream>();
  private readonly bases: Bases;

  constructor(func: Func, plan: NestPlan, bases: Bases, accesses: Iterable<Access>) {
    this.bases = bases;
    const groups = new Map<string, Access[]>();
    for (const access of accesses) {
      const key = `${access.space}:${access.element}:${plan.loops.map((l) => plan.stride(access, l)).join()}`;
      append(groups, key, access);
    }
    this.all = [...groups.values()].map((members) => {
      const base = Math.min(...members.map((a) => a.offset));
      const stream = { pointer: func.local("i32"), access: members[0], base };
      for (const access of members) this.byAccess.set(access, stream);
      return stream;
    });
  }

  of(access: Access): Stream {
    return this.byAccess.get(access) as Stream;
  }

  /** Sets every pointer to its start, or so many bytes further. */
  start(further?: (s: Stream) => Expr<"i32">): Statement[] {
    return this.all.map((s) => {
      const address = addressOf(this.bases, s.access, s.base);
      return local.set(s.pointer, further ? i32.add(address, further(s)) : address);
    });
  }

  move(by: (s: Stream) => number): Statement[] {
    return this.all.flatMap((s) => bump(s.pointer, by(s)));
  }
}
