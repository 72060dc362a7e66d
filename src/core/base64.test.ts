import { expect, test } from "vitest";
import { decodeArrays, encodeArrays } from "./base64.ts";

// More than one text of base64.
const data = Float32Array.from({ length: 10_001 }, (_, i) => Math.fround(i / 7));
data.set([Number.NaN, -Infinity, -0]);
const arrays = [
  { data, shape: [10_001] },
  { data: Float32Array.of(), shape: [0, 2] },
];

test("arrays come back from JSON", () => {
  const text = JSON.stringify(encodeArrays(arrays));
  expect(JSON.parse(text)[0].f32).toBe(Buffer.from(data.buffer).toString("base64"));
  expect(decodeArrays(JSON.parse(text))).toEqual(arrays);
});

test("they come back without it, and from another thread or a database of the browser", () => {
  expect(decodeArrays(encodeArrays(arrays))).toEqual(arrays);
  const cloned = structuredClone(encodeArrays(arrays));
  expect(decodeArrays(cloned)).toEqual(arrays);
  expect(decodeArrays(JSON.parse(JSON.stringify(cloned)))).toEqual(arrays);
  expect(decodeArrays(encodeArrays(arrays).map((array) => ({ ...array })))).toEqual(arrays);
});

test("they are not copied", () => {
  expect(decodeArrays(encodeArrays(arrays))[0].data.buffer).toBe(data.buffer);
  const part = data.subarray(10, 20);
  expect(decodeArrays(encodeArrays([{ data: part, shape: [10] }]))[0].data).toEqual(part);
});
