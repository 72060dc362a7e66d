/** What follows from shapes of which sizes are open. */
import { describe, expect, test } from "vitest";
import { shapeError } from "./errors.ts";
import { agree, byTrial, common } from "./open-shape.ts";

test("shapes agree where both are known", () => {
  expect(agree([null, 3], [5, 3])).toBe(true);
  expect(agree([null, 3], [null, 3])).toBe(true);
  expect(agree([4, null], [5, 3])).toBe(false);
  expect(agree([null], [null, 3])).toBe(false);
});

test("what two shapes have in common is open where they differ", () => {
  expect(common([4, 3], [5, 3])).toEqual([null, 3]);
  expect(common([null, 3], [5, 3])).toEqual([null, 3]);
  expect(common([3], [5, 3])).toBeUndefined();
});

describe("by trial", () => {
  test("what depends on an open size is open, the rest is known", () => {
    const work = ([[height, width, channels]]: readonly (readonly number[])[]) => [
      [Math.ceil(height / 2), width - 2, 2 * channels],
      [channels],
    ];
    expect(byTrial("x", [[null, null, 3]], work)).toEqual([[null, null, 6], [3]]);
    expect(byTrial("x", [[null, 9, 3]], work)).toEqual([[null, 7, 6], [3]]);
  });

  const needs =
    (least: number) =>
    ([[size]]: readonly (readonly number[])[]) => {
      if (size < least) throw shapeError({ where: "x", got: `${size}`, expected: `${least}`, fix: "Feed more." });
      return [[size - least + 1]];
    };

  test("a window that is larger than the sizes that are tried first is tried with larger ones", () => {
    expect(byTrial("x", [[null]], needs(5000))).toEqual([[null]]);
  });

  test("what no size suits is told with the one that was tried first", () => {
    expect(() => byTrial("x", [[null]], needs(1e6))).toThrow("x (with 48 for None): got 48, expected 1000000.");
  });
});
