/** Splits the kernels of a shared level into pieces of work that workers can claim. */
import { type Affine, coefficientOf, type Loop } from "../expr/expr.ts";
import type { Kernel, NestKernel } from "./kernel.ts";
import { substitute } from "./regions.ts";

/** Iterations worth a claim of their own. */
const UNIT = 8192;

/** Units of kernels; large nests are cut along their outermost loop. */
export function splitUnits(kernels: readonly Kernel[], costOf: (k: Kernel) => number): Kernel[][] {
  const units: Kernel[][] = [];
  let small: Kernel[] = [];
  let cost = 0;
  for (const k of kernels.flatMap((kernel) => cut(kernel, costOf(kernel)))) {
    small.push(k);
    cost += costOf(k);
    if (cost >= UNIT) {
      units.push(small);
      [small, cost] = [[], 0];
    }
  }
  if (small.length > 0) units.push(small);
  return units;
}

function cut(kernel: Kernel, cost: number): Kernel[] {
  if (kernel.kind !== "nest" || cost < 2 * UNIT) return [kernel];
  const outer = kernel.loops.find((l) => l.size > 1 && movesOut(kernel, l));
  if (!outer) return [kernel];
  const pieces = Math.min(outer.size, Math.floor(cost / UNIT), 32);
  return Array.from({ length: pieces }, (_, p) => {
    const first = Math.floor((p * outer.size) / pieces);
    const size = Math.floor(((p + 1) * outer.size) / pieces) - first;
    return substitute(kernel, outer, { loop: { name: outer.name, size }, first });
  });
}

const movesOut = (kernel: NestKernel, l: Loop): boolean => kernel.index.some((a: Affine) => coefficientOf(a, l) !== 0);
