import { describe, expect, it } from "vitest";
import { checkInputs, checkSamples, sliceSamples, targetsOf } from "./data.ts";
import { arrayOf } from "./testing.ts";

const picture = [{ name: 'input "image"', shape: [2, 2, 1] }];
const vector = [{ name: 'input "v"', shape: [2] }];
const zeros = (...shape: number[]) => ({ data: new Float32Array(shape.reduce((n, s) => n * s, 1)), shape });

describe("data", () => {
  it("gets or loses a trailing axis of 1", () => {
    expect(checkInputs("fit", zeros(3, 2, 2), picture)[0].shape).toEqual([3, 2, 2, 1]);
    expect(checkInputs("fit", zeros(3, 2, 1), vector)[0].shape).toEqual([3, 2]);
  });

  it("of the wrong shape names the input and both shapes", () => {
    expect(() => checkInputs("fit", zeros(3, 4), picture)).toThrow(
      'fit: x for input "image": got the shape (3, 4), expected (None, 2, 2, 1), with any number of samples first. ' +
        "The sizes agree: give it the shape [3, 2, 2, 1].",
    );
    expect(() => checkInputs("fit", zeros(3, 5, 5, 1), picture)).toThrow("Prepare the data in the shape");
    expect(() => checkInputs("fit", [zeros(3, 2), zeros(3, 2)], vector)).toThrow(
      "fit: x: got 2 arrays, expected 1, one for each input of the model. Give one array.",
    );
    expect(() => checkInputs("fit", { data: new Float32Array(5), shape: [3, 2] }, vector)).toThrow("5 elements");
  });

  it("that is empty, or no array, is refused", () => {
    expect(() => checkInputs("fit", zeros(0, 2), vector)).toThrow("got no data, shape (0, 2)");
    expect(() => checkInputs("fit", [[1, 2]] as never, vector)).toThrow("expected an array { data, shape }");
    expect(() => checkInputs("fit", { data: [1, 2], shape: [1, 2] } as never, vector)).toThrow("a Float32Array");
    expect(() => checkInputs("fit", undefined as never, vector)).toThrow("expected an array { data, shape }");
    expect(() => checkSamples("fit", zeros(1, 2), undefined as never, vector, 1)).toThrow("give x twice");
  });

  it("with NaN or infinity names the place and the value", () => {
    const bad = arrayOf([
      [0, 1],
      [Number.NaN, 2],
    ]);
    expect(() => checkInputs("predict", bad, vector)).toThrow("predict: x: the value at [1, 0] is NaN.");
    const infinite = arrayOf([[1], [Number.NEGATIVE_INFINITY]]);
    expect(() => checkSamples("fit", zeros(2, 2), infinite, vector, 1)).toThrow(
      "fit: y: the value at [1, 0] is -Infinity.",
    );
  });

  it("and its targets have equally many samples", () => {
    expect(() => checkSamples("fit", zeros(3, 2), zeros(4, 1), vector, 1)).toThrow(
      "fit: got 3 samples in x and 4 samples in y, expected the same number in all of them.",
    );
  });

  it("used twice is one array, also in parts", () => {
    const x = zeros(4, 2);
    const samples = checkSamples("fit", x, x, vector, 1);
    expect(targetsOf(samples)).toEqual([{ shape: [2], input: 0 }]);
    const part = sliceSamples(samples, 1, 3);
    expect(part.x[0].shape).toEqual([2, 2]);
    expect(part.x[0].data.byteOffset).toBe(8);
    expect(targetsOf(part)).toEqual([{ shape: [2], input: 0 }]);
    expect(targetsOf({ ...samples, y: [{ ...x, scale: 2 }] })[0].input).toBeUndefined();
  });
});
