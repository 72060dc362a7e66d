import { describe, expect, it } from "vitest";
import * as wasm from "./assembler.ts";
import {
  block,
  br,
  brIf,
  call,
  constantExpr,
  type Expr,
  type Func,
  f32,
  f32x4,
  global,
  i8x16,
  i16x8,
  i32,
  i32x4,
  if_,
  local,
  loop,
  Module,
  memory,
  return_,
  table,
  type ValueType,
  v128,
} from "./assembler.ts";
import { moduleText } from "./text.ts";

type Exports = Record<string, (...args: (number | bigint)[]) => number | bigint | undefined>;

function run(module: Module, imports: WebAssembly.Imports = {}): Exports {
  return new WebAssembly.Instance(new WebAssembly.Module(module.toBytes()), imports).exports as Exports;
}

/** What a function without parameters returns whose body is `body`. */
function result(type: Exclude<ValueType, "v128">, body: (f: Func<[]>) => Expr<ValueType>): number | bigint | undefined {
  const module = new Module();
  const f = module.func("f", [], [type], { export: "f" });
  f.emit(body(f as unknown as Func<[]>) as Expr<typeof type>);
  return run(module).f();
}

/** A module that sees `memory`, and the memory as bytes, floats and integers. */
function withMemory(shared = false) {
  const module = new Module();
  module.importMemory("env", "memory", { initialPages: 1, maximumPages: 2, shared });
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 2, shared });
  return {
    module,
    run: () => run(module, { env: { memory } }),
    floats: new Float32Array(memory.buffer),
    integers: new Int32Array(memory.buffer),
    bytes: new Uint8Array(memory.buffer),
  };
}

const camel = (name: string) => name.replace(/[._](.)/g, (_, first: string) => first.toUpperCase());

describe("the table", () => {
  const namespaces: Record<string, object> = { ...wasm };
  const rows = Object.entries(table).filter(
    ([name, { immediate }]) => immediate !== "special" && name.includes(".") && name !== "i64.const",
  );
  const extra: Record<string, unknown[]> = {
    memory: [8],
    memoryLane: [1, 8],
    lane: [1],
    shuffle: [[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 31]],
    i32: [-5],
    f32: [1.5],
    f64: [1.5],
    v128: ["f32x4", [1, 2, 3, 4]],
  };

  it.each(rows)("%s has a function, and the engine accepts it with these operands and this result", (name, row) => {
    const [, prefix, rest] = /^(\w+)\.(.*)$/.exec(name)!;
    const make = (namespaces[prefix] as Record<string, (...args: unknown[]) => Expr<ValueType>>)[camel(rest)];
    const module = new Module();
    module.importMemory("env", "memory", { initialPages: 1, maximumPages: 1, shared: true });
    const f = module.func("f", row.operands as ValueType[], row.result === "none" ? [] : [row.result]);
    f.emit(make(...(f.params as unknown[]), ...(extra[row.immediate] ?? [])) as Expr<never>);
    new WebAssembly.Module(module.toBytes());
    expect(moduleText(module)).toContain(`(${name}`);
  });
});

