import { expect, test } from "vitest";
import { bytesOf } from "./array.ts";
import { blocksOf, cut, joining, lengthOf, type Parts } from "./parts.ts";
import { atOnce } from "./pieces.ts";

const KIB = 1024;
/** Bytes that tell their place. */
const count = (from: number, n: number): Uint8Array => Uint8Array.from({ length: n }, (_, i) => (from + i) % 251);
const parts: Parts = [count(0, 3), count(3, 0), count(3, 600 * KIB), count(3 + 600 * KIB, 5)];
const whole = count(0, 8 + 600 * KIB);

test("parts are joined in pieces, and no piece copies more than 256 KiB", () => {
  expect(lengthOf(parts)).toBe(whole.length);
  expect([...cut(parts)].map(({ length }) => length)).toEqual([3, 256 * KIB, 256 * KIB, 88 * KIB, 5]);
  expect([...joining(parts)]).toHaveLength(5);
  expect(Buffer.compare(atOnce(joining(parts)), whole)).toBe(0);
  expect(atOnce(joining([]))).toEqual(new Uint8Array());
});

test("blocks gather small parts and cut large ones", () => {
  const blocks = [...blocksOf(parts)].map((block) => block.length);
  expect(blocks).toEqual([256 * KIB, 256 * KIB, 88 * KIB + 8]);
  const copies: Uint8Array[] = [];
  for (const block of blocksOf(parts)) copies.push(block.slice());
  expect(Buffer.compare(Buffer.concat(copies), whole)).toBe(0);
  expect([...blocksOf([])]).toEqual([]);
});

test("numbers are parts as they are", () => {
  const numbers = new Float32Array([0, 1, 2]).subarray(1);
  const bytes = bytesOf(numbers);
  expect([...bytes]).toEqual([0, 0, 0x80, 0x3f, 0, 0, 0, 0x40]);
  expect(bytes.buffer).toBe(numbers.buffer);
});
