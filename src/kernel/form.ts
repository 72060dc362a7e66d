/**
 * How a nest uses vectors, decided from its affine maps alone.
 *
 * `across` puts the lanes along a loop of the result (splat × vector and vector × vector), `along` puts them along the
 * reduction with a sum over the lanes at the end (dot), `single` uses one lane.
 */
import { type Affine, coefficientOf, iterationsOf, type Loop } from "../expr/expr.ts";
import type { Shape } from "../graph/tensor.ts";
import type { Buffer, NestKernel } from "./kernel.ts";
import { type Load, loadsOf } from "./reads.ts";

export type Form =
  | { readonly kind: "across"; readonly lanes: Loop }
  | { readonly kind: "along"; readonly lanes: Loop }
  | { readonly kind: "single" };

/** The axis along which neighbouring cells lie side by side. */
const innermost = (shape: Shape): number => {
  let axis = shape.length - 1;
  while (axis > 0 && shape[axis] === 1) axis--;
  return axis;
};

/** How far apart two reads lie whose loop differs by one: 1 for neighbours, 0 for the same cell. */
function step(shape: Shape, index: Load["index"], loop: Loop): 0 | 1 | "far" {
  let result: 0 | 1 | "far" = 0;
  index.forEach((affine, axis) => {
    const c = coefficientOf(affine, loop);
    if (c === 0) return;
    result = result === 0 && c === 1 && axis === innermost(shape) ? 1 : "far";
  });
  return result;
}

const stepOfLoad = (load: Load, loop: Loop): 0 | 1 | "far" => step((load.source as Buffer).shape, load.index, loop);

/** Weights and other shared tensors can be laid out anew once a step; what belongs to a sample cannot. */
export const canPack = (buffer: Buffer): boolean => ["variable", "shared", "constant"].includes(buffer.place.kind);

/** The loops whose neighbouring iterations write cells that lie side by side. */
export const neighbouring = (loops: readonly Loop[], shape: Shape, index: readonly Affine[]): Loop[] =>
  loops.filter((l) => l.size > 1 && step(shape, index, l) === 1);

export function chooseForm(kernel: Pick<NestKernel, "loops" | "reduce" | "out" | "index" | "value">): Form {
  const loops = kernel.loops.filter((l) => l.size > 1);
  const reduce = kernel.reduce.filter((l) => l.size > 1);
  const neighbours = neighbouring(loops, kernel.out.shape, kernel.index);
  const widest = neighbours.reduce<Loop | undefined>((best, l) => (best && best.size >= l.size ? best : l), undefined);
  const last = reduce[reduce.length - 1];
  /** Whether what the reduction reads lies side by side along a loop, or can be laid out so. */
  const inReach = (l: Loop): boolean =>
    loadsOf(kernel.value).every((load) => stepOfLoad(load, l) !== "far" || canPack(load.source as Buffer));
  const fits = last !== undefined && inReach(last);
  // Where results lie side by side but what they read does not, as with one channel made of many, the reduction is better.
  const scattered = widest && fits && last.size >= 4 && !inReach(widest);
  if (widest && widest.size >= 4 && !scattered) return { kind: "across", lanes: widest };
  if (last && kernel.value) {
    // A sum over the lanes costs something at the end: more than a fourth lane that is idle, where little is added up.
    const fewest = widest?.size === 3 ? 16 : 4;
    if (fits && iterationsOf(reduce) >= fewest) return { kind: "along", lanes: last };
  }
  if (widest) return { kind: "across", lanes: widest };
  if (!last && loops.length > 0) {
    const inner = loops[loops.length - 1];
    if (inner.size >= 4) return { kind: "across", lanes: inner };
  }
  return { kind: "single" };
}