describe("constants", () => {
  it.each([0, 1, -1, 63, 64, -64, -65, 127, 128, 8191, 8192, -8193, 2 ** 31 - 1, -(2 ** 31)])("i32 %i", (value) => {
    expect(result("i32", () => i32.const(value))).toBe(value);
  });

  it("i32 may be given without sign", () => {
    expect(result("i32", () => i32.const(2 ** 32 - 1))).toBe(-1);
    expect(result("i32", () => i32.const(2 ** 31))).toBe(-(2 ** 31));
  });

  it.each([0n, -1n, 64n, -65n, 2n ** 63n - 1n, -(2n ** 63n)])("i64 %s", (value) => {
    expect(result("i64", () => constantExpr("i64", value))).toBe(value);
  });

  it.each([0, -0, 1.5, -2.25, Math.fround(0.1), Infinity, -Infinity, NaN, 2 ** -149])("f32 %d", (value) => {
    expect(result("f32", () => constantExpr("f32", value))).toBe(value);
  });

  it.each([0, -0, 0.1, Infinity, -Infinity, NaN, 5e-324, Number.MAX_VALUE])("f64 %d", (value) => {
    expect(result("f64", () => constantExpr("f64", value))).toBe(value);
  });

  it("writes every NaN as the canonical one", () => {
    const bytesOf = (type: "f32" | "f64") => {
      const module = new Module();
      module.func("f", [], [type]).emit(constantExpr(type, NaN));
      return Buffer.from(module.toBytes()).toString("hex");
    };
    expect(bytesOf("f32")).toContain("430000c07f0b");
    expect(bytesOf("f64")).toContain("44000000000000f87f0b");
    expect(result("i32", () => i32x4.extractLane(f32x4.const(NaN), 3))).toBe(0x7fc00000);
  });

  it("v128 by lanes, or one number for all lanes", () => {
    expect(result("f32", () => f32x4.extractLane(f32x4.const(1, -0, 3, 4), 1))).toBe(-0);
    expect(result("i32", () => i32x4.extractLane(i32x4.const(-7), 2))).toBe(-7);
  });

  it("a number stands for a constant where the type is known", () => {
    expect(result("f32", () => f32.sub(0.5, 0.25))).toBe(0.25);
    expect(result("i32", () => i32.mul(3, -4))).toBe(-12);
  });
});

describe("control", () => {
  it("loops until a branch leaves the block", () => {
    const module = new Module();
    const sum = module.func("sum", { n: "i32" }, ["i32"], { export: "sum" });
    const { n } = sum.params;
    const total = sum.local("i32", "total");
    sum.emit(
      block((done) => [
        loop((again) => [
          brIf(done, i32.eqz(n)),
          local.set(total, i32.add(total, n)),
          local.set(n, i32.sub(n, 1)),
          br(again),
        ]),
      ]),
      local.get(total),
    );
    expect(run(module).sum(100)).toBe(5050);
  });

  it("branches carry the value of a typed block", () => {
    const module = new Module();
    const f = module.func("f", { x: "f32" }, ["f32"], { export: "f" });
    f.emit(block("f32", (out) => [if_(f32.ne(f.params.x, 9), [br(out, 0)]), f32.sub(f.params.x, 1)]));
    const { f: pick } = run(module);
    expect([pick(9), pick(-9)]).toEqual([8, 0]);
  });

  it("if has two branches, a value, or a label of its own", () => {
    const module = new Module();
    const f = module.func("f", { x: "i32" }, ["i32"], { export: "f" });
    const { x } = f.params;
    f.emit(
      if_(i32.geU(x, 100), [local.set(x, i32.const(0))], [local.set(x, i32.add(x, 1))]),
      if_(x, (out) => [brIf(out, i32.geU(x, 11)), local.set(x, i32.mul(x, 2))]),
      if_("i32", i32.eq(x, 11), [i32.const(-1)], [local.get(x)]),
    );
    const { f: g } = run(module);
    expect([-5, 3, 9, 10, 11].map((x) => g(x))).toEqual([0, 8, 20, -1, 12]);
  });

  it("returns", () => {
    const module = new Module();
    const f = module.func("f", { x: "i32" }, ["i32"], { export: "f" });
    const { x } = f.params;
    f.emit(if_(i32.geU(x, 100), [return_(i32.const(100))]), local.get(x));
    const { f: clip } = run(module);
    expect([clip(5), clip(500)]).toEqual([5, 100]);
  });
});

