/**
 * WebAssembly instructions as values.
 *
 * `table` holds one record per instruction: text name, opcode bytes, operand types, result type, immediate. The typed
 * functions (`f32x4.add`, `i32.load8U`, `memory.fill`, …) are derived from it, so a new instruction is one line. The
 * function of `i32.trunc_sat_f32_s` is `i32.truncSatF32S`, that of `i32.atomic.rmw.add` is `i32.atomicRmwAdd`. It takes
 * the operands in the order of the stack, then the immediates.
 *
 * An operand is an expression, a `Local` or `Global` (read it), or a number (a constant of the type that is expected).
 * Types are checked when an expression is built. An expression that is used twice is executed twice; keep its value in
 * a local with `local.tee` to share it.
 */

import { internalError } from "../../core/errors.ts";

export type ValueType = "i32" | "i64" | "f32" | "f64" | "v128";

/** What an expression leaves on the stack: one value, nothing, or (after a jump) whatever is asked for. */
export type ExprType = ValueType | "none" | "never";

/** The name of a v128 constant's lanes, with how many there are and how wide, in bytes. */
const shapes = {
  i8x16: { count: 16, size: 1 },
  i16x8: { count: 8, size: 2 },
  i32x4: { count: 4, size: 4 },
  f32x4: { count: 4, size: 4 },
  f64x2: { count: 2, size: 8 },
} as const;

export type Shape = keyof typeof shapes;

// ---- the table ----------------------------------------------------------------------------------------------------

/** What follows the operands in the function of an instruction, by kind of immediate. */
interface ImmediateArguments {
  none: [];
  /** `offset` and `align` in bytes; `align` is the size of the access unless given. */
  memory: [offset?: number, align?: number];
  memoryLane: [lane: number, offset?: number, align?: number];
  lane: [lane: number];
  /** 16 indices into the 32 bytes of both operands. */
  shuffle: [lanes: readonly number[]];
  i32: [value: number];
  i64: [value: bigint];
  f32: [value: number];
  f64: [value: number];
  v128: [shape: Shape, lanes: readonly number[]];
  /** The instruction depends on more than its operands: it has a function of its own, below. */
  special: never[];
}

interface Row<
  P extends readonly ValueType[] = readonly ValueType[],
  R extends ValueType | "none" = ValueType | "none",
  K extends keyof ImmediateArguments = keyof ImmediateArguments,
> {
  readonly code: readonly number[];
  readonly operands: P;
  readonly result: R;
  readonly immediate: K;
  /** Bytes that a memory instruction touches; how many lanes a lane instruction has; else 0. */
  readonly size: number;
}

type Types = readonly ValueType[];
type Result = ValueType | "none";
type Code = number | readonly number[];

function row<P extends Types, R extends Result, K extends keyof ImmediateArguments>(
  code: Code,
  operands: P,
  result: R,
  immediate: K,
  size: number,
): Row<P, R, K> {
  return { code: typeof code === "number" ? [code] : code, operands, result, immediate, size };
}

/** An instruction without immediates. */
const op = <const P extends Types, R extends Result>(code: Code, operands: P, result: R) =>
  row(code, operands, result, "none", 0);

/** An instruction that reads or writes `size` bytes of memory at its first operand. */
const access = <const P extends Types, R extends Result>(code: Code, operands: P, result: R, size: number) =>
  row(code, operands, result, "memory", size);

/** As `access`, for one lane of a vector. */
const laneAccess = <const P extends Types, R extends Result>(code: Code, operands: P, result: R, size: number) =>
  row(code, operands, result, "memoryLane", size);

/** An instruction on one of `count` lanes. */
const lane = <const P extends Types, R extends Result>(code: Code, operands: P, result: R, count: number) =>
  row(code, operands, result, "lane", count);

const constant = <K extends ValueType>(code: Code, type: K) => row(code, [], type, type, 0);
const special = (code: number) => row(code, [], "none", "special", 0);

/** Opcodes behind a prefix byte: bulk memory and saturating conversions, SIMD, atomics. */
const fc = (code: number, ...indices: number[]) => [0xfc, code, ...indices];
const fd = (code: number) => (code < 128 ? [0xfd, code] : [0xfd, (code & 127) | 128, code >> 7]);
const fe = (code: number, ...indices: number[]) => [0xfe, code, ...indices];

const [i, l, f, d, v, none] = ["i32", "i64", "f32", "f64", "v128", "none"] as const;

