import { describe, expect, test } from "vitest";
import { brIf, f32x4, i32, local, loop, Module, type Statement, v128 } from "./assembler.ts";
import { hoistConstants } from "./constants.ts";
import { moduleText } from "./text.ts";

/** A function that stores `value` at its address, once or for ever, with its constants hoisted. */
function textOf(value: (x: ReturnType<typeof v128.load>) => ReturnType<typeof f32x4.add>, looped: boolean): string {
  const module = new Module();
  module.importMemory("env", "memory", { initialPages: 1 });
  const func = module.func("f", { address: "i32" });
  const { address } = func.params;
  const store: Statement = v128.store(address, value(v128.load(address)));
  const code = looped ? [loop((again) => [store, brIf(again, i32.eqz(address))])] : [store];
  func.emit(...hoistConstants(func as never, [local.set(address, 0), ...code]));
  // What is not valid WebAssembly throws.
  new WebAssembly.Module(module.toBytes());
  return moduleText(module);
}

const count = (text: string, part: string): number => text.split(part).length - 1;

describe("constants of loops", () => {
  test("are set once before, however often they are used", () => {
    const text = textOf((x) => f32x4.mul(f32x4.add(x, f32x4.const(1.5)), f32x4.const(1.5)), true);
    expect(count(text, "v128.const")).toBe(1);
    expect(text.indexOf("v128.const")).toBeLessThan(text.indexOf("(loop"));
  });

  test("outside of loops stay where they are", () => {
    const text = textOf((x) => f32x4.mul(f32x4.add(x, f32x4.const(1.5)), f32x4.const(1.5)), false);
    expect(count(text, "v128.const")).toBe(2);
  });

  test("that are 0 stay: they cost nothing; −0 is another number", () => {
    const text = textOf((x) => f32x4.mul(f32x4.add(x, f32x4.const(0)), f32x4.const(-0)), true);
    expect(text.indexOf("v128.const f32x4 -0")).toBeLessThan(text.indexOf("(loop"));
    expect(text.lastIndexOf("v128.const f32x4 0")).toBeGreaterThan(text.indexOf("(loop"));
  });
});