describe("functions", () => {
  it("pass v128 to each other", () => {
    const module = new Module();
    const dot = module.func("dot", ["v128", "v128"], ["v128"]);
    dot.emit(f32x4.mul(...dot.params));
    const f = module.func("f", { x: "f32" }, ["f32"], { export: "f" });
    f.emit(f32x4.extractLane(call(dot, f32x4.splat(f.params.x), f32x4.const(1, 2, 3, 4)), 3));
    expect(run(module).f(2.5)).toBe(10);
  });

  it("share globals, which may be exported", () => {
    const module = new Module();
    const count = module.global("i32", true, 40, { export: "count" });
    const step = module.global("i32", false, 2);
    const big = module.global("i64", false, -5n);
    const f = module.func("f", [], ["i64"], { export: "f" });
    f.emit(global.set(count, i32.add(count, step)), global.get(big));
    const exports = run(module);
    expect(exports.f()).toBe(-5n);
    expect((exports.count as unknown as WebAssembly.Global).value).toBe(42);
    expect(() => global.set(step, 3)).toThrow("wasm global.set: g1 is not mutable");
  });

  it("carry their names into the name section", () => {
    const module = new Module();
    module.func("dense_1.matmul", [], []);
    const compiled = new WebAssembly.Module(module.toBytes());
    const [names] = WebAssembly.Module.customSections(compiled, "name");
    expect(Buffer.from(names).toString("latin1")).toBe("\x01\x11\x01\x00\x0edense_1.matmul");
  });

  it("keep locals of all types", () => {
    const module = new Module();
    const f = module.func("f", { x: "f32" }, ["f32"], { export: "f" });
    const types = ["f32", "f32", "i64", "v128", "f64", "v128"] as const;
    const locals = types.map((type) => f.local(type));
    f.emit(
      local.set(locals[5] as wasm.Local<"v128">, f32x4.splat(f.params.x)),
      f32x4.extractLane(locals[5] as wasm.Local<"v128">, 0),
    );
    expect(run(module).f(0.5)).toBe(0.5);
  });
});

describe("memory", () => {
  it("SIMD loads, computes and stores", () => {
    const { module, run, floats } = withMemory();
    const f = module.func("axpy", { x: "i32", y: "i32", n: "i32", a: "f32" }, [], { export: "axpy" });
    const { x, y, n, a } = f.params;
    const end = f.local("i32", "end");
    f.emit(
      local.set(end, i32.add(x, i32.shl(n, 2))),
      loop((next) => [
        v128.store(y, f32x4.add(f32x4.mul(f32x4.splat(a), v128.load(x)), v128.load(y))),
        local.set(y, i32.add(y, 16)),
        brIf(next, i32.ltU(local.tee(x, i32.add(x, 16)), end)),
      ]),
    );
    floats.set([1, 2, 3, 4, 5, 6, 7, 8], 0);
    floats.fill(10, 64, 72);
    run().axpy(0, 256, 8, 2);
    expect([...floats.subarray(64, 72)]).toEqual([12, 14, 16, 18, 20, 22, 24, 26]);
  });

  it("loads and stores parts of a vector", () => {
    const { module, run, floats } = withMemory();
    const f = module.func("f", [], [], { export: "f" });
    const x = f.local("v128", "x");
    f.emit(
      v128.store(64, v128.load32Splat(4)),
      v128.store(64, v128.load32Zero(0), 32),
      local.set(x, v128.load32Lane(0, f32x4.const(9), 2, 12)),
      v128.store(64, x, 48, 4),
      v128.store32Lane(64, x, 2, 64),
      v128.store64Lane(64, x, 1, 72),
      v128.store(64, i8x16.shuffle(v128.load(0), x, [28, 29, 30, 31, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]), 80),
    );
    floats.set([1, 2, 3, 4]);
    run().f();
    expect([...floats.subarray(16, 40)]).toEqual(
      [
        [2, 2, 2, 2],
        [0, 0, 0, 0],
        [1, 0, 0, 0],
        [9, 9, 4, 9],
        [4, 0, 4, 9],
        [9, 1, 2, 3],
      ].flat(),
    );
  });

  it("widens bytes to floats", () => {
    const { module, run, bytes, floats } = withMemory();
    const f = module.func("f", [], [], { export: "f" });
    f.emit(v128.store(16, f32x4.convertI32x4U(i32x4.extendLowI16x8U(i16x8.extendLowI8x16U(v128.load32Zero(0))))));
    bytes.set([0, 1, 128, 255]);
    run().f();
    expect([...floats.subarray(4, 8)]).toEqual([0, 1, 128, 255]);
  });

  it("fills and copies", () => {
    const { module, run, bytes } = withMemory();
    module.func("f", [], [], { export: "f" }).emit(memory.fill(0, 7, 3), memory.copy(10, 1, 3));
    run().f();
    expect([...bytes.subarray(0, 14)]).toEqual([7, 7, 7, 0, 0, 0, 0, 0, 0, 0, 7, 7, 0, 0]);
  });

  it("takes offsets up to 4 GiB", () => {
    const { module, run, integers } = withMemory();
    const f = module.func("f", { p: "i32" }, ["i32"], { export: "f" });
    f.emit(i32.load(f.params.p, 65532));
    module.func("far", [], ["i32"], { export: "far" }).emit(i32.load(0, 2 ** 32 - 4));
    integers[16383] = 42;
    const exports = run();
    expect(exports.f(0)).toBe(42);
    expect(() => exports.far()).toThrow("out of bounds");
    expect(() => i32.load(0, 2 ** 32)).toThrow("wasm i32.load: offset is 4294967296");
  });

  it("may be shared, with atomics", () => {
    const { module, run, integers } = withMemory(true);
    const wait = module.func("wait", { address: "i32", expected: "i32" }, ["i32"]);
    wait.emit(memory.atomicWait32(wait.params.address, wait.params.expected, -1n));
    const f = module.func("f", [], ["i32"], { export: "f" });
    f.emit(
      i32.atomicStore(0, 5),
      i32.atomicStore(4, i32.atomicRmwAdd(0, 10)),
      i32.atomicStore(8, i32.atomicRmwSub(0, 1)),
      i32.atomicStore(12, memory.atomicNotify(0, 1)),
      i32.add(i32.atomicLoad(0), call(wait, 0, 99)),
    );
    expect(run().f()).toBe(15); // 14, and 1 because the value is not 99
    expect([...integers.subarray(0, 4)]).toEqual([14, 5, 15, 0]);
  });

  it("must match how it was imported", () => {
    const { module } = withMemory(true);
    const unshared = new WebAssembly.Memory({ initial: 1, maximum: 2 });
    expect(() => run(module, { env: { memory: unshared } })).toThrow(WebAssembly.LinkError);
    expect(() => new Module().importMemory("env", "m", { initialPages: 1, shared: true })).toThrow("no maximumPages");
    expect(() => module.importMemory("env", "m", { initialPages: 1 })).toThrow("already a memory (memory)");
  });
});

