/** Arrays for tests: deterministic random values, cells by index, and comparison relative to the largest value. */
import { expect } from "vitest";
import { sizeOf } from "../../src/core/array.ts";
import { bits, keyOf } from "../../src/core/random.ts";
import type { Shape } from "../../src/graph/tensor.ts";

export type Numbers = ArrayLike<number>;

/**
 * Where the values of an array come from:
 * - `any`: [−2, 2);
 * - `positive`: [0.3, 3);
 * - `nonzero`: 0.3 to 2 on either side of 0;
 * - `fractions`: at least 0.1 away from every multiple of 1/2, so that neither floor nor round is near a jump;
 * - `apart`: no two alike, neighbours in size at least 0.05 apart, and no zero;
 * - `ties`: small whole numbers, zero among them.
 */
export type Domain = "any" | "positive" | "nonzero" | "fractions" | "apart" | "ties";

/** `n` numbers from [0, 1). */
export function uniform(n: number, seed: number): number[] {
  const key = keyOf(seed);
  return Array.from({ length: n }, (_, i) => bits(key, [i, 0])[0] / 2 ** 32);
}

/** A random order of 0 to n − 1. */
export function shuffled(n: number, seed: number): number[] {
  const keys = uniform(n, seed);
  return keys.map((_, i) => i).sort((a, b) => keys[a] - keys[b]);
}

export function randomArray(n: number, seed: number, domain: Domain = "any"): Float32Array {
  const u = uniform(n, seed);
  switch (domain) {
    case "any":
      return Float32Array.from(u, (x) => 4 * x - 2);
    case "positive":
      return Float32Array.from(u, (x) => 0.3 + 2.7 * x);
    case "nonzero":
      return Float32Array.from(u, (x) => (x < 0.5 ? -2 + 3.4 * x : 0.3 + 3.4 * (x - 0.5)));
    case "fractions":
      return Float32Array.from(u, (x) => {
        const half = Math.floor(8 * x) / 2 - 2;
        return half + 0.1 + 0.3 * ((8 * x) % 1);
      });
    case "apart": {
      const order = shuffled(n, seed);
      return Float32Array.from(u, (x, i) => 0.1 * (order[i] - Math.floor(n / 2)) + 0.025 + 0.05 * x);
    }
    case "ties":
      return Float32Array.from(u, (x) => Math.floor(4 * x) - 1);
  }
}

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

export const largest = (values: Numbers): number => Array.from(values).reduce((m, x) => Math.max(m, Math.abs(x)), 0);

/** The largest difference; infinite where lengths differ or one value is NaN and the other is not. */
export function difference(actual: Numbers, expected: Numbers): number {
  if (actual.length !== expected.length) return Number.POSITIVE_INFINITY;
  let worst = 0;
  for (let i = 0; i < actual.length; i++) {
    if (Object.is(actual[i], expected[i]) || actual[i] === expected[i]) continue;
    const d = Math.abs(actual[i] - expected[i]);
    worst = Math.max(worst, Number.isNaN(d) ? Number.POSITIVE_INFINITY : d);
  }
  return worst;
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
