/**
 * A small WebAssembly assembler. It keeps instructions until it makes bytes of them; `text.ts` makes text.
 *
 * ```ts
 * const module = new Module();
 * const add = module.func("add", { x: "i32", y: "i32" }, ["i32"], { export: "add" });
 * add.emit(i32.add(add.params.x, add.params.y));
 * module.toBytes(); // for WebAssembly.Module
 * moduleText(module); // (module (func $add (export "add") …
 * ```
 *
 * The same calls give the same bytes.
 */

import { internalError } from "../../core/errors.ts";
import { atOnce, enough, type Pieces } from "../../core/pieces.ts";
import {
  type Callable,
  checkBody,
  constantExpr,
  type Expr,
  Global,
  type Label,
  Local,
  type Statement,
  type ValueType,
} from "./instructions.ts";

export * from "./instructions.ts";

/** The parameters of a function: types by name (in order), or a list of types. */
export type ParamTypes = Readonly<Record<string, ValueType>> | readonly ValueType[];

/** The result of a function, if any. */
export type ResultTypes = readonly [] | readonly [ValueType];

type ResultOf<R extends ResultTypes> = R extends readonly [infer T extends ValueType] ? T : "none";

type Locals<P extends ParamTypes> = { readonly [K in keyof P]: P[K] extends ValueType ? Local<P[K]> : never };

const broken = (where: string, problem: string) => internalError({ where: `wasm ${where}`, problem });

// ---- functions ----------------------------------------------------------------------------------------------------

/** What functions share that were declared with the same object of types. */
interface Signature<P extends ParamTypes> {
  readonly operands: readonly ValueType[];
  readonly params: Locals<P>;
  readonly locals: readonly Local<ValueType>[];
}

function signatureOf<P extends ParamTypes>(types: P): Signature<P> {
  const listed = Array.isArray(types);
  const operands = Object.values(types as Readonly<Record<string, ValueType>>);
  const locals = Object.keys(types).map((key, k) => new Local(operands[k], listed ? `p${key}` : key, k));
  const params = listed ? locals : Object.fromEntries(locals.map((p) => [p.name, p]));
  return { operands, params: params as Locals<P>, locals };
}

/** A function under construction. Made by `Module.func`. */
export class Func<P extends ParamTypes = ParamTypes, R extends ValueType | "none" = ValueType | "none">
  implements Callable<R>
{
  readonly name: string;
  readonly operands: readonly ValueType[];
  readonly result: R;
  /** The parameters, by name or index as they were declared. */
  readonly params: Locals<P>;
  readonly exportName: string | undefined;
  /** Parameters, then other locals. */
  readonly locals: Local<ValueType>[];
  readonly body: Expr[] = [];
  /** Where the module keeps its locals and body in the binary format, in the place of these once it is finished. */
  code: { readonly start: number; readonly end: number } | undefined;

  constructor(name: string, { operands, params, locals }: Signature<P>, result: R, exportName: string | undefined) {
    this.name = name;
    this.operands = operands;
    this.result = result;
    this.params = params;
    this.exportName = exportName;
    this.locals = [...locals];
  }

  /** A new variable, 0 at first. */
  local<T extends ValueType>(type: T, name = `l${this.locals.length}`): Local<T> {
    const made = new Local(type, name, this.locals.length);
    this.locals.push(made);
    return made;
  }

  /** Append to the body. The last expression is the result, if there is one. */
  emit(...body: readonly (Statement | Expr<R>)[]): this {
    if (body.length === 0) return this;
    if (this.code) throw broken(`func ${this.name}`, "it is finished, nothing can be added");
    checkBody(`func ${this.name}`, this.body.slice(-1), "none");
    checkBody(`func ${this.name}`, body, body.at(-1)?.type === "none" ? "none" : this.result);
    for (const expr of body) this.body.push(expr);
    return this;
  }
}

/** Sizes in pages of 64 KiB. A shared memory needs a maximum. */
export interface MemoryLimits {
  readonly initialPages: number;
  readonly maximumPages?: number;
  readonly shared?: boolean;
}

// ---- the module ---------------------------------------------------------------------------------------------------

interface Exported<T> {
  readonly name: string;
  readonly item: T;
}

/** A module under construction. */
export class Module {
  readonly functions: Func[] = [];
  readonly globals: Global<ValueType>[] = [];
  readonly exportedGlobals: Exported<Global<ValueType>>[] = [];
  private readonly indexOf = new Map<Callable, number>();
  private readonly keepsInstructions: boolean;
  private readonly signatures = new Map<ParamTypes, Signature<ParamTypes>>();
  /** The code of all finished functions. */
  private readonly finished = new Writer();
  /** Where it comes from, and its sizes. */
  memory: (MemoryLimits & { readonly module: string; readonly name: string }) | undefined;