export const table = {
  // control and variables
  unreachable: special(0x00),
  nop: op(0x01, [], none),
  block: special(0x02),
  loop: special(0x03),
  if: special(0x04),
  br: special(0x0c),
  br_if: special(0x0d),
  br_table: special(0x0e),
  return: special(0x0f),
  call: special(0x10),
  drop: special(0x1a),
  select: special(0x1b),
  "local.get": special(0x20),
  "local.set": special(0x21),
  "local.tee": special(0x22),
  "global.get": special(0x23),
  "global.set": special(0x24),

  // constants
  "i32.const": constant(0x41, i),
  "i64.const": constant(0x42, l),
  "f32.const": constant(0x43, f),
  "f64.const": constant(0x44, d),
  "v128.const": constant(fd(12), v),

  // memory
  "i32.load": access(0x28, [i], i, 4),
  "i64.load": access(0x29, [i], l, 8),
  "f32.load": access(0x2a, [i], f, 4),
  "f64.load": access(0x2b, [i], d, 8),
  "i32.load8_s": access(0x2c, [i], i, 1),
  "i32.load8_u": access(0x2d, [i], i, 1),
  "i32.load16_s": access(0x2e, [i], i, 2),
  "i32.load16_u": access(0x2f, [i], i, 2),
  "i64.load8_s": access(0x30, [i], l, 1),
  "i64.load8_u": access(0x31, [i], l, 1),
  "i64.load16_s": access(0x32, [i], l, 2),
  "i64.load16_u": access(0x33, [i], l, 2),
  "i64.load32_s": access(0x34, [i], l, 4),
  "i64.load32_u": access(0x35, [i], l, 4),
  "i32.store": access(0x36, [i, i], none, 4),
  "i64.store": access(0x37, [i, l], none, 8),
  "f32.store": access(0x38, [i, f], none, 4),
  "f64.store": access(0x39, [i, d], none, 8),
  "i32.store8": access(0x3a, [i, i], none, 1),
  "i32.store16": access(0x3b, [i, i], none, 2),
  "i64.store8": access(0x3c, [i, l], none, 1),
  "i64.store16": access(0x3d, [i, l], none, 2),
  "i64.store32": access(0x3e, [i, l], none, 4),
  "memory.size": op([0x3f, 0], [], i),
  "memory.grow": op([0x40, 0], [i], i),
  "memory.copy": op(fc(10, 0, 0), [i, i, i], none),
  "memory.fill": op(fc(11, 0), [i, i, i], none),

  // i32
  "i32.eqz": op(0x45, [i], i),
  "i32.eq": op(0x46, [i, i], i),
  "i32.ne": op(0x47, [i, i], i),
  "i32.lt_s": op(0x48, [i, i], i),
  "i32.lt_u": op(0x49, [i, i], i),
  "i32.gt_s": op(0x4a, [i, i], i),
  "i32.gt_u": op(0x4b, [i, i], i),
  "i32.le_s": op(0x4c, [i, i], i),
  "i32.le_u": op(0x4d, [i, i], i),
  "i32.ge_s": op(0x4e, [i, i], i),
  "i32.ge_u": op(0x4f, [i, i], i),
  "i32.clz": op(0x67, [i], i),
  "i32.ctz": op(0x68, [i], i),
  "i32.popcnt": op(0x69, [i], i),
  "i32.add": op(0x6a, [i, i], i),
  "i32.sub": op(0x6b, [i, i], i),
  "i32.mul": op(0x6c, [i, i], i),
  "i32.div_s": op(0x6d, [i, i], i),
  "i32.div_u": op(0x6e, [i, i], i),
  "i32.rem_s": op(0x6f, [i, i], i),
  "i32.rem_u": op(0x70, [i, i], i),
  "i32.and": op(0x71, [i, i], i),
  "i32.or": op(0x72, [i, i], i),
  "i32.xor": op(0x73, [i, i], i),
  "i32.shl": op(0x74, [i, i], i),
  "i32.shr_s": op(0x75, [i, i], i),
  "i32.shr_u": op(0x76, [i, i], i),
  "i32.rotl": op(0x77, [i, i], i),
  "i32.rotr": op(0x78, [i, i], i),
  "i32.wrap_i64": op(0xa7, [l], i),
  "i32.trunc_f32_s": op(0xa8, [f], i),
  "i32.trunc_f32_u": op(0xa9, [f], i),
  "i32.trunc_f64_s": op(0xaa, [d], i),
  "i32.trunc_f64_u": op(0xab, [d], i),
  "i32.reinterpret_f32": op(0xbc, [f], i),
  "i32.extend8_s": op(0xc0, [i], i),
  "i32.extend16_s": op(0xc1, [i], i),
  "i32.trunc_sat_f32_s": op(fc(0), [f], i),
  "i32.trunc_sat_f32_u": op(fc(1), [f], i),
  "i32.trunc_sat_f64_s": op(fc(2), [d], i),
  "i32.trunc_sat_f64_u": op(fc(3), [d], i),

  // i64
  "i64.eqz": op(0x50, [l], i),
  "i64.eq": op(0x51, [l, l], i),
  "i64.ne": op(0x52, [l, l], i),
  "i64.lt_s": op(0x53, [l, l], i),
  "i64.lt_u": op(0x54, [l, l], i),
  "i64.gt_s": op(0x55, [l, l], i),
  "i64.gt_u": op(0x56, [l, l], i),
  "i64.le_s": op(0x57, [l, l], i),
  "i64.le_u": op(0x58, [l, l], i),
  "i64.ge_s": op(0x59, [l, l], i),
  "i64.ge_u": op(0x5a, [l, l], i),
  "i64.clz": op(0x79, [l], l),
  "i64.ctz": op(0x7a, [l], l),
  "i64.popcnt": op(0x7b, [l], l),
  "i64.add": op(0x7c, [l, l], l),
  "i64.sub": op(0x7d, [l, l], l),
  "i64.mul": op(0x7e, [l, l], l),
  "i64.div_s": op(0x7f, [l, l], l),
  "i64.div_u": op(0x80, [l, l], l),
  "i64.rem_s": op(0x81, [l, l], l),
  "i64.rem_u": op(0x82, [l, l], l),
  "i64.and": op(0x83, [l, l], l),
  "i64.or": op(0x84, [l, l], l),
  "i64.xor": op(0x85, [l, l], l),
  "i64.shl": op(0x86, [l, l], l),
  "i64.shr_s": op(0x87, [l, l], l),
  "i64.shr_u": op(0x88, [l, l], l),
  "i64.rotl": op(0x89, [l, l], l),
  "i64.rotr": op(0x8a, [l, l], l),
  "i64.extend_i32_s": op(0xac, [i], l),
  "i64.extend_i32_u": op(0xad, [i], l),
  "i64.trunc_f32_s": op(0xae, [f], l),
  "i64.trunc_f32_u": op(0xaf, [f], l),
  "i64.trunc_f64_s": op(0xb0, [d], l),
  "i64.trunc_f64_u": op(0xb1, [d], l),
  "i64.reinterpret_f64": op(0xbd, [d], l),
  "i64.trunc_sat_f32_s": op(fc(4), [f], l),
  "i64.trunc_sat_f32_u": op(fc(5), [f], l),
  "i64.trunc_sat_f64_s": op(fc(6), [d], l),
  "i64.trunc_sat_f64_u": op(fc(7), [d], l),

  // f32
  "f32.eq": op(0x5b, [f, f], i),
  "f32.ne": op(0x5c, [f, f], i),
  "f32.lt": op(0x5d, [f, f], i),
  "f32.gt": op(0x5e, [f, f], i),
  "f32.le": op(0x5f, [f, f], i),
  "f32.ge": op(0x60, [f, f], i),
  "f32.abs": op(0x8b, [f], f),
  "f32.neg": op(0x8c, [f], f),
  "f32.ceil": op(0x8d, [f], f),
  "f32.floor": op(0x8e, [f], f),
  "f32.trunc": op(0x8f, [f], f),
  "f32.nearest": op(0x90, [f], f),
  "f32.sqrt": op(0x91, [f], f),
  "f32.add": op(0x92, [f, f], f),
  "f32.sub": op(0x93, [f, f], f),
  "f32.mul": op(0x94, [f, f], f),
  "f32.div": op(0x95, [f, f], f),
  "f32.min": op(0x96, [f, f], f),
  "f32.max": op(0x97, [f, f], f),
  "f32.copysign": op(0x98, [f, f], f),
  "f32.convert_i32_s": op(0xb2, [i], f),
  "f32.convert_i32_u": op(0xb3, [i], f),
  "f32.convert_i64_s": op(0xb4, [l], f),
  "f32.convert_i64_u": op(0xb5, [l], f),
  "f32.demote_f64": op(0xb6, [d], f),
  "f32.reinterpret_i32": op(0xbe, [i], f),

  // f64
  "f64.eq": op(0x61, [d, d], i),
  "f64.ne": op(0x62, [d, d], i),
  "f64.lt": op(0x63, [d, d], i),
  "f64.gt": op(0x64, [d, d], i),
  "f64.le": op(0x65, [d, d], i),
  "f64.ge": op(0x66, [d, d], i),
  "f64.abs": op(0x99, [d], d),
  "f64.neg": op(0x9a, [d], d),
  "f64.ceil": op(0x9b, [d], d),
  "f64.floor": op(0x9c, [d], d),
  "f64.trunc": op(0x9d, [d], d),
  "f64.nearest": op(0x9e, [d], d),
  "f64.sqrt": op(0x9f, [d], d),
  "f64.add": op(0xa0, [d, d], d),
  "f64.sub": op(0xa1, [d, d], d),
  "f64.mul": op(0xa2, [d, d], d),
  "f64.div": op(0xa3, [d, d], d),
  "f64.min": op(0xa4, [d, d], d),
  "f64.max": op(0xa5, [d, d], d),
  "f64.copysign": op(0xa6, [d, d], d),
  "f64.convert_i32_s": op(0xb7, [i], d),
  "f64.convert_i32_u": op(0xb8, [i], d),
  "f64.convert_i64_s": op(0xb9, [l], d),
  "f64.convert_i64_u": op(0xba, [l], d),
  "f64.promote_f32": op(0xbb, [f], d),
  "f64.reinterpret_i64": op(0xbf, [l], d),

  // v128: memory and bits
  "v128.load": access(fd(0), [i], v, 16),
  "v128.load8x8_s": access(fd(1), [i], v, 8),
  "v128.load8x8_u": access(fd(2), [i], v, 8),
  "v128.load16x4_s": access(fd(3), [i], v, 8),
  "v128.load16x4_u": access(fd(4), [i], v, 8),
  "v128.load32x2_s": access(fd(5), [i], v, 8),
  "v128.load32x2_u": access(fd(6), [i], v, 8),
  "v128.load8_splat": access(fd(7), [i], v, 1),
  "v128.load16_splat": access(fd(8), [i], v, 2),
  "v128.load32_splat": access(fd(9), [i], v, 4),
  "v128.load64_splat": access(fd(10), [i], v, 8),
  "v128.load32_zero": access(fd(92), [i], v, 4),
  "v128.load64_zero": access(fd(93), [i], v, 8),
  "v128.load8_lane": laneAccess(fd(84), [i, v], v, 1),
  "v128.load16_lane": laneAccess(fd(85), [i, v], v, 2),
  "v128.load32_lane": laneAccess(fd(86), [i, v], v, 4),
  "v128.load64_lane": laneAccess(fd(87), [i, v], v, 8),
  "v128.store": access(fd(11), [i, v], none, 16),
  "v128.store8_lane": laneAccess(fd(88), [i, v], none, 1),
  "v128.store16_lane": laneAccess(fd(89), [i, v], none, 2),
  "v128.store32_lane": laneAccess(fd(90), [i, v], none, 4),
  "v128.store64_lane": laneAccess(fd(91), [i, v], none, 8),
  "v128.not": op(fd(77), [v], v),
  "v128.and": op(fd(78), [v, v], v),
  "v128.andnot": op(fd(79), [v, v], v),
  "v128.or": op(fd(80), [v, v], v),
  "v128.xor": op(fd(81), [v, v], v),
  "v128.bitselect": op(fd(82), [v, v, v], v),
  "v128.any_true": op(fd(83), [v], i),

  // i8x16
  "i8x16.shuffle": row(fd(13), [v, v] as const, v, "shuffle", 0),
  "i8x16.swizzle": op(fd(14), [v, v], v),
  "i8x16.splat": op(fd(15), [i], v),
  "i8x16.extract_lane_s": lane(fd(21), [v], i, 16),
  "i8x16.extract_lane_u": lane(fd(22), [v], i, 16),
  "i8x16.replace_lane": lane(fd(23), [v, i], v, 16),
  "i8x16.eq": op(fd(35), [v, v], v),
  "i8x16.ne": op(fd(36), [v, v], v),
  "i8x16.lt_s": op(fd(37), [v, v], v),
  "i8x16.lt_u": op(fd(38), [v, v], v),
  "i8x16.gt_s": op(fd(39), [v, v], v),
  "i8x16.gt_u": op(fd(40), [v, v], v),
  "i8x16.le_s": op(fd(41), [v, v], v),
  "i8x16.le_u": op(fd(42), [v, v], v),
  "i8x16.ge_s": op(fd(43), [v, v], v),
  "i8x16.ge_u": op(fd(44), [v, v], v),
  "i8x16.abs": op(fd(96), [v], v),
  "i8x16.neg": op(fd(97), [v], v),
  "i8x16.all_true": op(fd(99), [v], i),
  "i8x16.bitmask": op(fd(100), [v], i),
  "i8x16.narrow_i16x8_s": op(fd(101), [v, v], v),
  "i8x16.narrow_i16x8_u": op(fd(102), [v, v], v),
  "i8x16.shl": op(fd(107), [v, i], v),
  "i8x16.shr_s": op(fd(108), [v, i], v),
  "i8x16.shr_u": op(fd(109), [v, i], v),
  "i8x16.add": op(fd(110), [v, v], v),
  "i8x16.sub": op(fd(113), [v, v], v),
  "i8x16.min_s": op(fd(118), [v, v], v),
  "i8x16.min_u": op(fd(119), [v, v], v),
  "i8x16.max_s": op(fd(120), [v, v], v),
  "i8x16.max_u": op(fd(121), [v, v], v),

  // i16x8
  "i16x8.splat": op(fd(16), [i], v),
  "i16x8.extract_lane_s": lane(fd(24), [v], i, 8),
  "i16x8.extract_lane_u": lane(fd(25), [v], i, 8),
  "i16x8.replace_lane": lane(fd(26), [v, i], v, 8),
  "i16x8.eq": op(fd(45), [v, v], v),
  "i16x8.ne": op(fd(46), [v, v], v),
  "i16x8.lt_s": op(fd(47), [v, v], v),
  "i16x8.lt_u": op(fd(48), [v, v], v),
  "i16x8.gt_s": op(fd(49), [v, v], v),
  "i16x8.gt_u": op(fd(50), [v, v], v),
  "i16x8.le_s": op(fd(51), [v, v], v),
  "i16x8.le_u": op(fd(52), [v, v], v),
  "i16x8.ge_s": op(fd(53), [v, v], v),
  "i16x8.ge_u": op(fd(54), [v, v], v),
  "i16x8.abs": op(fd(128), [v], v),
  "i16x8.neg": op(fd(129), [v], v),
  "i16x8.all_true": op(fd(131), [v], i),
  "i16x8.bitmask": op(fd(132), [v], i),
  "i16x8.narrow_i32x4_s": op(fd(133), [v, v], v),
  "i16x8.narrow_i32x4_u": op(fd(134), [v, v], v),
  "i16x8.extend_low_i8x16_s": op(fd(135), [v], v),
  "i16x8.extend_high_i8x16_s": op(fd(136), [v], v),
  "i16x8.extend_low_i8x16_u": op(fd(137), [v], v),
  "i16x8.extend_high_i8x16_u": op(fd(138), [v], v),
  "i16x8.shl": op(fd(139), [v, i], v),
  "i16x8.shr_s": op(fd(140), [v, i], v),
  "i16x8.shr_u": op(fd(141), [v, i], v),
  "i16x8.add": op(fd(142), [v, v], v),
  "i16x8.sub": op(fd(145), [v, v], v),
  "i16x8.mul": op(fd(149), [v, v], v),
  "i16x8.min_s": op(fd(150), [v, v], v),
  "i16x8.min_u": op(fd(151), [v, v], v),
  "i16x8.max_s": op(fd(152), [v, v], v),
  "i16x8.max_u": op(fd(153), [v, v], v),

  // i32x4
  "i32x4.splat": op(fd(17), [i], v),
  "i32x4.extract_lane": lane(fd(27), [v], i, 4),
  "i32x4.replace_lane": lane(fd(28), [v, i], v, 4),
  "i32x4.eq": op(fd(55), [v, v], v),
  "i32x4.ne": op(fd(56), [v, v], v),
  "i32x4.lt_s": op(fd(57), [v, v], v),
  "i32x4.lt_u": op(fd(58), [v, v], v),
  "i32x4.gt_s": op(fd(59), [v, v], v),
  "i32x4.gt_u": op(fd(60), [v, v], v),
  "i32x4.le_s": op(fd(61), [v, v], v),
  "i32x4.le_u": op(fd(62), [v, v], v),
  "i32x4.ge_s": op(fd(63), [v, v], v),
  "i32x4.ge_u": op(fd(64), [v, v], v),
  "i32x4.abs": op(fd(160), [v], v),
  "i32x4.neg": op(fd(161), [v], v),
  "i32x4.all_true": op(fd(163), [v], i),
  "i32x4.bitmask": op(fd(164), [v], i),
  "i32x4.extend_low_i16x8_s": op(fd(167), [v], v),
  "i32x4.extend_high_i16x8_s": op(fd(168), [v], v),
  "i32x4.extend_low_i16x8_u": op(fd(169), [v], v),
  "i32x4.extend_high_i16x8_u": op(fd(170), [v], v),
  "i32x4.shl": op(fd(171), [v, i], v),
  "i32x4.shr_s": op(fd(172), [v, i], v),
  "i32x4.shr_u": op(fd(173), [v, i], v),
  "i32x4.add": op(fd(174), [v, v], v),
  "i32x4.sub": op(fd(177), [v, v], v),
  "i32x4.mul": op(fd(181), [v, v], v),
  "i32x4.min_s": op(fd(182), [v, v], v),
  "i32x4.min_u": op(fd(183), [v, v], v),
  "i32x4.max_s": op(fd(184), [v, v], v),
  "i32x4.max_u": op(fd(185), [v, v], v),
  "i32x4.dot_i16x8_s": op(fd(186), [v, v], v),
  "i32x4.trunc_sat_f32x4_s": op(fd(248), [v], v),
  "i32x4.trunc_sat_f32x4_u": op(fd(249), [v], v),

  // f32x4
  "f32x4.splat": op(fd(19), [f], v),
  "f32x4.extract_lane": lane(fd(31), [v], f, 4),
  "f32x4.replace_lane": lane(fd(32), [v, f], v, 4),
  "f32x4.eq": op(fd(65), [v, v], v),
  "f32x4.ne": op(fd(66), [v, v], v),
  "f32x4.lt": op(fd(67), [v, v], v),
  "f32x4.gt": op(fd(68), [v, v], v),
  "f32x4.le": op(fd(69), [v, v], v),
  "f32x4.ge": op(fd(70), [v, v], v),
  "f32x4.demote_f64x2_zero": op(fd(94), [v], v),
  "f32x4.ceil": op(fd(103), [v], v),
  "f32x4.floor": op(fd(104), [v], v),
  "f32x4.trunc": op(fd(105), [v], v),
  "f32x4.nearest": op(fd(106), [v], v),
  "f32x4.abs": op(fd(224), [v], v),
  "f32x4.neg": op(fd(225), [v], v),
  "f32x4.sqrt": op(fd(227), [v], v),
  "f32x4.add": op(fd(228), [v, v], v),
  "f32x4.sub": op(fd(229), [v, v], v),
  "f32x4.mul": op(fd(230), [v, v], v),
  "f32x4.div": op(fd(231), [v, v], v),
  "f32x4.min": op(fd(232), [v, v], v),
  "f32x4.max": op(fd(233), [v, v], v),
  "f32x4.pmin": op(fd(234), [v, v], v),
  "f32x4.pmax": op(fd(235), [v, v], v),
  "f32x4.convert_i32x4_s": op(fd(250), [v], v),
  "f32x4.convert_i32x4_u": op(fd(251), [v], v),
  "f32x4.relaxed_madd": op(fd(0x105), [v, v, v], v),
  "f32x4.relaxed_nmadd": op(fd(0x106), [v, v, v], v),

  // f64x2
  "f64x2.splat": op(fd(20), [d], v),
  "f64x2.extract_lane": lane(fd(33), [v], d, 2),
  "f64x2.replace_lane": lane(fd(34), [v, d], v, 2),
  "f64x2.promote_low_f32x4": op(fd(95), [v], v),
  "f64x2.abs": op(fd(236), [v], v),
  "f64x2.neg": op(fd(237), [v], v),
  "f64x2.sqrt": op(fd(239), [v], v),
  "f64x2.add": op(fd(240), [v, v], v),
  "f64x2.sub": op(fd(241), [v, v], v),
  "f64x2.mul": op(fd(242), [v, v], v),
  "f64x2.div": op(fd(243), [v, v], v),
  "f64x2.min": op(fd(244), [v, v], v),
  "f64x2.max": op(fd(245), [v, v], v),

  // threads. Wait in a function of its own: the baseline compiler of V8 (Node 20) may lose locals across a wait.
  "memory.atomic.notify": access(fe(0x00), [i, i], i, 4),
  "memory.atomic.wait32": access(fe(0x01), [i, i, l], i, 4),
  "memory.atomic.wait64": access(fe(0x02), [i, l, l], i, 8),
  "atomic.fence": op(fe(0x03, 0), [], none),
  "i32.atomic.load": access(fe(0x10), [i], i, 4),
  "i64.atomic.load": access(fe(0x11), [i], l, 8),
  "i32.atomic.store": access(fe(0x17), [i, i], none, 4),
  "i64.atomic.store": access(fe(0x18), [i, l], none, 8),
  "i32.atomic.rmw.add": access(fe(0x1e), [i, i], i, 4),
  "i64.atomic.rmw.add": access(fe(0x1f), [i, l], l, 8),
  "i32.atomic.rmw.sub": access(fe(0x25), [i, i], i, 4),
  "i32.atomic.rmw.and": access(fe(0x2c), [i, i], i, 4),
  "i32.atomic.rmw.or": access(fe(0x33), [i, i], i, 4),
  "i32.atomic.rmw.xor": access(fe(0x3a), [i, i], i, 4),
  "i32.atomic.rmw.xchg": access(fe(0x41), [i, i], i, 4),
  "i32.atomic.rmw.cmpxchg": access(fe(0x48), [i, i, i], i, 4),
} satisfies Record<string, Row>;

