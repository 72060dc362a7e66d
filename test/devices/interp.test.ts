/** What the plain definition owes beyond agreeing with itself. */
import { expect, test } from "vitest";
import { erf, interp } from "../../src/device/interp.ts";
import * as op from "../../src/ops/index.ts";
import { feed, run } from "../support/run.ts";

test.each([
  [1e-8, 1.1283791670955126e-8],
  [0.3, 0.3286267594591274],
  [1, 0.8427007929497149],
  [2.5, 0.999593047982555],
  [2.9, 0.9999589021219005],
  [2.999, 0.9999777698314002],
  [3, 0.9999779095030014],
  [4, 0.9999999845827421],
  [-2.7, -0.9998656672600594],
])("erf(%d) to the last digits", (x, expected) => {
  expect(Math.abs(erf(x) - expected)).toBeLessThan(1e-15);
});

test("float32 rounds every operation, float64 none", async () => {
  const x = feed("x", [], 1, Float32Array.of(1));
  // In float32 adding 1e-8 to 1 is lost at once.
  const rest = op.multiply(op.subtract(op.add(x.tensor, 1e-8), 1), 1e8);
  const [[single], [double]] = await Promise.all(
    ([interp("float32"), interp("float64")] as const).map(
      async (d) => (await run(d, [rest], { feeds: [x] })).values[0],
    ),
  );
  expect(single).toBe(0);
  expect(double).toBeCloseTo(1, 6);
});
