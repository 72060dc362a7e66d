/**
 * WebAssembly instructions as values: those that the generated code is made of.
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

/** The name of a v128 constant's four lanes. */
export type Shape = "i32x4" | "f32x4";

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
  block: special(0x02),
  loop: special(0x03),
  if: special(0x04),
  br: special(0x0c),
  br_if: special(0x0d),
  return: special(0x0f),
  call: special(0x10),
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
  "f32.load": access(0x2a, [i], f, 4),
  "f64.load": access(0x2b, [i], d, 8),
  "i32.load8_u": access(0x2d, [i], i, 1),
  "i32.store": access(0x36, [i, i], none, 4),
  "f32.store": access(0x38, [i, f], none, 4),
  "f64.store": access(0x39, [i, d], none, 8),
  "memory.copy": op(fc(10, 0, 0), [i, i, i], none),
  "memory.fill": op(fc(11, 0), [i, i, i], none),

  // i32
  "i32.eqz": op(0x45, [i], i),
  "i32.eq": op(0x46, [i, i], i),
  "i32.ne": op(0x47, [i, i], i),
  "i32.lt_u": op(0x49, [i, i], i),
  "i32.ge_u": op(0x4f, [i, i], i),
  "i32.add": op(0x6a, [i, i], i),
  "i32.sub": op(0x6b, [i, i], i),
  "i32.mul": op(0x6c, [i, i], i),
  "i32.div_u": op(0x6e, [i, i], i),
  "i32.rem_u": op(0x70, [i, i], i),
  "i32.and": op(0x71, [i, i], i),
  "i32.shl": op(0x74, [i, i], i),
  "i32.trunc_sat_f32_s": op(fc(0), [f], i),

  // f32
  "f32.ne": op(0x5c, [f, f], i),
  "f32.sub": op(0x93, [f, f], f),
  "f32.convert_i32_s": op(0xb2, [i], f),
  "f32.convert_i32_u": op(0xb3, [i], f),

  // f64
  "f64.add": op(0xa0, [d, d], d),
  "f64.promote_f32": op(0xbb, [f], d),

  // v128: memory and bits
  "v128.load": access(fd(0), [i], v, 16),
  "v128.load32_splat": access(fd(9), [i], v, 4),
  "v128.load32_zero": access(fd(92), [i], v, 4),
  "v128.load32_lane": laneAccess(fd(86), [i, v], v, 4),
  "v128.store": access(fd(11), [i, v], none, 16),
  "v128.store32_lane": laneAccess(fd(90), [i, v], none, 4),
  "v128.store64_lane": laneAccess(fd(91), [i, v], none, 8),
  "v128.and": op(fd(78), [v, v], v),
  "v128.andnot": op(fd(79), [v, v], v),
  "v128.or": op(fd(80), [v, v], v),
  "v128.xor": op(fd(81), [v, v], v),
  "v128.bitselect": op(fd(82), [v, v, v], v),

  // i8x16, i16x8
  "i8x16.shuffle": row(fd(13), [v, v] as const, v, "shuffle", 0),
  "i16x8.extend_low_i8x16_u": op(fd(137), [v], v),

  // i32x4
  "i32x4.extract_lane": lane(fd(27), [v], i, 4),
  "i32x4.eq": op(fd(55), [v, v], v),
  "i32x4.extend_low_i16x8_u": op(fd(169), [v], v),
  "i32x4.shl": op(fd(171), [v, i], v),
  "i32x4.shr_s": op(fd(172), [v, i], v),
  "i32x4.shr_u": op(fd(173), [v, i], v),
  "i32x4.add": op(fd(174), [v, v], v),
  "i32x4.sub": op(fd(177), [v, v], v),
  "i32x4.min_s": op(fd(182), [v, v], v),
  "i32x4.max_s": op(fd(184), [v, v], v),
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
  "f32x4.ge": op(fd(70), [v, v], v),
  "f32x4.floor": op(fd(104), [v], v),
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

  // threads. Wait in a function of its own: the baseline compiler of V8 (Node 20) may lose locals across a wait.
  "memory.atomic.notify": access(fe(0x00), [i, i], i, 4),
  "memory.atomic.wait32": access(fe(0x01), [i, i, l], i, 4),
  "i32.atomic.load": access(fe(0x10), [i], i, 4),
  "i32.atomic.store": access(fe(0x17), [i, i], none, 4),
  "i32.atomic.rmw.add": access(fe(0x1e), [i, i], i, 4),
  "i32.atomic.rmw.sub": access(fe(0x25), [i, i], i, 4),
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
  | { readonly kind: "label"; readonly label: Label<ValueType | "none"> }
  | { readonly kind: "local"; readonly local: Local<ValueType> }
  | { readonly kind: "global"; readonly global: Global<ValueType> }
  | { readonly kind: "function"; readonly callee: Callable };

const noImmediate: Immediate = { kind: "none" };
const noOperands: readonly Expr[] = [];

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
  /** What every instruction carries that reads or writes it. */
  readonly immediate: Immediate;
  /** The expression that reads it. */
  readonly read: Expr<T>;

  constructor(type: T, name: string, index: number) {
    this.type = type;
    this.name = name;
    this.index = index;
    this.immediate = { kind: "local", local: this };
    this.read = new Expr(instructions["local.get"], type, noOperands, this.immediate);
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
    if (typeof value === "number" ? type !== "i64" && type !== "v128" : type === "i64") return literals[type](value);
    throw broken(name, `operand ${position} is the ${typeof value} ${value}, expected ${type}`);
  }
  const expr = value instanceof Expr ? value : value.read;
  if (expr.type !== type && expr.type !== "never") {
    throw broken(name, `operand ${position} (${expr.instruction.name}) is ${expr.type}, expected ${type}`);
  }
  return expr;
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
      if (lanes.length !== 4) throw broken(to.name, `${shape} got ${lanes.length} lanes, expected 4`);
      const bad = shape === "i32x4" ? lanes.find((x) => !integerIn(x, -(2 ** 31), 2 ** 32 - 1)) : undefined;
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

const literals: Readonly<Record<ValueType, UntypedBuilder>> = {
  i32: builders["i32.const"],
  i64: builders["i64.const"],
  f32: builders["f32.const"],
  f64: builders["f64.const"],
  v128: builders["v128.const"],
};

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
export const f32 = namespace("f32");
export const f64 = namespace("f64");
export const v128 = namespace("v128");
export const i8x16 = namespace("i8x16");
export const i16x8 = namespace("i16x8");
export const memory = namespace("memory");

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
    new Expr(instructions["local.set"], "none", [operand(value, to.type, "local.set", 1)], to.immediate),
  tee: <T extends ValueType>(to: Local<T>, value: Operand<NoInfer<T>>): Expr<T> =>
    new Expr(instructions["local.tee"], to.type, [operand(value, to.type, "local.tee", 1)], to.immediate),
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
  return new Expr(instructions.br, "never", values, { kind: "label", label: to });
}

/** `br` if the condition is not 0. */
export function brIf(to: Label, condition: Operand<"i32">): Expr<"none"> {
  if (to.type !== "none") throw broken("br_if", `the label expects ${to.type}, expected none`);
  return new Expr(instructions.br_if, "none", [operand(condition, "i32", "br_if", 1)], {
    kind: "label",
    label: to,
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

/** A constant of any type but v128. */
export function constantExpr<T extends Exclude<ValueType, "v128">>(type: T, value: Literal<T>): Expr<T> {
  return operand(value as number | bigint, type, `${type}.const`, 1) as Expr<T>;
}
