/** Arrays for tests: deterministic random values, cells by index, and comparison relative to the largest value. */
import { expect } from "vitest";
import { sizeOf } from "../../src/core/array.ts";
import { difference, largest, type Numbers } from "../../src/doctor/values.ts";
import type { Shape } from "../../src/graph/tensor.ts";

export * from "../../src/doctor/values.ts";

/** An array whose cells are named by index. Reading outside gives 0. */
export class Cells {
  readonly shape: Shape;
  readonly data: Float64Array;

  constructor(shape: Shape, data?: Numbers) {
    this.shape = shape;
    this.data = data ? Float64Array.from(data) : new Float64Array(sizeOf(shape));
  }

  inside(index: readonly number[]): boolean {
    return index.every((i, axis) => i >= 0 && i < this.shape[axis]);
  }

  private flat(index: readonly number[]): number {
    if (index.length !== this.shape.length) throw new Error(`index [${index}] into [${this.shape}]`);
    return index.reduce((sum, i, axis) => sum * this.shape[axis] + i, 0);
  }

  at(index: readonly number[]): number {
    return this.inside(index) ? this.data[this.flat(index)] : 0;
  }

  set(index: readonly number[], value: number): void {
    if (!this.inside(index)) throw new Error(`index [${index}] outside [${this.shape}]`);
    this.data[this.flat(index)] = value;
  }

  add(index: readonly number[], value: number): void {
    this.set(index, this.at(index) + value);
  }

  /** A new array of `shape` from a formula. */
  static from(shape: Shape, formula: (index: readonly number[]) => number): Cells {
    const cells = new Cells(shape);
    for (const index of indices(shape)) cells.set(index, formula(index));
    return cells;
  }
}

/** Every index of a shape, row-major. */
export function* indices(shape: Shape): Generator<number[]> {
  if (shape.length === 0) yield [];
  else
    for (const head of indices(shape.slice(0, -1)))
      for (let i = 0; i < shape[shape.length - 1]; i++) yield [...head, i];
}

/** Fails when a value differs by more than `allowed`. */
export function expectWithin(actual: Numbers, expected: Numbers, allowed: number, label: string): void {
  const d = difference(actual, expected);
  if (d <= allowed) return;
  const show = (values: Numbers) => `[${Array.from(values).slice(0, 24).join(", ")}${values.length > 24 ? ", …" : ""}]`;
  expect.fail(
    `${label}: differs by ${d}, allowed are ${allowed}\n  got      ${show(actual)}\n  expected ${show(expected)}`,
  );
}

/** Fails when a value differs by more than `tolerance` of the largest expected value. */
export const expectClose = (actual: Numbers, expected: Numbers, tolerance: number, label: string): void =>
  expectWithin(actual, expected, tolerance * Math.max(largest(expected), 1e-30), label);
