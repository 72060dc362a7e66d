import { describe, expect, it } from "vitest";
import type { NdArray } from "../core/array.ts";
import { atOnce } from "../core/pieces.ts";
import { checkNumbers, checkSamples, type Given, sliceSamples, stepData, type Takes } from "./samples.ts";
import { arrayOf } from "./testing-graphs.ts";

const zeros = (...shape: number[]) => ({ data: new Float32Array(shape.reduce((n, s) => n * s, 1)), shape });
const output = (name: string, judged = true) => ({ name, judged });
const one: Takes = { inputs: [{ name: 'input "v"', shape: [2] }], outputs: [output("out")] };
const two: Takes = { ...one, outputs: [output("a"), output("b")] };
const check = (given: Partial<Given>, takes = one) => {
  const samples = checkSamples("fit", { x: zeros(3, 2), y: zeros(3, 1), ...given }, takes);
  atOnce(checkNumbers("fit", samples, ["x", "y", "sampleWeight"]));
  return samples;
};
const valuesOf = (arrays: readonly (NdArray | undefined)[]) => arrays.map((array) => array && [...array.data]);

describe("samples", () => {
  it("have a target each", () => {
    expect(() => check({ y: undefined })).toThrow("give x twice");
    expect(() => check({ y: zeros(4, 1) })).toThrow(
      "fit: got 3 samples in x and 4 samples in y, expected the same number in all of them.",
    );
    const infinite = arrayOf([[1], [Number.NEGATIVE_INFINITY], [0]]);
    expect(() => check({ y: infinite })).toThrow("fit: y: the value at [1, 0] is -Infinity.");
    expect(() => check({ y: [zeros(3, 1), zeros(3, 1)] })).toThrow("got 2 arrays, expected 1, one for each output");
  });

  it("have targets in order or by name, and none where nothing is judged", () => {
    const [a, b] = [arrayOf([[1], [2], [3]]), arrayOf([[4], [5], [6]])];
    expect(check({ y: { b, a } }, two).y).toEqual([a, b]);
    const second = { ...two, outputs: [output("a", false), output("b")] };
    expect(check({ y: b }, second).y).toEqual([undefined, b]);
    expect(check({ y: [a, b] }, second).y).toEqual([undefined, b]);
    expect(check({ y: { b } }, second).y).toEqual([undefined, b]);
    expect(() => check({ y: { b } }, two)).toThrow("fit: y[0]: the data is undefined");
  });

  it("that are used twice are one array, also in parts", () => {
    const x = zeros(4, 2);
    const samples = check({ x, y: x, sampleWeight: zeros(4) });
    const { arrays, targets } = stepData(samples);
    expect(arrays.length).toBe(2);
    expect(targets).toEqual([{ shape: [2], array: 0, weight: { shape: [], array: 1 } }]);
    const part = sliceSamples(samples, 1, 3);
    expect([part.x[0].shape, part.weights[0]?.shape, part.count]).toEqual([[2, 2], [2], 2]);
    expect(part.x[0].data.byteOffset).toBe(8);
    expect(stepData(part).targets[0]?.array).toBe(0);
    expect(stepData({ ...samples, y: [{ ...x, scale: 2 }] }).targets[0]?.array).toBe(1);
  });

  it("have weights, for all outputs or for each", () => {
    const [v, w] = [arrayOf([1, 2, 3]), arrayOf([[4], [5], [6]])];
    const y = [zeros(3, 1), zeros(3, 1)];
    expect(check({ sampleWeight: v }).weights).toEqual([v]);
    expect(check({ y, sampleWeight: w }, two).weights).toEqual([w, w]);
    expect(check({ y, sampleWeight: [v, null] }, two).weights).toEqual([v, undefined]);
    expect(check({ y, sampleWeight: { b: w } }, two).weights).toEqual([undefined, w]);
    expect(check({ y, sampleWeight: { a: null, b: w } }, two).weights).toEqual([undefined, w]);
    expect(stepData(check({ y, sampleWeight: w }, two)).arrays.length).toBe(4);
    expect(() => check({ sampleWeight: zeros(2) })).toThrow("3 samples in x and 2 samples in sampleWeight");
    expect(() => check({ y, sampleWeight: zeros(3, 2) }, two)).toThrow("sampleWeight: got (3, 2), expected (None,)");
    expect(() => check({ sampleWeight: [v, v] })).toThrow("fit: sampleWeight: got 2 arrays");
    expect(() => check({ sampleWeight: arrayOf([1, Number.NaN, 1]) })).toThrow("fit: sampleWeight: the value at [1]");
  });

  it("have weights by their class: by its number, or one-hot", () => {
    const classWeight = { 0: 0.5, 2: 4 };
    expect(valuesOf(check({ y: arrayOf([0, 1, 2]), classWeight }).weights)).toEqual([[0.5, 1, 4]]);
    expect(valuesOf(check({ y: arrayOf([[2], [0], [1]]), classWeight }).weights)).toEqual([[4, 0.5, 1]]);
    const bytes = { data: Uint8Array.from([0, 255, 255]), shape: [3], scale: 2 / 255 };
    expect(valuesOf(check({ y: bytes, classWeight }).weights)).toEqual([[0.5, 4, 4]]);
    const hot = arrayOf([
      [0, 1, 0],
      [0, 0.4, 0.6],
      [0.5, 0.5, 0],
    ]);
    expect(valuesOf(check({ y: hot, classWeight }).weights)).toEqual([[1, 4, 0.5]]);
    expect(() => check({ classWeight, sampleWeight: zeros(3) })).toThrow("Multiply the two into sampleWeight.");
    expect(() => check({ classWeight: { cat: 1 } as never })).toThrow('classWeight is "{ cat: 1 }"');
    expect(() => check({ classWeight, y: [zeros(3, 1), zeros(3, 1)] }, two)).toThrow("nothing for several outputs");
    expect(() => check({ classWeight, y: zeros(3, 2, 2) })).toThrow("expected one class a sample");
  });
});
