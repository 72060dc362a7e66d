/** How far kernels look beyond the edges of a buffer: the border of zeros that the buffer must carry. */
import { enough, type Pieces } from "../core/pieces.ts";
import { rangeOf } from "../expr/expr.ts";
import type { Buffer, Kernel } from "./kernel.ts";
import { loadsOf, storesOf } from "./reads.ts";

/** Cells of zeros ahead of and behind each axis. */
export interface Halo {
  readonly before: number[];
  readonly after: number[];
}

/** The halo of every buffer that needs one; some kernels a piece. Aliases are counted by themselves, in their own axes. */
export function* findHalos(kernels: readonly Kernel[]): Pieces<Map<Buffer, Halo>> {
  const halos = new Map<Buffer, Halo>();
  for (const kernel of kernels) {
    if (enough()) yield;
    const loads =
      kernel.kind === "nest"
        ? loadsOf(kernel.value, ...storesOf(kernel).map((s) => s.result))
        : kernel.kind === "route"
          ? loadsOf(kernel.result)
          : [];
    for (const { source, index, outside } of loads) {
      if (outside === "skip") continue;
      const buffer = source as Buffer;
      index.forEach((affine, axis) => {
        const { low, high } = rangeOf(affine);
        const before = Math.max(0, -low);
        const after = Math.max(0, high - buffer.shape[axis] + 1);
        if (before === 0 && after === 0) return;
        const zeros = () => buffer.shape.map(() => 0);
        const halo = halos.get(buffer) ?? { before: zeros(), after: zeros() };
        halo.before[axis] = Math.max(halo.before[axis], before);
        halo.after[axis] = Math.max(halo.after[axis], after);
        halos.set(buffer, halo);
      });
    }
  }
  return halos;
}
