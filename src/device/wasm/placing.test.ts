/** What stays of a program that the engine has compiled, and where the data of its runs lies. */
import { describe, expect, it, test } from "vitest";
import { feed, graphOf, weight } from "../../../test/support/run.ts";
import type { NdArray } from "../../core/array.ts";
import { atOnce } from "../../core/pieces.ts";
import { lower } from "../../kernel/lower.ts";
import * as op from "../../ops/index.ts";
import { checkWork } from "../work.ts";
import { wasm } from "./device.ts";
import { generating, type Outline } from "./module.ts";
import { frameOf, outlineOf, place } from "./placing.ts";
import { narrow } from "./profile.ts";

it("keeps where variables and constants lie, and nothing of kernels or of what lies between them", () => {
  const x = feed("x", [3], 4, new Float32Array(12));
  const w = weight("w", [3], new Float32Array(3).fill(2));
  const three = op.constantTensor({ data: Float32Array.of(1, 2, 3), shape: [3] });
  const y = op.exponential(op.add(op.multiply(x.tensor, w), three));
  const generated = atOnce(generating(lower(graphOf({ inputs: [x.tensor], outputs: [y] })), narrow, true));
  const kinds = (of: Outline) => [...of.layout.placements.keys()].map(({ place }) => place.kind).sort();
  expect(kinds(generated)).toEqual(["constant", "input", "sample", "sample", "variable"]);

  const outline = outlineOf(generated);
  expect(kinds(outline)).toEqual(["constant", "variable"]);
  for (const [buffer, placement] of outline.layout.placements)
    expect(generated.layout.placements.get(buffer)).toBe(placement);
  expect(Object.keys(outline).sort()).toEqual(["end", "layout", "lowered", "samples", "scalars"]);
  expect(Object.keys(outline.lowered).sort()).toEqual(["inputs", "outputs", "totals", "updates", "variables"]);
});

describe("an array that is input twice", () => {
  const samples = 300;
  const [x, y] = [feed("x", [6], samples, new Float32Array(0)), feed("y", [2, 3], samples, new Float32Array(0))];
  const sum = op.add(x.tensor, op.multiply(op.reshape(y.tensor, [6]), op.constantTensor(2)));
  const graph = graphOf({ inputs: [x.tensor, y.tensor], outputs: [sum] });
  const bytes = Uint8Array.from({ length: 6 * samples }, (_, i) => (7 * i) % 251);
  const inputs = (other = bytes): NdArray[] => [
    { data: bytes, shape: [samples, 6] },
    { data: other, shape: [samples, 2, 3], scale: 1 / 4 },
  ];

  it("lies in memory once, whole or sample by sample", () => {
    const outline = outlineOf(atOnce(generating(lower(graph), narrow, true)));
    const placed = (given: readonly NdArray[], order?: Uint32Array) => {
      const work = { inputs: given, batchSize: 8, ...(order && { order }) };
      return place(outline, frameOf(outline, 1, 1000), work, checkWork(work, outline.lowered.inputs)).inputs;
    };
    for (const order of [undefined, Uint32Array.of(7, 3, 250)]) {
      const [one, two] = placed(inputs(), order);
      expect(two).toBe(one);
      const [three, four] = placed(inputs(bytes.slice()), order);
      expect(four).toBeGreaterThan(three);
    }
    // Two views of the same cells.
    const [five, six] = placed(inputs(new Uint8Array(bytes.buffer)));
    expect(six).toBe(five);
  });

  test.each([
    ["all samples", {}],
    ["some samples in another order", { order: Uint32Array.of(7, 3, 250, 3) }],
    ["all in another order", { order: Uint32Array.from({ length: samples }, (_, i) => samples - 1 - i) }],
  ])("is computed with as copies are: %s", async (_, more) => {
    for (const shared of [true, false]) {
      const run = (other?: Uint8Array<ArrayBuffer>) =>
        wasm({ threads: 2, shared })
          .compile(graph)
          .run({ inputs: inputs(other), batchSize: 8, ...more });
      const [once, twice] = [await run(), await run(bytes.slice())];
      expect(once.outputs).toEqual(twice.outputs);
    }
  });
});