type Table = typeof table;

/** One record of the table, with its name. */
export interface Instruction extends Row {
  readonly name: string;
}

const instructions = Object.fromEntries(
  Object.entries<Row>(table).map(([name, record]) => [name, { name, ...record }]),
) as Readonly<Record<keyof Table, Instruction>>;

// ---- expressions --------------------------------------------------------------------------------------------------

/** What an instruction carries besides its operands. */
export type Immediate =
  | { readonly kind: "none" }
  | {
      readonly kind: "memory";
      readonly offset: number;
      readonly align: number;
      readonly lane: number | undefined;
    }
  | { readonly kind: "lanes"; readonly lanes: readonly number[] }
  | { readonly kind: "i32" | "f32" | "f64"; readonly value: number }
  | { readonly kind: "i64"; readonly value: bigint }
  | { readonly kind: "v128"; readonly shape: Shape; readonly lanes: readonly number[] }
  | {
      readonly kind: "block";
      readonly label: Label<ValueType | "none"> | undefined;
      readonly result: ValueType | "none";
      readonly body: readonly Expr[];
      readonly otherwise: readonly Expr[];
    }
  | { readonly kind: "labels"; readonly labels: readonly Label<ValueType | "none">[] }
  | { readonly kind: "local"; readonly local: Local<ValueType> }
  | { readonly kind: "global"; readonly global: Global<ValueType> }
  | { readonly kind: "function"; readonly callee: Callable };