  /** @param keepsInstructions - also of finished functions, for the text. */
  constructor(keepsInstructions = false) {
    this.keepsInstructions = keepsInstructions;
  }

  /** The memory that all loads and stores mean. */
  importMemory(module: string, name: string, limits: MemoryLimits): void {
    if (this.memory) throw broken(`import ${name}`, `there is already a memory (${this.memory.name})`);
    if (limits.shared && limits.maximumPages === undefined) {
      throw broken(`import ${name}`, "a shared memory has no maximumPages");
    }
    this.memory = { ...limits, module, name };
  }

  /**
   * A new function. `name` appears in profiles and in the text.
   *
   * @param params - not to be changed afterwards: functions with the same object share their parameters.
   */
  func<const P extends ParamTypes, const R extends ResultTypes = []>(
    name: string,
    params: P,
    results?: R,
    options: { readonly export?: string } = {},
  ): Func<P, ResultOf<R>> {
    const signature = this.signatures.get(params) ?? signatureOf(params);
    this.signatures.set(params, signature);
    const made = new Func(name, signature as Signature<P>, resultOf<R>(results), options.export);
    this.indexOf.set(made, this.functions.length);
    this.functions.push(made);
    return made;
  }

  /**
   * Makes bytes of a function to which nothing will be added. Its instructions are young then, and go as they came:
   * those of a large module would otherwise be copied from one generation of the engine's memory to the next.
   *
   * @returns the same function, of any type.
   */
  finish<P extends ParamTypes, R extends ValueType | "none">(func: Func<P, R>): Func {
    const done = func as unknown as Func;
    if (done.code) throw broken(`func ${func.name}`, "it is finished already");
    if (this.keepsInstructions) return done;
    const start = this.finished.length;
    this.write(this.finished, done);
    done.code = { start, end: this.finished.length };
    done.body.length = 0;
    done.locals.length = 0;
    return done;
  }

  /** A new variable of the module, with the number (for i64: the bigint) that it starts as. */
  global<T extends "i32" | "f32" | "f64" | "i64">(
    type: T,
    mutable: boolean,
    init: T extends "i64" ? bigint : number,
    options: { readonly name?: string; readonly export?: string } = {},
  ): Global<T> {
    const index = this.globals.length;
    const name = options.name ?? options.export ?? `g${index}`;
    const made = new Global(type, name, index, mutable, constantExpr(type, init as never));
    this.globals.push(made);
    if (options.export !== undefined) this.exportedGlobals.push({ name: options.export, item: made });
    return made;
  }

  /** The module in the binary format. */
  toBytes(): Uint8Array<ArrayBuffer> {
    return atOnce(this.encoding());
  }

  /** The same in pieces: a function each, of each section. */
  *encoding(): Pieces<Uint8Array<ArrayBuffer>> {
    const all: readonly Callable[] = this.functions;
    const types = new Map<string, number>();
    const typeOf: number[] = [];
    const typed: Callable[] = [];
    for (const callee of all) {
      const key = `${callee.operands.join()}:${callee.result}`;
      const index = types.get(key) ?? types.size;
      types.set(key, index);
      typed[index] ??= callee;
      typeOf.push(index);
      if (enough()) yield;
    }

    const out = new Writer();
    out.bytes([0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00]);

    section(out, 1, typed, (to, { operands, result }) => {
      to.byte(0x60);
      to.list(operands, (type) => to.byte(typeByte[type]));
      to.list(result === "none" ? [] : [result], (type) => to.byte(typeByte[type]));
    });

    const memories = this.memory ? [this.memory] : [];
    section(out, 2, memories, (to, item) => {
      to.string(item.module);
      to.string(item.name);
      to.byte(0x02);
      to.byte((item.maximumPages === undefined ? 0 : 1) | (item.shared ? 2 : 0));
      to.u32(item.initialPages);
      if (item.maximumPages !== undefined) to.u32(item.maximumPages);
    });

    section(out, 3, typeOf, (to, type) => to.u32(type));

    section(out, 6, this.globals, (to, { type, mutable, init }) => {
      to.byte(typeByte[type]);
      to.byte(mutable ? 1 : 0);
      encode(to, init, noScope);
      to.byte(END);
    });

    const functions = this.functions.filter((func) => func.exportName !== undefined);
    const exported: Exported<Func | Global<ValueType>>[] = [
      ...this.exportedGlobals,
      ...functions.map((item) => ({ name: item.exportName!, item })),
    ];
    section(out, 7, exported, (to, { name, item }) => {
      to.string(name);
      to.byte(item instanceof Global ? 0x03 : 0x00);
      to.u32(item instanceof Global ? item.index : this.indexOf.get(item)!);
    });

    const code = new Writer();
    const scratch = new Writer();
    code.u32(this.functions.length);
    for (const func of this.functions) {
      scratch.length = 0;
      if (!func.code) this.write(scratch, func);
      const own = func.code ? this.finished.view(func.code.start, func.code.end) : scratch.view();
      code.u32(own.length);
      code.bytes(own);
      if (func.code === undefined || enough()) yield;
    }
    if (this.functions.length > 0) part(out, 10, code);
    yield;

    const named = new Writer();
    named.u32(all.length);
    for (const [k, { name }] of all.entries()) {
      named.u32(k);
      named.string(name);
      if (enough()) yield;
    }
    const names = new Writer();
    names.string("name");
    if (all.length > 0) part(names, 1, named);
    part(out, 0, names);
    yield;
    return out.view().slice();
  }