describe("mistakes", () => {
  const module = new Module();
  const f = module.func("f", { x: "f32", n: "i32" }, ["f32"]);
  const { x, n } = f.params;

  it("an operand of another type", () => {
    // @ts-expect-error also for the compiler
    expect(() => i32.add(n, x)).toThrow("wasm i32.add: operand 2 (local.get) is f32, expected i32");
    // @ts-expect-error
    expect(() => f32x4.add(f32x4.splat(x), f32.sub(x, x))).toThrow("operand 2 (f32.sub) is f32, expected v128");
    // @ts-expect-error
    expect(() => memory.atomicWait32(0, 0, 1)).toThrow("operand 3 is the number 1, expected i64");
    // @ts-expect-error
    expect(() => local.set(x, n)).toThrow("wasm local.set: operand 1 (local.get) is i32, expected f32");
    // @ts-expect-error
    expect(() => f32x4.splat(i32.store(0, 0))).toThrow("f32x4.splat: operand 1 (i32.store) is none, expected f32");
    // @ts-expect-error
    expect(() => i32.add(n)).toThrow("wasm i32.add: got 1 operands, expected i32, i32");
  });

  it("a call with other operands", () => {
    expect(() => call(f, x)).toThrow("wasm call f: got 1 operands, expected (f32, i32)");
    expect(() => call(f, n, n)).toThrow("wasm call f: operand 1 (local.get) is i32, expected f32");
  });

  it("a statement that leaves a value", () => {
    // @ts-expect-error
    expect(() => block([f32.sub(x, 1), i32.store(0, 0)])).toThrow("statement 1 of 2 (f32.sub) leaves f32 on the stack");
    // @ts-expect-error
    expect(() => if_("f32", n, [n.read], [x.read])).toThrow("wasm if: statement 1 of 1 (local.get) leaves i32");
    expect(() => block("f32", [])).toThrow("wasm block: an empty body leaves none, expected f32");
    const g = new Module().func("g", ["f32"], ["f32"]).emit(constantExpr("f32", 1));
    expect(() => g.emit(constantExpr("f32", 2))).toThrow(
      "wasm func g: statement 1 of 1 (f32.const) leaves f32 on the stack",
    );
  });

  it("a function without its result", () => {
    const m = new Module();
    m.func("g", [], ["f32"]).emit(i32.store(0, 0));
    expect(() => m.toBytes()).toThrow(
      "wasm func g: statement 1 of 1 (i32.store) leaves none on the stack, expected f32",
    );
    const other = new Module();
    other.func("g", [], ["f32"]).emit(return_(i32.const(1)));
    expect(() => other.toBytes()).toThrow("wasm return: statement 1 of 1 (i32.const) leaves i32");
  });

  it("a local, function or label from elsewhere", () => {
    const m = new Module();
    const g = m.func("g", [], ["f32"]).emit(f32.sub(x, 1));
    expect(() => m.toBytes()).toThrow("wasm local.get: local x does not belong to func g");
    g.body.splice(0, 1, call(f, 1, 1));
    expect(() => m.toBytes()).toThrow("wasm call: func f belongs to another module");
    let escaped: wasm.Label | undefined;
    block((label) => {
      escaped = label;
      return [];
    });
    g.body.splice(0, 1, br(escaped!));
    expect(() => m.toBytes()).toThrow("wasm br: it branches to a block that is not around it");
  });

  it("an immediate out of range", () => {
    expect(() => f32x4.extractLane(f32x4.const(0), 4)).toThrow("wasm f32x4.extract_lane: lane is 4, expected 0 to 3");
    expect(() => v128.store64Lane(0, f32x4.const(0), 2)).toThrow("lane is 2, expected 0 to 1");
    expect(() => i8x16.shuffle(f32x4.const(0), f32x4.const(0), [1])).toThrow("got 1 lanes, expected 16");
    expect(() => f32.load(0, 0, 8)).toThrow("wasm f32.load: align is 8, expected a power of two up to 4 bytes");
    expect(() => i32.atomicLoad(0, 0, 2)).toThrow("wasm i32.atomic.load: align is 2, expected 4 bytes");
    expect(() => i32.const(0.5)).toThrow("wasm i32.const: 0.5 is no 32-bit integer");
  });

  it("an operand after a jump may have any type", () => {
    expect(f32.sub(return_(), 1).type).toBe("f32");
  });
});