const noImmediate: Immediate = { kind: "none" };

/** An instruction with its operands. */
export class Expr<T extends ExprType = ExprType> {
  readonly instruction: Instruction;
  readonly type: T;
  readonly operands: readonly Expr[];
  readonly immediate: Immediate;

  constructor(instruction: Instruction, type: T, operands: readonly Expr[], immediate: Immediate) {
    this.instruction = instruction;
    this.type = type;
    this.operands = operands;
    this.immediate = immediate;
  }
}

/** A parameter or variable of a function. Made by `Func`. */
export class Local<T extends ValueType> {
  readonly type: T;
  readonly name: string;
  readonly index: number;
  /** The expression that reads it. */
  readonly read: Expr<T>;

  constructor(type: T, name: string, index: number) {
    this.type = type;
    this.name = name;
    this.index = index;
    this.read = new Expr(instructions["local.get"], type, [], { kind: "local", local: this });
  }
}

/** A variable of a module. Made by `Module`. */
export class Global<T extends ValueType> {
  readonly type: T;
  readonly name: string;
  readonly index: number;
  readonly mutable: boolean;
  /** The constant that it starts as. */
  readonly init: Expr;
  /** The expression that reads it. */
  readonly read: Expr<T>;

  constructor(type: T, name: string, index: number, mutable: boolean, init: Expr) {
    this.type = type;
    this.name = name;
    this.index = index;
    this.mutable = mutable;
    this.init = init;
    this.read = new Expr(instructions["global.get"], type, [], { kind: "global", global: this });
  }
}

