/**
 * Blocks of a long reduction whose result is added to what is there. All results are computed for one block of the
 * reduction before the next, so that its operands are still in the first cache when the next tile of results reads them:
 * a gradient with respect to a kernel reads whole activations for every tile of the kernel.
 */
import { type Affine, coefficientOf, type Loop, rewrite, withOperands } from "../expr/expr.ts";
import type { Buffer, KernelExpr, NestKernel } from "./kernel.ts";
import { loadsOf } from "./reads.ts";
import { substitute } from "./regions.ts";

/** What a block may touch: most of a first-level cache. */
const BLOCK_BYTES = 24 << 10;
/** Iterations of the reduction that make up for reading and writing the results once more. */
const FEWEST_ITERATIONS = 48;

/** The nests that together do what `kernel` does, block by block. */
export function splitBlocks(kernel: NestKernel): NestKernel[] {
  const split = kernel.reduce.find((l) => l.size > 1);
  if (!split || !kernel.accumulate || kernel.combine !== "sum" || kernel.result.kind !== "reduced") return [kernel];
  const loads = loadsOf(kernel.value);
  // Loops with which all operands move, as groups do: nothing is read again there.
  const batch = kernel.loops.filter((l) => loads.every((load) => load.index.some((i) => coefficientOf(i, l) !== 0)));
  const step = loads.reduce((sum, load) => sum + bytesOfStep(load.index, [split, ...batch]), 0);
  const others = kernel.reduce.reduce((n, l) => (l === split ? n : n * l.size), 1);
  const size = Math.max(Math.floor(BLOCK_BYTES / step), Math.ceil(FEWEST_ITERATIONS / others));
  const parts = Math.ceil(split.size / size);
  if (parts < 2) return [kernel];
  const even = Math.ceil(split.size / parts);
  const whole = Math.floor(split.size / even);
  const rest = split.size - whole * even;
  const first: NestKernel = substitute(kernel, split, { loop: { name: split.name, size: whole * even }, first: 0 });
  const blocked = blocks(first, first.reduce[kernel.reduce.indexOf(split)], { count: whole, size: even }, batch);
  if (rest === 0) return [blocked];
  return [blocked, substitute(kernel, split, { loop: { name: split.name, size: rest }, first: whole * even })];
}

/** Bytes that a load reads while these loops stand still. */
function bytesOfStep(index: readonly Affine[], still: readonly Loop[]): number {
  const cells = index.map((a) =>
    a.terms.reduce((n, [l, c]) => (still.includes(l) ? n : n + Math.abs(c) * (l.size - 1)), 1),
  );
  return cells.reduce((n, size) => n * size, 4);
}

/** `loop` as blocks outside of all loops but `batch`. */
function blocks(
  kernel: NestKernel,
  loop: Loop,
  { count, size }: { readonly count: number; readonly size: number },
  batch: readonly Loop[],
): NestKernel {
  const outer: Loop = { name: `${loop.name}b`, size: count };
  const inner: Loop = { name: loop.name, size };
  const now = (a: Affine): Affine => ({
    offset: a.offset,
    terms: a.terms.flatMap(([l, c]): (readonly [Loop, number])[] =>
      l !== loop
        ? [[l, c]]
        : [
            [outer, c * size],
            [inner, c],
          ],
    ),
  });
  const value = rewrite<Buffer, Buffer>(kernel.value as KernelExpr, (node, operands) =>
    node.kind === "load" ? { ...node, index: node.index.map(now) } : withOperands(node, operands),
  );
  const reduce = kernel.reduce.map((l) => (l === loop ? inner : l));
  const others = kernel.loops.filter((l) => !batch.includes(l));
  return { ...kernel, loops: [...batch, outer, ...others], reduce, value };
}
