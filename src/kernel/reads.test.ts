import { describe, expect, it, vi } from "vitest";
import { remembered } from "./reads.ts";

describe("what is remembered", () => {
  it("is found once for each object, by each function, and copies know nothing of it", () => {
    const [find, other] = [vi.fn(({ n }: { n: number }) => 2 * n), vi.fn(() => undefined)];
    const [twice, nothing] = [remembered(find), remembered(other)];
    const key = { n: 3 };
    expect([twice(key), twice(key), nothing(key), nothing(key)]).toEqual([6, 6, undefined, undefined]);
    expect([find.mock.calls.length, other.mock.calls.length]).toEqual([1, 1]);
    expect(twice({ ...key, n: 4 })).toBe(8);
    expect(Reflect.ownKeys(key)).toEqual(["n"]);
  });

  it("is no error: what failed is tried again", () => {
    const find = vi
      .fn(() => 1)
      .mockImplementationOnce(() => {
        throw new Error("too deep");
      });
    const found = remembered(find);
    const key = {};
    expect(() => found(key)).toThrow("too deep");
    expect(found(key)).toBe(1);
  });
});