/** Something to `call`: a function of the module or an imported one. `R` is its result. */
export interface Callable<R extends ValueType | "none" = ValueType | "none"> {
  readonly name: string;
  readonly operands: readonly ValueType[];
  readonly result: R;
}

/** The target of a branch. `T` is the value that a branch to it carries. */
export class Label<T extends ValueType | "none" = "none"> {
  readonly kind: "block" | "loop" | "if";
  readonly type: T;

  constructor(kind: "block" | "loop" | "if", type: T) {
    this.kind = kind;
    this.type = type;
  }
}

/** A number stands for a constant where the type is known; i64 takes a bigint. */
type Literal<T extends ValueType> = T extends "i32" | "f32" | "f64" ? number : T extends "i64" ? bigint : never;

/** What a function accepts for an operand of type `T`. */
export type Operand<T extends ValueType = ValueType> = Expr<T> | Expr<"never"> | Local<T> | Global<T> | Literal<T>;

/** An expression that leaves nothing on the stack. */
export type Statement = Expr<"none"> | Expr<"never">;

const broken = (name: string, problem: string) => internalError({ where: `wasm ${name}`, problem });

/** `value` as an expression of `type`, for operand `position` of the instruction `name`. */
function operand(value: Operand, type: ValueType, name: string, position: number): Expr {
  if (typeof value === "number" || typeof value === "bigint") {
    if (typeof value === "number" ? type !== "i64" && type !== "v128" : type === "i64") return literal(type, value);
    throw broken(name, `operand ${position} is the ${typeof value} ${value}, expected ${type}`);
  }
  const expr = value instanceof Expr ? value : value.read;
  if (expr.type !== type && expr.type !== "never") {
    throw broken(name, `operand ${position} (${expr.instruction.name}) is ${expr.type}, expected ${type}`);
  }
  return expr;
}

