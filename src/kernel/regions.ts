/**
 * Windows at the border: reads that would lie outside are skipped by splitting a nest into regions in which every
 * window has the same real cells. No padding is read and no loop has a condition.
 */
import { type Affine, coefficientOf, type Loop, rewrite, withOperands } from "../expr/expr.ts";
import type { Buffer, KernelExpr, NestKernel } from "./kernel.ts";
import { loadsOf } from "./reads.ts";

/** A piece of a loop: `first` to `first + loop.size − 1`. */
interface Piece {
  readonly loop: Loop;
  readonly first: number;
}

/** The nests that together do what `kernel` does, without reads that skip. */
export function splitRegions(kernel: NestKernel): NestKernel[] {
  const pieces = splitOnce(kernel);
  return pieces ? pieces.flatMap(splitRegions) : [markInside(kernel)];
}

/** Stands for taps of which none is real. */
const none: Loop = { name: "none", size: 0 };

/** Splits along the first axis whose reads may lie outside; undefined when there is none. */
function splitOnce(kernel: NestKernel): NestKernel[] | undefined {
  if (kernel.reduce.some((l) => l.size === 0)) return undefined;
  for (const load of loadsOf(kernel.value)) {
    if (load.outside !== "skip") continue;
    const { shape } = load.source as Buffer;
    for (let axis = 0; axis < shape.length; axis++) {
      const affine = load.index[axis];
      const slid = affine.terms.map(([l]) => l).find((l) => kernel.loops.includes(l));
      const tap = affine.terms.map(([l]) => l).find((l) => kernel.reduce.includes(l));
      const pieces = piecesOf(affine, shape[axis], slid, tap);
      if (pieces.length === 1 && pieces[0].whole) continue;
      return pieces.map(({ outer, inner, taps }) => {
        const nest = slid && outer ? substitute(kernel, slid, outer) : kernel;
        if (tap && inner) return substitute(nest, tap, inner);
        return taps === 0 ? { ...nest, reduce: [...nest.reduce, none] } : nest;
      });
    }
  }
  return undefined;
}

/** Runs of `slid` for which the same range of `tap` lies inside. */
export function piecesOf(
  affine: Affine,
  size: number,
  slid: Loop | undefined,
  tap: Loop | undefined,
): { outer: Piece | undefined; inner: Piece | undefined; taps: number; whole: boolean }[] {
  const [a, b] = [slid ? coefficientOf(affine, slid) : 0, tap ? coefficientOf(affine, tap) : 0];
  const taps = tap?.size ?? 1;
  const range = (i: number): [first: number, count: number] => {
    let first = 0;
    const at = (k: number) => affine.offset + a * i + b * k;
    const inside = (k: number) => at(k) >= 0 && at(k) < size;
    while (first < taps && !inside(first)) first++;
    let end = first;
    while (end < taps && inside(end)) end++;
    return [first, end - first];
  };
  const outer = slid?.size ?? 1;
  const pieces: { outer: Piece | undefined; inner: Piece | undefined; taps: number; whole: boolean }[] = [];
  for (let i = 0; i < outer; ) {
    const [first, count] = range(i);
    let end = i + 1;
    while (end < outer && range(end).join() === `${first},${count}`) end++;
    pieces.push({
      outer: slid && { loop: { name: slid.name, size: end - i }, first: i },
      inner: tap && { loop: { name: tap.name, size: count }, first },
      taps: count,
      whole: end - i === outer && count === taps,
    });
    i = end;
  }
  return pieces;
}

export function substitute(kernel: NestKernel, loop: Loop, piece: Piece): NestKernel {
  const now = (a: Affine): Affine => {
    const c = coefficientOf(a, loop);
    if (c === 0) return a;
    const terms = a.terms.flatMap(([l, k]) =>
      l === loop ? (piece.loop.size === 1 ? [] : [[piece.loop, k] as const]) : [[l, k] as const],
    );
    return { offset: a.offset + c * piece.first, terms };
  };
  const inExpr = (e: KernelExpr): KernelExpr =>
    rewrite<Buffer, Buffer>(e, (node, operands) =>
      node.kind === "load" ? { ...node, index: node.index.map(now) } : withOperands(node, operands),
    );
  const loops = (list: readonly Loop[]) => list.map((l) => (l === loop ? piece.loop : l));
  return {
    ...kernel,
    loops: loops(kernel.loops),
    reduce: loops(kernel.reduce),
    index: kernel.index.map(now),
    value: kernel.value && inExpr(kernel.value),
    result: inExpr(kernel.result),
  };
}

/** After splitting nothing is skipped any more. A window without a real cell combines nothing. */
function markInside(kernel: NestKernel): NestKernel {
  if (kernel.value === undefined) return kernel;
  const value = rewrite<Buffer, Buffer>(kernel.value, (node, operands) =>
    node.kind === "load" ? { ...node, outside: "zero" } : withOperands(node, operands),
  );
  return { ...kernel, value };
}
