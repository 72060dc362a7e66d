/**
 * Lays weights out the way a contraction reads them: reduction loops in order, lanes innermost. Once a step, for shared
 * operands only, and only where they do not lie so already, or where their rows would meet in few sets of the cache.
 * Flipped, transposed and strided reads end here.
 */
import { enough, type Pieces } from "../core/pieces.ts";
import { coefficientOf, iterationsOf, type Loop, loopIndex, rewrite, withOperands } from "../expr/expr.ts";
import { canPack, chooseForm } from "./form.ts";
import type { Buffer, Kernel, Lowered, NestKernel } from "./kernel.ts";
import { rowsMeet } from "./layout.ts";
import { type Load, loadsOf } from "./reads.ts";

/** How often a sample uses each weight where a copy pays whose rows lie apart. */
const OFTEN = 16;

/** Packs in pieces: some kernels each. */
export function* packOperands(lowered: Lowered): Pieces<Lowered> {
  let count = 0;
  const kernels: Kernel[] = [];
  for (const kernel of lowered.kernels) {
    if (kernel.kind !== "nest" || !kernel.perSample || !kernel.value || kernel.reduce.length === 0) {
      kernels.push(kernel);
      continue;
    }
    let nest = kernel;
    for (const load of loadsOf(kernel.value)) {
      const order = packedOrder(nest, load);
      if (order === undefined) continue;
      const out: Buffer = {
        name: `pack_${count++}`,
        shape: order.map((l) => l.size),
        place: { kind: "shared" },
        aliasOf: undefined,
      };
      kernels.push(packKernel(out, order, load));
      nest = replaceLoad(nest, load, { ...load, source: out, index: order.map((l) => loopIndex(l)) });
    }
    kernels.push(nest);
    if (enough()) yield;
  }
  return { ...lowered, kernels };
}

/** The loops of a load in the order in which its cells should lie; undefined when they lie well, or may not be moved. */
function packedOrder(kernel: NestKernel, load: Load): Loop[] | undefined {
  const source = load.source as Buffer;
  if (!canPack(source)) return undefined;
  const form = chooseForm(kernel);
  const uses = (l: Loop) => load.index.some((a) => coefficientOf(a, l) !== 0);
  const across = form.kind === "across" ? form.lanes : undefined;
  const order = [
    ...kernel.loops.filter((l) => l !== across && uses(l)),
    ...kernel.reduce.filter(uses),
    ...(across && uses(across) ? [across] : []),
  ];
  if (order.length === 0) return undefined;
  const cells = iterationsOf(order);
  const inOrder = inRows(load, order) || cells === 1;
  const often = iterationsOf([...kernel.loops, ...kernel.reduce]) >= OFTEN * cells;
  const meet = source.place.kind !== "shared" && across === order.at(-1) && often && rowsMeet(order.map((l) => l.size));
  return inOrder && !meet ? undefined : order;
}

/** Whether stepping through `order` visits cells that lie side by side. */
function inRows(load: Load, order: readonly Loop[]): boolean {
  const { shape } = load.source as Buffer;
  let expected = 1;
  for (const loop of [...order].reverse()) {
    let stride = 0;
    let size = 1;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      stride += coefficientOf(load.index[axis], loop) * size;
      size *= shape[axis];
    }
    if (stride !== expected) return false;
    expected *= loop.size;
  }
  return true;
}

function packKernel(out: Buffer, loops: readonly Loop[], load: Load): NestKernel {
  return {
    kind: "nest",
    name: out.name,
    perSample: false,
    out,
    accumulate: false,
    loops,
    index: loops.map((l) => loopIndex(l)),
    reduce: [],
    combine: "sum",
    value: undefined,
    result: load,
  };
}

function replaceLoad(kernel: NestKernel, old: Load, now: Load): NestKernel {
  const value =
    kernel.value &&
    rewrite<Buffer, Buffer>(kernel.value, (node, operands) => (node === old ? now : withOperands(node, operands)));
  return { ...kernel, value };
}