  /** Locals and body. */
  private write(to: Writer, func: Func): void {
    checkEnd(func);
    to.list(runs(func), ([count, type]) => {
      to.u32(count);
      to.byte(typeByte[type]);
    });
    const scope: Scope = { func, globals: this.globals, indexOf: this.indexOf, labels: [] };
    encodeAll(to, func.body, scope);
    to.byte(END);
  }
}

function resultOf<R extends ResultTypes>(results?: R): ResultOf<R> {
  return (results?.[0] ?? "none") as ResultOf<R>;
}

function checkEnd(func: Func): void {
  const last = func.body.at(-1);
  checkBody(`func ${func.name}`, last ? [last] : [], func.result);
}

/** The variables of a function, as [how many, type] of neighbours that are alike. */
function runs(func: Func): readonly (readonly [number, ValueType])[] {
  const found: [number, ValueType][] = [];
  for (const { type } of func.locals.slice(func.operands.length)) {
    const last = found.at(-1);
    if (last && last[1] === type) last[0]++;
    else found.push([1, type]);
  }
  return found;
}

// ---- bytes --------------------------------------------------------------------------------------------------------

const END = 0x0b;
const typeByte = { i32: 0x7f, i64: 0x7e, f32: 0x7d, f64: 0x7c, v128: 0x7b, none: 0x40 } as const;

const utf8 = new TextEncoder();

/** Bytes that grow. */
class Writer {
  length = 0;
  #bytes = new Uint8Array(1024);
  #numbers = new DataView(this.#bytes.buffer);

