import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { sizeOf } from "../core/array.ts";
import {
  constant,
  fans,
  glorotUniform,
  type Initializer,
  initializerConfig,
  initializerOf,
  orthogonal,
  randomNormal,
  varianceScaling,
  zeros,
} from "./initializers.ts";

interface Case {
  readonly name: string;
  readonly class_name: string;
  readonly identifier: unknown;
  readonly shape: readonly number[];
  readonly fan_in: number;
  readonly fan_out: number;
  readonly mean: number;
  readonly stddev: number;
  readonly minimum: number | null;
  readonly maximum: number | null;
}

const { cases } = JSON.parse(readFileSync(new URL("../../fixtures/initializers.json", import.meta.url), "utf8")) as {
  cases: Case[];
};

const draw = (initializer: Initializer, shape: readonly number[], seed = 1): Float32Array => {
  const values = new Float32Array(sizeOf(shape));
  initializer.fill(values, shape, seed);
  return values;
};

describe("the distributions of Keras", () => {
  test.each(cases)("$name", (c) => {
    const initializer = initializerOf("test", "kernelInitializer", c.identifier);
    expect(initializer.className).toBe(c.class_name);
    expect(fans(c.shape)).toEqual({ in: c.fan_in, out: c.fan_out });
    const all: number[] = [];
    for (let seed = 0; all.length < 20_000; seed++) all.push(...draw(initializer, c.shape, seed));
    const mean = all.reduce((a, b) => a + b, 0) / all.length;
    const deviation = Math.sqrt(all.reduce((a, b) => a + (b - mean) ** 2, 0) / all.length);
    const slack = 0.03 * c.stddev + 1e-6;
    expect(Math.abs(mean - c.mean)).toBeLessThan(slack);
    expect(Math.abs(deviation - c.stddev)).toBeLessThan(slack);
    if (c.minimum !== null) expect(Math.min(...all)).toBeGreaterThanOrEqual(c.minimum - 1e-6 * Math.abs(c.minimum));
    if (c.maximum !== null) expect(Math.max(...all)).toBeLessThanOrEqual(c.maximum + 1e-6 * Math.abs(c.maximum));
  });
});

describe("seeds", () => {
  test("the given one decides, until the initializer has its own", () => {
    expect(draw(glorotUniform(), [3, 4], 1)).toEqual(draw(glorotUniform(), [3, 4], 1));
    expect(draw(glorotUniform(), [3, 4], 1)).not.toEqual(draw(glorotUniform(), [3, 4], 2));
    expect(draw(randomNormal({ seed: 5 }), [3, 4], 1)).toEqual(draw(randomNormal({ seed: 5 }), [3, 4], 2));
  });

  test("a seed is a whole number", () => {
    expect(() => glorotUniform({ seed: 0.5 })).toThrow("GlorotUniform: seed is 0.5, expected a whole number or null.");
  });
});

describe("orthogonal", () => {
  test.each([
    { shape: [6, 3], gain: 1 },
    { shape: [3, 6], gain: 2 },
    { shape: [3, 3, 2, 5], gain: 0.5 },
  ])("$shape with gain $gain", ({ shape, gain }) => {
    const values = draw(orthogonal({ gain }), shape);
    const columns = shape[shape.length - 1];
    const rows = values.length / columns;
    const isTall = rows >= columns;
    const at = (line: number, k: number): number => values[isTall ? k * columns + line : line * columns + k];
    const [lines, length] = isTall ? [columns, rows] : [rows, columns];
    for (let i = 0; i < lines; i++) {
      for (let j = 0; j < lines; j++) {
        let dot = 0;
        for (let k = 0; k < length; k++) dot += at(i, k) * at(j, k);
        expect(dot).toBeCloseTo(i === j ? gain * gain : 0, 6);
      }
    }
  });
});

describe("names and configs", () => {
  test("short names, class names, what files hold, and initializers", () => {
    for (const value of ["glorot_uniform", "GlorotUniform", initializerConfig(glorotUniform()), glorotUniform()]) {
      expect(initializerOf("conv2d", "kernelInitializer", value).className).toBe("GlorotUniform");
    }
    const saved = { class_name: "GlorotUniform", config: { seed: 3, input_axes: null, output_axes: null } };
    expect(initializerOf("conv2d", "kernelInitializer", saved).config).toEqual({ seed: 3 });
  });

  test("configs have Keras' keys in Keras' order", () => {
    expect(JSON.stringify(initializerConfig(zeros()))).toBe(
      '{"module":"keras.initializers","class_name":"Zeros","config":{},"registered_name":null}',
    );
    expect(JSON.stringify(constant(2).config)).toBe('{"value":2}');
    expect(JSON.stringify(randomNormal({ stddev: 1 }).config)).toBe('{"seed":null,"mean":0,"stddev":1}');
    expect(JSON.stringify(varianceScaling({ scale: 2, distribution: "normal" }).config)).toBe(
      '{"seed":null,"scale":2,"mode":"fan_in","distribution":"truncated_normal"}',
    );
  });

  test("what is refused", () => {
    expect(() => initializerOf("conv2d", "kernelInitializer", "glorot")).toThrow(
      'conv2d: there is no initializer "glorot". Known: zeros, zero, ones,',
    );
    expect(() => initializerOf("conv2d", "kernelInitializer", "he_unifrom")).toThrow('Did you mean "he_uniform"?');
    expect(() => initializerOf("conv2d", "kernelInitializer", "constructor")).toThrow("there is no initializer");
    expect(() => initializerOf("conv2d", "kernelInitializer", 3)).toThrow(
      'conv2d: kernelInitializer is 3, expected a name such as "glorot_uniform", or an initializer.',
    );
    const axes = { class_name: "HeNormal", config: { seed: null, input_axes: [0] } };
    expect(() => initializerOf("conv2d", "kernelInitializer", axes)).toThrow(
      "conv2d: HeNormal: input_axes is [0], expected null.",
    );
    expect(() => varianceScaling({ scale: 0 })).toThrow("varianceScaling: scale is 0, expected a number above 0.");
    expect(() => draw(orthogonal(), [3])).toThrow("orthogonal: the shape is [3], expected two axes or more.");
    expect(() => constant(Number.NaN)).toThrow("constant: value is NaN, expected a finite number.");
  });
});

test("the identity has its gain on the diagonal of a matrix, and takes nothing else", () => {
  const file = { class_name: "Identity", config: { gain: 2 } };
  expect([...draw(initializerOf("dense", "kernelInitializer", file), [2, 3])]).toEqual([2, 0, 0, 0, 2, 0]);
  const plain = initializerOf("dense", "kernelInitializer", "identity");
  expect([...draw(plain, [3, 2])]).toEqual([1, 0, 0, 1, 0, 0]);
  expect(initializerConfig(plain)).toMatchObject({ class_name: "Identity", config: { gain: 1 } });
  expect(() => draw(plain, [2, 2, 2])).toThrow("identity: shape is [2, 2, 2], expected two axes");
});
