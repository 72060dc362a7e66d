import { describe, expect, it } from "vitest";
import { atOnce } from "../core/pieces.ts";
import { checkFinite, checkInputs } from "./data.ts";
import { arrayOf } from "./testing-graphs.ts";

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
  });

  it("with NaN or infinity names the place and the value", () => {
    const bad = arrayOf([
      [0, 1],
      [Number.NaN, 2],
    ]);
    expect(() => atOnce(checkFinite("predict: x", bad))).toThrow("predict: x: the value at [1, 0] is NaN.");
  });

  it("are looked at in pieces, each to its last number", () => {
    const data = new Float32Array((1 << 21) + 5);
    expect([...checkFinite("fit: x", { data, shape: [data.length] })].length).toBe(8);
    for (const position of [0, 1 << 18, (1 << 21) - 1, (1 << 21) + 4]) {
      data.fill(0)[position] = Number.NEGATIVE_INFINITY;
      const words = `the value at [${position}] is -Infinity`;
      expect(() => atOnce(checkFinite("fit: x", { data, shape: [data.length] }))).toThrow(words);
    }
  });

  it("may be given by the names of the inputs", () => {
    const two = [
      { name: 'input "a"', key: "a", shape: [2] },
      { name: 'input "b"', key: "b", shape: [3] },
    ];
    expect(checkInputs("fit", { b: zeros(4, 3), a: zeros(4, 2) }, two).map((x) => x.shape)).toEqual([
      [4, 2],
      [4, 3],
    ]);
    expect(() => checkInputs("fit", { c: zeros(4, 3), a: zeros(4, 2) }, two)).toThrow(
      'fit: x: there is no input or output "c"',
    );
    expect(() => checkInputs("fit", { a: zeros(4, 2) }, two)).toThrow('x[1] for input "b"');
    expect(() => checkInputs("fit", [zeros(4, 2), zeros(5, 3)], two)).toThrow(
      "4 samples in x[0] and 5 samples in x[1]",
    );
  });
});
