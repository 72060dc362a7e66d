import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { extentOf, placeWindow, placeWindows, type WindowAxis } from "./shape.ts";

const axis: fc.Arbitrary<WindowAxis> = fc.record({
  size: fc.integer({ min: 1, max: 20 }),
  kernel: fc.integer({ min: 1, max: 6 }),
  stride: fc.integer({ min: 1, max: 6 }),
  dilation: fc.integer({ min: 1, max: 4 }),
  padding: fc.constantFrom("valid", "same", "causal"),
});

/** The cells under window `i` of a placement. */
const cellsUnder = (a: WindowAxis, before: number, i: number): number[] =>
  Array.from({ length: a.kernel }, (_, k) => i * a.stride + k * a.dilation - before);

describe("placeWindow against counting", () => {
  test("valid: as many windows as fit whole, from the first cell on", () => {
    fc.assert(
      fc.property(axis, (a) => {
        const valid = { ...a, padding: "valid" } as const;
        let windows = 0;
        while (cellsUnder(valid, 0, windows).every((cell) => cell < valid.size)) windows++;
        const placed = placeWindow(valid);
        expect(Math.max(placed.output, 0)).toBe(windows);
        expect([placed.before, placed.after]).toEqual([0, 0]);
      }),
    );
  });

  test("same: a window for every stride, and no more padding than they need, the odd cell after", () => {
    fc.assert(
      fc.property(axis, (a) => {
        const same = { ...a, padding: "same" } as const;
        const { output, before, after } = placeWindow(same);
        let windows = 0;
        while (windows * same.stride < same.size) windows++;
        expect(output).toBe(windows);
        expect(after - before === 0 || after - before === 1).toBe(true);
        // The last window ends where the padding ends, unless there is none and cells are left over.
        const end = Math.max(...cellsUnder(same, before, output - 1)) + 1;
        if (before + after > 0) expect(end).toBe(same.size + after);
        else expect(end).toBeLessThanOrEqual(same.size);
      }),
    );
  });

  test("causal: window i sees nothing behind cell i·stride, and its last tap lies there", () => {
    fc.assert(
      fc.property(axis, (a) => {
        const causal = { ...a, padding: "causal" } as const;
        const { output, before, after } = placeWindow(causal);
        expect(after).toBe(0);
        expect(output).toBe(
          Array.from({ length: causal.size }, (_, i) => i).filter((i) => i % causal.stride === 0).length,
        );
        for (let i = 0; i < output; i++) {
          expect(Math.max(...cellsUnder(causal, before, i))).toBe(i * causal.stride);
        }
      }),
    );
  });

  test("stride 1 keeps the size under same", () => {
    fc.assert(
      fc.property(axis, (a) => {
        expect(placeWindow({ ...a, stride: 1, padding: "same" }).output).toBe(a.size);
      }),
    );
  });
});

test("the extent of a dilated kernel", () => {
  expect([extentOf(3, 1), extentOf(3, 2), extentOf(1, 5)]).toEqual([3, 5, 1]);
});

test("a window that does not fit is an error that names sizes and remedies", () => {
  const window = { kernel: [3, 3], strides: [1, 1], dilation: [1, 2], padding: "valid" } as const;
  expect(() => placeWindows('conv2d "code"', [7, 4], window)).toThrow(
    'conv2d "code": got 4 cells on spatial axis 1 of [7, 4], expected at least 5, the extent of a kernel of 3 with dilation 2 under padding "valid". Use padding "same", a smaller kernel, or a larger input.',
  );
  expect(placeWindows("conv2d", [7, 5], window).map((p) => p.output)).toEqual([5, 1]);
});
