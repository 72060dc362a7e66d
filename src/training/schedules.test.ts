import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { cosineOfPi, logarithm, power, wholePower } from "./maths.ts";
import { scheduleConfig } from "./schedule.ts";
import {
  cosineDecay,
  cosineDecayRestarts,
  exponentialDecay,
  inverseTimeDecay,
  piecewiseConstantDecay,
  polynomialDecay,
  type Schedule,
  scheduleFromConfig,
} from "./schedules.ts";
import { decode, type Encoded } from "./testing.ts";

interface Fixture {
  readonly iterations: readonly number[];
  readonly cases: readonly {
    readonly class_name: string;
    readonly config: Readonly<Record<string, unknown>>;
    readonly serialized: unknown;
    readonly values: Encoded;
  }[];
}
const fixture: Fixture = JSON.parse(readFileSync(new URL("../../fixtures/schedules.json", import.meta.url), "utf8"));

describe("schedules", () => {
  it.each(fixture.cases.map((c) => [`${c.class_name} ${JSON.stringify(c.config)}`, c] as const))("%s", (_, c) => {
    const schedule = scheduleFromConfig("test", c.class_name, c.config);
    const expected = decode(c.values);
    const largest = expected.reduce((m, v) => Math.max(m, v), 0);
    fixture.iterations.forEach((iteration, i) => {
      const value = schedule.at(iteration);
      expect(value).toBe(Math.fround(value));
      expect(Math.abs(value - expected[i])).toBeLessThan(4e-7 * largest);
    });
    expect(scheduleConfig(schedule)).toEqual(c.serialized);
  });

  // At i = 0, 1, 5, 6, 10, 11, 15, 25, with a learning rate of .1 and 10 steps.
  const table: readonly (readonly [string, Schedule, readonly number[]])[] = [
    [
      "exponential",
      exponentialDecay(0.1, 10, 0.5),
      [0.1, 0.0933033, 0.0707107, 0.0659754, 0.05, 0.0466517, 0.0353553, 0.0176777],
    ],
    ["polynomial", polynomialDecay(0.1, 10), [0.1, 0.09001, 0.05005, 0.04006, 0.0001, 0.0001, 0.0001, 0.0001]],
    [
      "polynomial, cycle",
      polynomialDecay(0.1, 10, { cycle: true }),
      [0.1, 0.09001, 0.05005, 0.04006, 0.0001, 0.045055, 0.025075, 0.01675],
    ],
    [
      "inverse",
      inverseTimeDecay(0.1, 10, 0.5),
      [0.1, 0.0952381, 0.08, 0.0769231, 0.0666667, 0.0645161, 0.0571429, 0.0444444],
    ],
    ["cosine", cosineDecay(0.1, 10), [0.1, 0.0975528, 0.05, 0.0345491, 0, 0, 0, 0]],
    [
      "cosine, warm-up",
      cosineDecay(0, 10, { warmupTarget: 0.1, warmupSteps: 5 }),
      [0, 0.02, 0.1, 0.0975528, 0.05, 0.0345491, 0, 0],
    ],
    ["restarts", cosineDecayRestarts(0.1, 10), [0.1, 0.0975528, 0.05, 0.0345491, 0.1, 0.0993844, 0.0853553, 0.0146447]],
    ["piecewise", piecewiseConstantDecay([5, 10], [1, 0.5, 0.1]), [1, 1, 1, 0.5, 0.5, 0.1, 0.1, 0.1]],
  ];
  it.each(table)("the table of the reference: %s", (_, schedule, expected) => {
    [0, 1, 5, 6, 10, 11, 15, 25].forEach((iteration, i) => {
      expect(schedule.at(iteration)).toBeCloseTo(expected[i], 7);
    });
  });

  it("refuse nonsense", () => {
    expect(() => exponentialDecay(0.1, 0, 0.5)).toThrow("exponentialDecay: decaySteps is 0");
    expect(() => exponentialDecay(Number.NaN, 1, 0.5)).toThrow("initialLearningRate");
    expect(() => piecewiseConstantDecay([1, 2], [1, 2])).toThrow("1 growing numbers");
    expect(() => piecewiseConstantDecay([2, 1], [1, 2, 3])).toThrow("growing");
    expect(() => cosineDecay(0.1, 10, { warmup: 3 } as object)).toThrow("warmup");
    expect(() => scheduleFromConfig("file", "CosinDecay", {})).toThrow('Did you mean "CosineDecay"?');
  });
});

describe("maths", () => {
  const close = (a: number, b: number) => Math.abs(a - b) <= 1e-13 * Math.max(Math.abs(b), 1e-3);

  it("is that of Math", () => {
    for (let i = 0; i < 2000; i++) {
      const x = 10 ** ((i % 40) / 4 - 5);
      const p = ((i * 37) % 100) / 25 - 2;
      expect(close(logarithm(x), Math.log(x))).toBe(true);
      expect(Math.abs(power(x, p) / x ** p - 1)).toBeLessThan(1e-12);
      expect(Math.abs(cosineOfPi(i / 300) - Math.cos(Math.PI * (i / 300)))).toBeLessThan(1e-14);
    }
    expect(wholePower(0.9, 50)).toBeCloseTo(0.9 ** 50, 15);
    expect([power(0, 0.5), power(0, 0), power(1, 1e9), power(2, -3), power(0.5, 1e6)]).toEqual([0, 1, 1, 0.125, 0]);
  });
});
