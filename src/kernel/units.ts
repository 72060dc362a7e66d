/** Divides the kernels of a level into pieces of work that workers can claim. */
import { coefficientOf } from "../expr/expr.ts";
import type { Kernel } from "./kernel.ts";

/** Small kernels that are one unit together, or one large kernel in parts that are a unit each. */
export interface Work {
  readonly kernels: readonly Kernel[];
  readonly parts: number;
}

const MOST_PARTS = 32;

/** @param unit - iterations worth a claim of their own. */
export function planWork(kernels: readonly Kernel[], costOf: (k: Kernel) => number, unit: number): Work[] {
  const work: Work[] = [];
  let small: Kernel[] = [];
  let cost = 0;
  const flush = () => {
    if (small.length > 0) work.push({ kernels: small, parts: 1 });
    [small, cost] = [[], 0];
  };
  for (const k of kernels) {
    const parts = partsOf(k, costOf(k), unit);
    if (parts > 1) {
      work.push({ kernels: [k], parts });
      continue;
    }
    small.push(k);
    cost += costOf(k);
    if (cost >= unit) flush();
  }
  flush();
  return work;
}

/** Parts along the outermost loop whose iterations write different cells. */
function partsOf(kernel: Kernel, cost: number, unit: number): number {
  if (kernel.kind !== "nest" || kernel.accumulate || cost < 2 * unit) return 1;
  const outer = kernel.loops.find((l) => l.size > 1 && kernel.index.some((a) => coefficientOf(a, l) !== 0));
  return Math.min(outer?.size ?? 1, Math.floor(cost / unit), MOST_PARTS);
}
