/** What is kept of what was asked for. */
import { expect, test } from "vitest";
import { Recent } from "./recent.ts";

test("the last that were asked for are kept, and made once", () => {
  const recent = new Recent<string>(2);
  const made: string[] = [];
  const get = (key: string) =>
    recent.get(key, () => {
      made.push(key);
      return key.toUpperCase();
    });
  expect(["a", "b", "a", "b"].map(get)).toEqual(["A", "B", "A", "B"]);
  expect(made).toEqual(["a", "b"]);
  get("a");
  get("c"); // b was not asked for for longest
  get("a");
  expect(made).toEqual(["a", "b", "c"]);
  get("b");
  expect(made).toEqual(["a", "b", "c", "b"]);
});

test("nothing is kept of what could not be made", () => {
  const recent = new Recent<number>(1);
  const fail = (): number => {
    throw new Error("no");
  };
  recent.get("a", () => 1);
  expect(() => recent.get("b", fail)).toThrow("no");
  expect(recent.get("a", fail)).toBe(1);
});
