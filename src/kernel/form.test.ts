import { describe, expect, test } from "vitest";
import { expectClose } from "../../test/support/arrays.ts";
import { feed, graphOf, run, weight } from "../../test/support/run.ts";
import { interp } from "../device/interp.ts";
import { wasm } from "../device/wasm/device.ts";
import * as op from "../ops/index.ts";
import { chooseForm } from "./form.ts";
import type { NestKernel } from "./kernel.ts";
import { lower } from "./lower.ts";

const wave = (n: number, step: number): Float32Array => new Float32Array(n).map((_, i) => Math.sin(step * (i + 1)));

/** A convolution of a 6 × 5 picture with bias. */
function convolution(taps: number, channels: number, filters: number) {
  const x = feed("x", [6, 5, channels], 2, wave(60 * channels, 0.7));
  const w = weight("w", [taps, taps, channels, filters], wave(taps * taps * channels * filters, 1.3));
  const before = [(taps - 1) / 2, (taps - 1) / 2];
  const y = op.convolve(x.tensor, w, { strides: [1, 1], dilation: [1, 1], before, groups: 1, output: [6, 5] });
  return { x, y: op.add(y, weight("b", [filters], wave(filters, 0.2))) };
}

describe("where the lanes of a convolution lie", () => {
  test.each<[string, number, number, number, string]>([
    ["one filter: along the reduction", 1, 4, 1, "along c"],
    ["one filter and few channels: across the positions", 1, 3, 1, "across i1"],
    ["two filters: along the reduction", 1, 4, 2, "along c"],
    ["three filters and a long reduction: along it", 3, 2, 3, "along c"],
    ["three filters and a short reduction: across the filters", 1, 15, 3, "across f"],
    ["four filters: across the filters", 3, 16, 4, "across f"],
  ])("%s", async (_, taps, channels, filters, form) => {
    const { x, y } = convolution(taps, channels, filters);
    const { kernels } = lower(graphOf({ inputs: [x.tensor], outputs: [y] }));
    const chosen = chooseForm(kernels.at(-1) as NestKernel);
    expect(chosen.kind === "single" ? chosen.kind : `${chosen.kind} ${chosen.lanes.name}`).toBe(form);
    const [exact] = (await run(interp("float64"), [y], { feeds: [x] })).values;
    const [value] = (await run(wasm({ threads: 1 }), [y], { feeds: [x] })).values;
    expectClose(value, exact, 1e-5, form);
  });
});
