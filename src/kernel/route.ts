/**
 * Max pooling's gradient as loops over windows, one store a cell of the window: the gradient goes to the first cell that
 * equals the maximum, and what is left for the cells after it is 0.
 */
import {
  type Affine,
  addIndex,
  binary,
  constant,
  constantIndex,
  type Loop,
  loopIndex,
  rewrite,
  scaleIndex,
  select,
  withOperands,
} from "../expr/expr.ts";
import { choices } from "../ops/convolution.ts";
import type { Buffer, KernelExpr, NestKernel, RouteKernel } from "./kernel.ts";
import { piecesOf } from "./regions.ts";
import { windowsTile } from "./storage.ts";

type RoutedNest = Omit<NestKernel, "index" | "result"> & {
  readonly stores: readonly { readonly index: readonly Affine[]; readonly result: KernelExpr }[];
};

export function routeNests(kernel: RouteKernel): RoutedNest[] {
  const { windows, out } = kernel;
  const tiles = windowsTile(windows, out.shape);
  // Runs of windows that have the same real cells.
  const pieces = windows.map((w, axis) => {
    const slid: Loop = { name: `i${axis}`, size: w.output };
    const tap: Loop = { name: `k${axis}`, size: w.kernel };
    const cell: Affine = {
      offset: -w.before,
      terms: [
        [slid, w.stride],
        [tap, 1],
      ],
    };
    return piecesOf(cell, out.shape[axis], slid, tap).map(({ outer, inner }) => ({
      loop: outer?.loop as Loop,
      first: outer?.first as number,
      taps: Array.from({ length: inner?.loop.size as number }, (_, k) => (inner?.first as number) + k),
    }));
  });
  const carried = out.shape.slice(windows.length).map((size, k): Loop => ({ name: `c${k}`, size }));
  const tail = carried.map((l) => loopIndex(l));

  return choices(pieces).map((region): RoutedNest => {
    const window = [...region.map((p) => loopIndex(p.loop, 1, p.first)), ...tail];
    const load = (source: Buffer, index: readonly Affine[]): KernelExpr => ({
      kind: "load",
      source,
      index,
      outside: "zero",
    });
    const [maximum, gradient] = [load(kernel.y, window), load(kernel.dy, window)];
    let left = gradient;
    const stores = choices(region.map((p) => p.taps)).map((taps) => {
      const slid = region.map((p, a) => {
        const { stride, before } = windows[a];
        return loopIndex(p.loop, stride, p.first * stride - before + taps[a]);
      });
      const index = [...slid, ...tail];
      const found = binary("eq", load(kernel.x, index), maximum);
      const routed = select(found, left, constant(0) as KernelExpr);
      left = select(found, constant(0) as KernelExpr, left);
      return { index, result: resultAt(kernel, index, routed) };
    });
    return {
      kind: "nest",
      name: kernel.name,
      perSample: kernel.perSample,
      out,
      loops: [...region.map((p) => p.loop), ...carried],
      reduce: [],
      combine: "sum",
      value: undefined,
      accumulate: !tiles,
      stores,
    };
  });
}

/** The kernel's epilogue at a cell, for the gradient routed there. */
function resultAt(kernel: RouteKernel, index: readonly Affine[], routed: KernelExpr): KernelExpr {
  const at = (a: Affine): Affine =>
    a.terms.map(([l, c]) => scaleIndex(index[kernel.cell.indexOf(l)], c)).reduce(addIndex, constantIndex(a.offset));
  return rewrite<Buffer, Buffer>(kernel.result, (node, operands) => {
    if (node.kind === "reduced") return routed;
    return node.kind === "load" ? { ...node, index: node.index.map(at) } : withOperands(node, operands);
  });
}