describe("the whole module", () => {
  it("has the same bytes when functions are finished one by one, and their instructions have gone", () => {
    const made = (finish: boolean, keepsInstructions = false) => {
      const m = new Module(keepsInstructions);
      const add = m.func("add", { x: "i32" }, ["i32"], { export: "add" });
      const later = m.func("later", {}, ["i32"]);
      const sum = add.local("i32");
      add.emit(local.set(sum, call(later)), i32.add(add.params.x, sum));
      if (finish) m.finish(add);
      later.emit(i32.const(7));
      return { m, add };
    };
    const { m, add } = made(true);
    expect(m.toBytes()).toEqual(made(false).m.toBytes());
    expect(add.body).toEqual([]);
    expect(() => add.emit(i32.const(1))).toThrow("wasm func add: it is finished, nothing can be added");
    expect(() => m.finish(add)).toThrow("wasm func add: it is finished already");
    const readable = made(true, true);
    expect(readable.add.body).toHaveLength(2);
    expect(readable.m.toBytes()).toEqual(m.toBytes());
  });

  function example(): Module {
    const module = new Module();
    module.importMemory("env", "memory", { initialPages: 1, maximumPages: 16384, shared: true });
    const log = module.func("log", ["f32"], []);
    const calls = module.global("i32", true, 0, { name: "calls", export: "calls" });
    const f = module.func("relu sum", { x: "i32", n: "i32" }, ["f32"], { export: "sum" });
    const { x, n } = f.params;
    const acc = f.local("v128", "acc");
    const twin = f.local("f32", "acc");
    f.emit(
      global.set(calls, i32.add(calls, 1)),
      block((done) => [
        loop((next) => [
          brIf(done, i32.eqz(n)),
          local.set(acc, f32x4.add(acc, f32x4.pmax(f32x4.const(-0, NaN, 0.1, Infinity), v128.load(x, 16, 4)))),
          local.set(x, i32.add(x, 16)),
          local.set(n, i32.sub(n, 4)),
          br(next),
        ]),
      ]),
      local.set(twin, f32x4.extractLane(acc, 0)),
      if_(f32.ne(twin, 1e-7), [call(log, twin)], [v128.store32Lane(0, acc, 3)]),
      if_(
        "f32",
        n,
        [
          f32.sub(
            f32.sub(f32x4.extractLane(acc, 0), f32x4.extractLane(acc, 1)),
            f32.sub(f32x4.extractLane(acc, 2), f32x4.extractLane(acc, 3)),
          ),
        ],
        [constantExpr("f32", 0)],
      ),
    );
    return module;
  }

  it("prints as text", () => {
    expect(moduleText(example())).toMatchInlineSnapshot(`
      "(module
        (import "env" "memory" (memory 1 16384 shared))
        (global $calls (export "calls") (mut i32) (i32.const 0))
        (func $log (param $p0 f32))
        (func $relu_sum (export "sum") (param $x i32) (param $n i32) (result f32)
          (local $acc v128)
          (local $acc_1 f32)
          (global.set $calls (i32.add (global.get $calls) (i32.const 1)))
          (block $block1
            (loop $loop2
              (br_if $block1 (i32.eqz (local.get $n)))
              (local.set $acc
                (f32x4.add
                  (local.get $acc)
                  (f32x4.pmax (v128.const f32x4 -0 nan 0.1 inf) (v128.load offset=16 align=4 (local.get $x)))))
              (local.set $x (i32.add (local.get $x) (i32.const 16)))
              (local.set $n (i32.sub (local.get $n) (i32.const 4)))
              (br $loop2)))
          (local.set $acc_1 (f32x4.extract_lane 0 (local.get $acc)))
          (if (f32.ne (local.get $acc_1) (f32.const 1e-7))
            (then
              (call $log (local.get $acc_1)))
            (else
              (v128.store32_lane 3 (i32.const 0) (local.get $acc))))
          (if (result f32) (local.get $n)
            (then
              (f32.sub
                (f32.sub (f32x4.extract_lane 0 (local.get $acc)) (f32x4.extract_lane 1 (local.get $acc)))
                (f32.sub (f32x4.extract_lane 2 (local.get $acc)) (f32x4.extract_lane 3 (local.get $acc)))))
            (else
              (f32.const 0)))))
      "
    `);
  });

  it("is the same bytes for the same calls", () => {
    expect(example().toBytes()).toEqual(example().toBytes());
    expect(WebAssembly.validate(example().toBytes())).toBe(true);
  });

  it("may be empty", () => {
    expect(WebAssembly.validate(new Module().toBytes())).toBe(true);
    expect(moduleText(new Module())).toBe("(module)\n");
  });

  it("may be large", () => {
    const module = new Module();
    module.importMemory("env", "memory", { initialPages: 1 });
    for (let k = 0; k < 50; k++) {
      const f = module.func(`f${k}`, { p: "i32" }, [], { export: `f${k}` });
      for (let j = 0; j < 200; j++) {
        f.emit(v128.store(f.params.p, f32x4.add(v128.load(f.params.p, j * 16), f32x4.splat(j)), j * 16));
      }
    }
    const bytes = module.toBytes();
    expect(bytes.length).toBeGreaterThan(200_000);
    expect(WebAssembly.validate(bytes)).toBe(true);
  });
});
