/** Numbers of 16 bits. */
import { expect, test } from "vitest";
import { fromBrain, fromHalf } from "./half.ts";

test.each([
  [0x3c00, 1],
  [0xc000, -2],
  [0x3555, 0.333251953125],
  [0x7bff, 65504],
  [0x0400, 2 ** -14],
  [0x0001, 2 ** -24],
  [0x8000, -0],
  [0x7c00, Number.POSITIVE_INFINITY],
  [0xfc00, Number.NEGATIVE_INFINITY],
  [0x7e00, Number.NaN],
])("half precision %i is %d", (bits, value) => {
  expect(fromHalf(bits)).toBe(value);
});

test.each([
  [0x3f80, 1],
  [0xc040, -3],
  [0x0000, 0],
  [0x7f80, Number.POSITIVE_INFINITY],
  [0x7fc0, Number.NaN],
])("bfloat16 %i is %d", (bits, value) => {
  expect(fromBrain(bits)).toBe(value);
});