  #reserve(count: number): void {
    if (this.length + count <= this.#bytes.length) return;
    const grown = new Uint8Array(2 * (this.length + count));
    grown.set(this.#bytes);
    this.#bytes = grown;
    this.#numbers = new DataView(grown.buffer);
  }

  view(start = 0, end = this.length): Uint8Array<ArrayBuffer> {
    return this.#bytes.subarray(start, end);
  }

  byte(value: number): void {
    if (this.length === this.#bytes.length) this.#reserve(1);
    this.#bytes[this.length++] = value;
  }

  bytes(values: ArrayLike<number>): void {
    this.#reserve(values.length);
    this.#bytes.set(values, this.length);
    this.length += values.length;
  }

  u32(value: number): void {
    if (this.length + 5 > this.#bytes.length) this.#reserve(5);
    let rest = value >>> 0;
    while (rest > 127) {
      this.#bytes[this.length++] = (rest & 127) | 128;
      rest >>>= 7;
    }
    this.#bytes[this.length++] = rest;
  }

  s32(value: number): void {
    if (this.length + 5 > this.#bytes.length) this.#reserve(5);
    let rest = value;
    while (rest < -64 || rest > 63) {
      this.#bytes[this.length++] = (rest & 127) | 128;
      rest >>= 7;
    }
    this.#bytes[this.length++] = rest & 127;
  }

  s64(value: bigint): void {
    let rest = value;
    while (rest < -64n || rest > 63n) {
      this.byte(Number(rest & 127n) | 128);
      rest >>= 7n;
    }
    this.byte(Number(rest & 127n));
  }

  i32(value: number): void {
    this.#reserve(4);
    this.#numbers.setInt32(this.length, value, true);
    this.length += 4;
  }

  /** Every NaN becomes the canonical one, so that the bytes do not depend on the engine. */
  f32(value: number): void {
    this.#reserve(4);
    if (Number.isNaN(value)) this.#numbers.setUint32(this.length, 0x7fc00000, true);
    else this.#numbers.setFloat32(this.length, value, true);
    this.length += 4;
  }

  f64(value: number): void {
    this.#reserve(8);
    if (Number.isNaN(value)) this.#numbers.setBigUint64(this.length, 0x7ff8000000000000n, true);
    else this.#numbers.setFloat64(this.length, value, true);
    this.length += 8;
  }

  string(text: string): void {
    const bytes = utf8.encode(text);
    this.u32(bytes.length);
    this.bytes(bytes);
  }

  list<T>(items: readonly T[], write: (item: T, index: number) => void): void {
    this.u32(items.length);
    items.forEach(write);
  }
}

/** A section: id, size, then a list. Left out when the list is empty. */
function section<T>(out: Writer, id: number, items: readonly T[], write: (to: Writer, item: T, k: number) => void) {
  if (items.length === 0) return;
  const content = new Writer();
  content.list(items, (item, k) => write(content, item, k));
  part(out, id, content);
}

/** What makes a section of some content. */
function part(out: Writer, id: number, content: Writer): void {
  out.byte(id);
  out.u32(content.length);
  out.bytes(content.view());
}

/** What an expression may refer to. `labels` are those of the blocks around it, innermost last. */
interface Scope {
  readonly func: Func | undefined;
  readonly globals: readonly Global<ValueType>[];
  readonly indexOf: ReadonlyMap<Callable, number>;
  readonly labels: (Label<ValueType | "none"> | undefined)[];
}

const noScope: Scope = { func: undefined, globals: [], indexOf: new Map(), labels: [] };

function encodeAll(to: Writer, list: readonly Expr[], scope: Scope): void {
  for (let k = 0; k < list.length; k++) encode(to, list[k], scope);
}

function encode(to: Writer, expr: Expr, scope: Scope): void {
  const { instruction, operands, immediate } = expr;
  if (operands.length > 0) encodeAll(to, operands, scope);
  const { code, name } = instruction;
  to.byte(code[0]);
  for (let k = 1; k < code.length; k++) to.byte(code[k]);
  // The usual ones first.
  switch (immediate.kind) {
    case "local": {
      const { local } = immediate;
      if (scope.func?.locals[local.index] !== local) {
        throw broken(name, `local ${local.name} does not belong to func ${scope.func?.name}`);
      }
      to.u32(local.index);
      break;
    }
    case "none":
      if (name === "return" && scope.func) checkBody("return", operands, scope.func.result);
      break;
    case "memory":
      to.byte(31 - Math.clz32(immediate.align));
      to.u32(immediate.offset);
      if (immediate.lane !== undefined) to.byte(immediate.lane);
      break;
    case "lanes":
      to.bytes(immediate.lanes);
      break;
    case "i32":
      to.s32(immediate.value);
      break;
    case "i64":
      to.s64(immediate.value);
      break;
    case "f32":
      to.f32(immediate.value);
      break;
    case "f64":
      to.f64(immediate.value);
      break;
    case "v128":
      for (const lane of immediate.lanes) {
        if (immediate.shape === "f32x4") to.f32(lane);
        else to.i32(lane);
      }
      break;
    case "global": {
      const { global } = immediate;
      if (scope.globals[global.index] !== global) {
        throw broken(name, `global ${global.name} belongs to another module`);
      }
      to.u32(global.index);
      break;
    }
    case "function": {
      const index = scope.indexOf.get(immediate.callee);
      if (index === undefined) throw broken(name, `func ${immediate.callee.name} belongs to another module`);
      to.u32(index);
      break;
    }
    case "label": {
      const { label } = immediate;
      const index = scope.labels.lastIndexOf(label);
      if (index < 0) throw broken(name, `it branches to a ${label.kind} that is not around it`);
      to.u32(scope.labels.length - 1 - index);
      break;
    }
    case "block":
      to.byte(typeByte[immediate.result]);
      scope.labels.push(immediate.label);
      encodeAll(to, immediate.body, scope);
      if (immediate.otherwise.length > 0) {
        to.byte(0x05);
        encodeAll(to, immediate.otherwise, scope);
      }
      scope.labels.pop();
      to.byte(END);
      break;
    default:
      immediate satisfies never;
  }
}