function literal(type: ValueType, value: number | bigint): Expr {
  const make = builders[`${type}.const` as const] as (value: number | bigint) => Expr;
  return make(value);
}

// ---- functions from the table -------------------------------------------------------------------------------------

const integerIn = (value: unknown, low: number, high: number): value is number =>
  Number.isInteger(value) && (value as number) >= low && (value as number) <= high;

function memoryImmediate(to: Instruction, lane: number | undefined, offset = 0, align = to.size): Immediate {
  if (!integerIn(offset, 0, 2 ** 32 - 1)) throw broken(to.name, `offset is ${offset}, expected 0 to 2**32 - 1`);
  const exact = to.code[0] === 0xfe;
  if (!integerIn(align, exact ? to.size : 1, to.size) || (align & (align - 1)) !== 0) {
    throw broken(to.name, `align is ${align}, expected ${exact ? "" : "a power of two up to "}${to.size} bytes`);
  }
  return { kind: "memory", offset, align, lane };
}

function checkLane(to: Instruction, lane: number, count: number): number {
  if (!integerIn(lane, 0, count - 1)) throw broken(to.name, `lane is ${lane}, expected 0 to ${count - 1}`);
  return lane;
}

/** How each kind of immediate is made from the arguments that follow the operands. */
const immediates: { [K in keyof ImmediateArguments]: (to: Instruction, ...args: ImmediateArguments[K]) => Immediate } =
  {
    none: () => noImmediate,
    memory: (to, offset, align) => memoryImmediate(to, undefined, offset, align),
    memoryLane: (to, lane, offset, align) => memoryImmediate(to, checkLane(to, lane, 16 / to.size), offset, align),
    lane: (to, lane) => ({ kind: "lanes", lanes: [checkLane(to, lane, to.size)] }),
    shuffle: (to, lanes) => {
      if (lanes.length !== 16) throw broken(to.name, `got ${lanes.length} lanes, expected 16`);
      return { kind: "lanes", lanes: lanes.map((lane) => checkLane(to, lane, 32)) };
    },
    i32: (to, value) => {
      if (!integerIn(value, -(2 ** 31), 2 ** 32 - 1)) throw broken(to.name, `${value} is no 32-bit integer`);
      return { kind: "i32", value: value | 0 };
    },
    i64: (to, value) => {
      if (typeof value !== "bigint" || value < -(2n ** 63n) || value >= 2n ** 64n) {
        throw broken(to.name, `${value} is no 64-bit integer`);
      }
      return { kind: "i64", value: BigInt.asIntN(64, value) };
    },
    f32: (_, value) => ({ kind: "f32", value: Math.fround(value) }),
    f64: (_, value) => ({ kind: "f64", value }),
    v128: (to, shape, lanes) => {
      const { count, size } = shapes[shape];
      if (lanes.length !== count) throw broken(to.name, `${shape} got ${lanes.length} lanes, expected ${count}`);
      const bad =
        shape[0] === "i" ? lanes.find((x) => !integerIn(x, -(2 ** (8 * size - 1)), 2 ** (8 * size) - 1)) : undefined;
      if (bad !== undefined) throw broken(to.name, `${bad} is no lane of ${shape}`);
      return { kind: "v128", shape, lanes: shape === "f32x4" ? lanes.map(Math.fround) : [...lanes] };
    },
    special: () => noImmediate,
  };

type Operands<P extends readonly ValueType[]> = { [K in keyof P]: Operand<P[K]> };

/** The function of a record. */
type Builder<R extends Row> = (
  ...args: [...Operands<R["operands"]>, ...ImmediateArguments[R["immediate"]]]
) => Expr<R["result"]>;

