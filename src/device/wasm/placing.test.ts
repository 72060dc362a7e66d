/** What stays of a program that the engine has compiled. */
import { expect, it } from "vitest";
import { feed, graphOf, weight } from "../../../test/support/run.ts";
import { atOnce } from "../../core/pieces.ts";
import { lower } from "../../kernel/lower.ts";
import * as op from "../../ops/index.ts";
import { generating, type Outline } from "./module.ts";
import { outlineOf } from "./placing.ts";
import { narrow } from "./profile.ts";

it("is where variables and constants lie, and nothing of kernels or of what lies between them", () => {
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
