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
  const step = loadsOf(kernel.value).reduce(
    (sum, load) => sum + bytesOfStep(load.source as Buffer, load.index, split),
    0,
  );
  const others = kernel.reduce.reduce((n, l) => (l === split ? n : n * l.size), 1);
  const size = Math.max(Math.floor(BLOCK_BYTES / step), Math.ceil(FEWEST_ITERATIONS / others));
  const parts = Math.ceil(split.size / size);
  if (parts < 2) return [kernel];
  const even = Math.ceil(split.size / parts);
  const whole = Math.floor(split.size / even);
  const rest = split.size - whole * even;
  const first: NestKernel = substitute(kernel, split, { loop: { name: split.name, size: whole * even }, first: 0 });
  const blocked = blocks(first, first.reduce[kernel.reduce.indexOf(split)], whole, even);
  if (rest === 0) return [blocked];
  return [blocked, substitute(kernel, split, { loop: { name: split.name, size: rest }, first: whole * even })];
}

/** Bytes of a buffer that one iteration of a loop reads, all other loops taken together. */
function bytesOfStep({ shape }: Buffer, index: readonly Affine[], loop: Loop): number {
  return shape.reduce((bytes, size, axis) => (coefficientOf(index[axis], loop) === 0 ? bytes * size : bytes), 4);
}

/** `loop` as `count` blocks of `size` outside of all loops. */
function blocks(kernel: NestKernel, loop: Loop, count: number, size: number): NestKernel {
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
  return { ...kernel, loops: [outer, ...kernel.loops], reduce, value };
}