type UntypedBuilder = (...args: unknown[]) => Expr;

function builder(to: Instruction): UntypedBuilder {
  const { name, operands: types, result } = to;
  const count = types.length;
  const immediate = immediates[to.immediate] as (to: Instruction, ...args: unknown[]) => Immediate;
  const plain = to.immediate === "none";
  return (...args) => {
    if (args.length < count) throw broken(name, `got ${args.length} operands, expected ${types.join(", ")}`);
    const operands = new Array<Expr>(count);
    for (let k = 0; k < count; k++) operands[k] = operand(args[k] as Operand, types[k], name, k + 1);
    return new Expr(
      to,
      result,
      operands,
      plain ? noImmediate : immediate(to, args[count], args[count + 1], args[count + 2]),
    );
  };
}

const builders: Readonly<Record<string, UntypedBuilder>> = Object.fromEntries(
  Object.entries(instructions).map(([name, to]) => [name, builder(to)]),
);

type Camel<S extends string> = S extends `${infer A}_${infer B}`
  ? `${Camel<A>}${Capitalize<Camel<B>>}`
  : S extends `${infer A}.${infer B}`
    ? `${A}${Capitalize<Camel<B>>}`
    : S;

/** The functions of all instructions `prefix.…`, save those that have a function of their own. */
type Namespace<N extends string> = {
  readonly [K in keyof Table as Table[K]["immediate"] extends "special"
    ? never
    : K extends `${N}.${infer Rest}`
      ? Camel<Rest>
      : never]: Builder<Table[K]>;
};

function namespace<N extends string>(prefix: N): Namespace<N> {
  const functions: Record<string, UntypedBuilder> = {};
  for (const [name, make] of Object.entries(builders)) {
    if (!name.startsWith(`${prefix}.`)) continue;
    functions[name.slice(prefix.length + 1).replace(/[._](.)/g, (_, first: string) => first.toUpperCase())] = make;
  }
  return functions as unknown as Namespace<N>;
}

export const i32 = namespace("i32");
export const i64 = namespace("i64");
export const f32 = namespace("f32");
export const f64 = namespace("f64");
export const v128 = namespace("v128");
export const i8x16 = namespace("i8x16");
export const i16x8 = namespace("i16x8");
export const memory = namespace("memory");
export const atomic = namespace("atomic");
export const f64x2 = namespace("f64x2");

type Four = [x: number] | [x: number, y: number, z: number, w: number];

/** A v128 constant: four lanes, or one number for all of them. */
const constantOf =
  (shape: "f32x4" | "i32x4") =>
  (...[x, y = x, z = x, w = x]: Four): Expr<"v128"> =>
    v128.const(shape, [x, y, z, w]);

export const i32x4 = { ...namespace("i32x4"), const: constantOf("i32x4") };
export const f32x4 = { ...namespace("f32x4"), const: constantOf("f32x4") };

// ---- variables ----------------------------------------------------------------------------------------------------

/** Locals of a function. Reading is also implied by passing the `Local` as an operand. */
export const local = {
  get: <T extends ValueType>(of: Local<T>): Expr<T> => of.read,
  set: <T extends ValueType>(to: Local<T>, value: Operand<NoInfer<T>>): Expr<"none"> =>
    new Expr(instructions["local.set"], "none", [operand(value, to.type, "local.set", 1)], {
      kind: "local",
      local: to,
    }),
  tee: <T extends ValueType>(to: Local<T>, value: Operand<NoInfer<T>>): Expr<T> =>
    new Expr(instructions["local.tee"], to.type, [operand(value, to.type, "local.tee", 1)], {
      kind: "local",
      local: to,
    }),
};

/** Globals of a module. Reading is also implied by passing the `Global` as an operand. */
export const global = {
  get: <T extends ValueType>(of: Global<T>): Expr<T> => of.read,
  set: <T extends ValueType>(to: Global<T>, value: Operand<NoInfer<T>>): Expr<"none"> => {
    if (!to.mutable) throw broken("global.set", `${to.name} is not mutable`);
    return new Expr(instructions["global.set"], "none", [operand(value, to.type, "global.set", 1)], {
      kind: "global",
      global: to,
    });
  },
};

// ---- control ------------------------------------------------------------------------------------------------------

/** Statements, or a function from the label of their block to them. With a result, the last one is its value. */
export type Body<L extends ValueType | "none" = "none", T extends Expr = Statement> =
  | readonly T[]
  | ((label: Label<L>) => readonly T[]);

/** Check that `body` leaves `type` on the stack. */
export function checkBody(name: string, body: readonly Expr[], type: ValueType | "none"): void {
  for (let k = 0; k < body.length; k++) {
    const got = body[k].type;
    if (got === "never" || got === (k === body.length - 1 ? type : "none")) continue;
    const which = `statement ${k + 1} of ${body.length} (${body[k].instruction.name})`;
    throw broken(name, `${which} leaves ${got} on the stack, expected ${k === body.length - 1 ? type : "none"}`);
  }
  if (body.length === 0 && type !== "none") throw broken(name, `an empty body leaves none, expected ${type}`);
}

function structure<R extends ValueType | "none">(
  name: "block" | "loop" | "if",
  result: R,
  condition: readonly Expr[],
  then: Body<R, Expr>,
  otherwise?: Body<R, Expr>,
): Expr<R> {
  const label = new Label<R>(name, (name === "loop" ? "none" : result) as R);
  const used = typeof then === "function" || typeof otherwise === "function";
  const body = typeof then === "function" ? then(label) : then;
  const rest = typeof otherwise === "function" ? otherwise(label) : (otherwise ?? []);
  checkBody(name, body, result);
  if (name === "if" && (rest.length > 0 || result !== "none")) checkBody("else", rest, result);
  return new Expr(instructions[name], result, condition, {
    kind: "block",
    label: used ? label : undefined,
    result,
    body: [...body],
    otherwise: [...rest],
  });
}

