/**
 * Addresses: where a read or write of a kernel lies, as a base and one stride in bytes for each loop, and the vector
 * loads and stores that go with the stride of the lanes.
 */
import type { Affine, Loop } from "../../expr/expr.ts";
import type { Buffer } from "../../kernel/kernel.ts";
import type { Layout, Space } from "../../kernel/layout.ts";
import { type Expr, f32, f32x4, i8x16, i16x8, i32, i32x4, type Local, type Statement, v128 } from "./assembler.ts";

/** What the caller's arrays hold. Everything else is float32. */
export type Element = "float32" | "uint8" | "int32";

export interface Access {
  readonly space: Space;
  /** Bytes from the start of the space to the cell where all loops are 0. */
  readonly offset: number;
  readonly element: Element;
  strideOf(loop: Loop): number;
}

/** @param samples - a loop over samples, whose values lie one after the other. */
export function accessOf(
  layout: Layout,
  buffer: Buffer,
  index: readonly Affine[],
  element: Element,
  samples?: Loop,
): Access {
  const placement = layout.placements.get(buffer);
  if (!placement) throw new Error(`no placement for ${buffer.name}`);
  const { space } = placement;
  const sample = space === "arena" || space === "kept" ? layout.sizes[space] : 0;
  const unit = element === "uint8" ? 4 : 1;
  const strides = new Map<Loop, number>();
  let { offset } = placement;
  index.forEach(({ offset: first, terms }, axis) => {
    const stride = placement.strides[axis] / unit;
    offset += first * stride;
    for (let k = 0; k < terms.length; k++) {
      const loop = terms[k][0];
      strides.set(loop, (strides.get(loop) ?? 0) + terms[k][1] * stride);
    }
  });
  if (samples) strides.set(samples, sample);
  return { space, offset, element, strideOf: (loop) => strides.get(loop) ?? 0 };
}

type Address = { readonly pointer: Expr<"i32"> | Local<"i32">; readonly offset: number };

/** Offsets of instructions are unsigned: a negative one moves into the address. */
function at(pointer: Expr<"i32"> | Local<"i32">, offset: number): Address {
  return offset >= 0 ? { pointer, offset } : { pointer: i32.add(pointer, offset), offset: 0 };
}

/** Four lanes, `stride` bytes apart. Only the first `valid` ones need to exist. */
export function loadLanes(
  pointer: Local<"i32">,
  offset: number,
  stride: number,
  valid: number,
  element: Element,
): Expr<"v128"> {
  if (element !== "float32") return loadConverted(pointer, offset, stride, valid, element);
  const first = at(pointer, offset);
  if (stride === 0 || valid === 1) return v128.load32Splat(first.pointer, first.offset);
  if (stride === 4) return v128.load(first.pointer, first.offset);
  let lanes = v128.load32Zero(first.pointer, first.offset);
  for (let lane = 1; lane < valid; lane++) {
    const next = at(pointer, offset + lane * stride);
    lanes = v128.load32Lane(next.pointer, lanes, lane, next.offset);
  }
  return lanes;
}

function loadConverted(
  pointer: Local<"i32">,
  offset: number,
  stride: number,
  valid: number,
  element: "uint8" | "int32",
): Expr<"v128"> {
  const { pointer: p, offset: o } = at(pointer, offset);
  const size = element === "uint8" ? 1 : 4;
  if (stride === size) {
    const whole = element === "uint8" ? v128.load32Zero(p, o) : v128.load(p, o);
    if (element === "int32") return f32x4.convertI32x4S(whole);
    return f32x4.convertI32x4U(i32x4.extendLowI16x8U(i16x8.extendLowI8x16U(whole)));
  }
  const scalar = (lane: number): Expr<"f32"> => {
    const next = at(pointer, offset + lane * stride);
    return element === "uint8"
      ? f32.convertI32U(i32.load8U(next.pointer, next.offset))
      : f32.convertI32S(i32.load(next.pointer, next.offset));
  };
  let lanes = f32x4.splat(scalar(0));
  if (stride !== 0) for (let lane = 1; lane < valid; lane++) lanes = f32x4.replaceLane(lanes, scalar(lane), lane);
  return lanes;
}

/** Cells of a row of `size` numbers at computed places, cut to whole numbers and to the row. */
export function gatherLanes(
  pointer: Local<"i32">,
  offset: number,
  places: Local<"v128">,
  size: number,
  valid: number,
): Expr<"v128"> {
  const whole = i32x4.minS(i32x4.maxS(i32x4.truncSatF32x4S(places), i32x4.const(0)), i32x4.const(size - 1));
  const address = (lane: number) => i32.add(pointer, i32.shl(i32x4.extractLane(whole, lane), 2));
  let lanes = v128.load32Zero(address(0), offset);
  for (let lane = 1; lane < valid; lane++) lanes = v128.load32Lane(address(lane), lanes, lane, offset);
  return lanes;
}

/** Writes the first `valid` lanes, `stride` bytes apart. */
export function storeLanes(
  pointer: Local<"i32">,
  offset: number,
  stride: number,
  valid: number,
  value: Local<"v128"> | Expr<"v128">,
): Statement[] {
  const first = at(pointer, offset);
  if (valid === 4 && stride === 4) return [v128.store(first.pointer, value, first.offset)];
  if (valid === 1) return [v128.store32Lane(first.pointer, value, 0, first.offset)];
  const result: Statement[] = [];
  let lane = 0;
  if (stride === 4) {
    result.push(v128.store64Lane(first.pointer, value, 0, first.offset));
    lane = 2;
  }
  for (; lane < valid; lane++) {
    const next = at(pointer, offset + lane * stride);
    result.push(v128.store32Lane(next.pointer, value, lane, next.offset));
  }
  return result;
}

/**
 * The sums (or maxima) over the lanes of one to four vectors, one lane for each; always in the same order:
 * `(0 + 2) + (1 + 3)`.
 */
export function acrossLanes(
  vectors: readonly Local<"v128">[],
  combine: (a: Expr<"v128">, b: Expr<"v128">) => Expr<"v128">,
  keep: (v: Expr<"v128">) => Local<"v128">,
): Expr<"v128"> {
  const [a, b = a, c = a, d = b] = vectors;
  const pick = (x: Local<"v128">, y: Local<"v128">, lanes: readonly number[]): Expr<"v128"> =>
    i8x16.shuffle(
      x,
      y,
      lanes.flatMap((lane) => [0, 1, 2, 3].map((byte) => 4 * lane + byte)),
    );
  const halves = (x: Local<"v128">, y: Local<"v128">) =>
    keep(combine(pick(x, y, [0, 1, 4, 5]), pick(x, y, [2, 3, 6, 7])));
  const left = halves(a, b);
  const right = vectors.length > 2 ? halves(c, d) : left;
  return combine(pick(left, right, [0, 2, 4, 6]), pick(left, right, [1, 3, 5, 7]));
}
