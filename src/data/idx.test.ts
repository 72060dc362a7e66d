import { describe, expect, test } from "vitest";
import { readIdx } from "./idx.ts";

const idx = (shape: number[], elements: number[]): Uint8Array =>
  Uint8Array.from([0, 0, 8, shape.length, ...shape.flatMap((size) => [0, 0, size >> 8, size & 255]), ...elements]);

describe("readIdx", () => {
  test("reads sizes and elements", () => {
    const array = readIdx(idx([2, 3], [1, 2, 3, 4, 5, 255]));
    expect(array.shape).toEqual([2, 3]);
    expect([...array.data]).toEqual([1, 2, 3, 4, 5, 255]);
    expect(readIdx(idx([0, 28], [])).shape).toEqual([0, 28]);
  });

  test("copies nothing, also in a view into a greater buffer", () => {
    const file = idx([2], [7, 8]);
    const shifted = new Uint8Array(file.length + 4);
    shifted.set(file, 3);
    const array = readIdx(shifted.subarray(3, -1));
    expect([...array.data]).toEqual([7, 8]);
    expect(array.data.buffer).toBe(shifted.buffer);
    expect(readIdx(Buffer.from(file)).data.constructor).toBe(Uint8Array);
  });

  test("refuses every truncation, and bytes too many", () => {
    const file = idx([2, 3], [1, 2, 3, 4, 5, 6]);
    for (let length = 0; length < file.length; length++) {
      expect(() => readIdx(file.subarray(0, length)), `${length}`).toThrow(
        expect.objectContaining({ code: "data-format" }),
      );
    }
    expect(() => readIdx(Uint8Array.from([...file, 0]), "extra")).toThrow(
      "extra: got 7 bytes of elements, expected 6 for the shape (2, 3).",
    );
  });

  test("refuses other magic numbers, kinds and axes", () => {
    expect(() => readIdx(Uint8Array.of(0x1f, 0x8b, 8, 0), "a.gz")).toThrow("a.gz: got the magic number 1f 8b 08 00");
    expect(() => readIdx(Uint8Array.of(0, 0, 13, 1, 0, 0, 0, 0))).toThrow("IDX with 32-bit floats");
    expect(() => readIdx(Uint8Array.of(0, 0, 10, 1, 0, 0, 0, 0))).toThrow("the kind of element 0x0a");
    expect(() => readIdx(Uint8Array.of(0, 0, 8, 0, 5))).toThrow("got 0 axes");
    expect(() => readIdx(Uint8Array.of(0, 0, 8, 9, 5))).toThrow("got 9 axes");
  });

  test("refuses sizes that no memory holds", () => {
    const huge = Uint8Array.from([0, 0, 8, 8, ...new Array<number>(32).fill(255), 1]);
    expect(() => readIdx(huge)).toThrow(expect.objectContaining({ code: "data-format" }));
  });
});
