import { describe, expect, test } from "vitest";
import { bits, deriveSeed, fillNormal, fillTruncatedNormal, fillUniform, permutation } from "./random.ts";

const moments = (values: Float32Array) => {
  const mean = values.reduce((a, b) => a + b, 0) / values.length;
  const variance = values.reduce((a, b) => a + (b - mean) ** 2, 0) / values.length;
  return { mean, deviation: Math.sqrt(variance) };
};

describe("bits", () => {
  // The known answers that come with Random123, the authors' library.
  test.each([
    { counter: [0, 0], key: [0, 0], answer: [0x6b200159, 0x99ba4efe] },
    { counter: [0xffffffff, 0xffffffff], key: [0xffffffff, 0xffffffff], answer: [0x1cb996fc, 0xbb002be7] },
    { counter: [0x243f6a88, 0x85a308d3], key: [0x13198a2e, 0x03707344], answer: [0xc4923a9c, 0x483df7a0] },
  ] as const)("$counter under $key", ({ counter, key, answer }) => {
    expect(bits(key, counter)).toEqual(answer);
  });
});

describe("distributions", () => {
  test("uniform: bounds and moments", () => {
    const values = new Float32Array(100_001);
    fillUniform(values, 7, -2, 4);
    expect(values.every((v) => v >= -2 && v < 4)).toBe(true);
    const { mean, deviation } = moments(values);
    expect(mean).toBeCloseTo(1, 1);
    expect(deviation).toBeCloseTo(6 / Math.sqrt(12), 1);
  });

  test("uniform: the excluded bound is not reached by rounding", () => {
    const values = new Float32Array(10_000);
    fillUniform(values, 7, 1, 1 + 2 ** -23);
    expect(values.every((v) => v === 1)).toBe(true);
  });

  test("normal: moments, and the share within one deviation", () => {
    const values = new Float32Array(100_000);
    fillNormal(values, 3, 5, 2);
    const { mean, deviation } = moments(values);
    expect(mean).toBeCloseTo(5, 1);
    expect(deviation).toBeCloseTo(2, 1);
    expect(values.filter((v) => Math.abs(v - 5) < 2).length / values.length).toBeCloseTo(0.6827, 2);
  });

  test("truncated normal: nothing beyond two deviations", () => {
    const values = new Float32Array(100_000);
    fillTruncatedNormal(values, 3, 0, 0.5);
    expect(values.every((v) => Math.abs(v) <= 1)).toBe(true);
    expect(moments(values).deviation).toBeCloseTo(0.5 * 0.87962566103423978, 2);
  });

  test("the numbers themselves, which must be the same on every machine", () => {
    const values = new Float32Array(4);
    fillUniform(values, 1);
    expect([...values]).toMatchInlineSnapshot(`
      [
        0.70394366979599,
        0.5895256400108337,
        0.05771493911743164,
        0.17780917882919312,
      ]
    `);
    fillNormal(values, 1);
    expect([...values]).toMatchInlineSnapshot(`
      [
        -0.7088161110877991,
        -0.44687071442604065,
        1.046583652496338,
        2.146890878677368,
      ]
    `);
    fillTruncatedNormal(values, 1);
    expect([...values]).toMatchInlineSnapshot(`
      [
        -0.7088161110877991,
        1.046583652496338,
        -0.013900241814553738,
        0.271095871925354,
      ]
    `);
    expect(deriveSeed(2 ** 40 + 5, 1, 2)).toMatchInlineSnapshot(`7500308515152710`);
    expect([...permutation(8, 1, 0)]).toMatchInlineSnapshot(`
      [
        1,
        7,
        4,
        6,
        5,
        3,
        0,
        2,
      ]
    `);
  });

  test("normal agrees with the engine's own logarithm and cosine", () => {
    const values = new Float32Array(2000);
    fillNormal(values, 11);
    for (let i = 0; i < values.length; i += 2) {
      const [a, b] = bits([11, 0], [i / 2, 0]);
      const radius = Math.sqrt(-2 * Math.log((a + 1) / 2 ** 32));
      const angle = (2 * Math.PI * b) / 2 ** 32;
      expect(values[i]).toBeCloseTo(radius * Math.cos(angle), 6);
      expect(values[i + 1]).toBeCloseTo(radius * Math.sin(angle), 6);
    }
  });
});

describe("permutation", () => {
  test("holds every number once and differs between epochs and seeds", () => {
    const first = permutation(1000, 1, 0);
    expect([...first].sort((a, b) => a - b)).toEqual(Array.from({ length: 1000 }, (_, i) => i));
    expect(permutation(1000, 1, 0)).toEqual(first);
    expect(permutation(1000, 1, 1)).not.toEqual(first);
    expect(permutation(1000, 2, 0)).not.toEqual(first);
  });

  test("all orders of three are about equally frequent", () => {
    const counts = new Map<string, number>();
    for (let epoch = 0; epoch < 6000; epoch++) {
      const order = permutation(3, 5, epoch).join("");
      counts.set(order, (counts.get(order) ?? 0) + 1);
    }
    expect(counts.size).toBe(6);
    for (const count of counts.values()) expect(Math.abs(count - 1000)).toBeLessThan(150);
  });
});