/** Statements that a branch to the label leaves. With a type first, the block has a value. */
export function block(body: Body): Expr<"none">;
export function block<T extends ValueType>(type: T, body: Body<NoInfer<T>, Statement | Expr<NoInfer<T>>>): Expr<T>;
export function block(first: ValueType | Body, second?: Body<ValueType, Expr>): Expr {
  return typeof first === "string" ? structure("block", first, [], second!) : structure("block", "none", [], first);
}

/** Statements that a branch to the label repeats. Without a branch they run once. */
export function loop(body: Body): Expr<"none">;
export function loop<T extends ValueType>(type: T, body: Body<"none", Statement | Expr<NoInfer<T>>>): Expr<T>;
export function loop(first: ValueType | Body, second?: Body<"none", Expr>): Expr {
  return typeof first === "string"
    ? structure("loop", first, [], second as Body<ValueType, Expr>)
    : structure("loop", "none", [], first);
}

/** `then` if the condition is not 0, or else `otherwise`. With a type first, it has a value. */
export function if_(condition: Operand<"i32">, then: Body, otherwise?: Body): Expr<"none">;
export function if_<T extends ValueType>(
  type: T,
  condition: Operand<"i32">,
  then: Body<NoInfer<T>, Statement | Expr<NoInfer<T>>>,
  otherwise: Body<NoInfer<T>, Statement | Expr<NoInfer<T>>>,
): Expr<T>;
export function if_(
  ...args:
    | [condition: Operand<"i32">, then: Body, otherwise?: Body]
    | [type: ValueType, condition: Operand<"i32">, then: Body<ValueType, Expr>, otherwise: Body<ValueType, Expr>]
): Expr {
  if (typeof args[0] === "string") {
    const [type, condition, then, otherwise] = args as [
      ValueType,
      Operand<"i32">,
      Body<ValueType, Expr>,
      Body<ValueType, Expr>,
    ];
    return structure("if", type, [operand(condition, "i32", "if", 1)], then, otherwise);
  }
  const [condition, then, otherwise] = args as [Operand<"i32">, Body, Body | undefined];
  return structure("if", "none", [operand(condition, "i32", "if", 1)], then, otherwise);
}

/** Jump to the end of a block or `if`, or to the start of a loop. */
export function br(to: Label): Expr<"never">;
export function br<T extends ValueType>(to: Label<T>, value: Operand<NoInfer<T>>): Expr<"never">;
export function br(to: Label<ValueType | "none">, value?: Operand): Expr<"never"> {
  if (to.type === "none" ? value !== undefined : value === undefined) {
    throw broken("br", value === undefined ? `got no value, expected ${to.type}` : "got a value, expected none");
  }
  const values = to.type === "none" ? [] : [operand(value!, to.type, "br", 1)];
  return new Expr(instructions.br, "never", values, { kind: "labels", labels: [to] });
}

/** `br` if the condition is not 0. */
export function brIf(to: Label, condition: Operand<"i32">): Expr<"none"> {
  if (to.type !== "none") throw broken("br_if", `the label expects ${to.type}, expected none`);
  return new Expr(instructions.br_if, "none", [operand(condition, "i32", "br_if", 1)], {
    kind: "labels",
    labels: [to],
  });
}

/** Jump to `labels[index]`, or to `otherwise` when there is no such label. */
export function brTable(index: Operand<"i32">, labels: readonly Label[], otherwise: Label): Expr<"never"> {
  const all = [...labels, otherwise];
  const bad = all.find((label) => label.type !== "none");
  if (bad) throw broken("br_table", `a label expects ${bad.type}, expected none`);
  return new Expr(instructions.br_table, "never", [operand(index, "i32", "br_table", 1)], {
    kind: "labels",
    labels: all,
  });
}

/** Call a function. */
export function call<R extends ValueType | "none">(callee: Callable<R>, ...args: Operand[]): Expr<R> {
  const { name, operands: types, result } = callee;
  if (args.length !== types.length) {
    throw broken(`call ${name}`, `got ${args.length} operands, expected (${types.join(", ")})`);
  }
  const operands = args.map((value, k) => operand(value, types[k], `call ${name}`, k + 1));
  return new Expr(instructions.call, result, operands, { kind: "function", callee });
}

/** Leave the function, with its result if it has one. The type is checked when the function is assembled. */
export function return_(value?: Exclude<Operand, number | bigint>): Expr<"never"> {
  const values = value === undefined ? [] : [value instanceof Expr ? value : value.read];
  return new Expr(instructions.return, "never", values, noImmediate);
}

/** Trap. */
export const unreachable = (): Expr<"never"> => new Expr(instructions.unreachable, "never", [], noImmediate);

/** Do nothing. */
export const nop = builders.nop as () => Expr<"none">;

/** Evaluate and forget. */
export function drop(value: Expr<ValueType>): Expr<"none"> {
  if (!isValue(value.type)) throw broken("drop", `operand 1 (${value.instruction.name}) is ${value.type}`);
  return new Expr(instructions.drop, "none", [value], noImmediate);
}

const isValue = (type: ExprType): type is ValueType => type !== "none" && type !== "never";

/** `a` if the condition is not 0, or else `b`. Both are evaluated. One of them may be a number. */
export function select<T extends ValueType>(a: Operand<T>, b: Operand<NoInfer<T>>, condition: Operand<"i32">): Expr<T>;
export function select<T extends ValueType>(a: Literal<T>, b: Expr<T> | Local<T>, condition: Operand<"i32">): Expr<T>;
export function select(a: Operand, b: Operand, condition: Operand<"i32">): Expr {
  const type = [a, b].map((x) => (typeof x === "object" ? x.type : "none")).find(isValue);
  if (type === undefined) throw broken("select", "both operands are numbers, so their type is unknown");
  const operands = [
    operand(a, type, "select", 1),
    operand(b, type, "select", 2),
    operand(condition, "i32", "select", 3),
  ];
  return new Expr(instructions.select, type, operands, noImmediate);
}

/** A constant of any type but v128. */
export function constantExpr<T extends Exclude<ValueType, "v128">>(type: T, value: Literal<T>): Expr<T> {
  return operand(value as number | bigint, type, `${type}.const`, 1) as Expr<T>;
}
