/** What lowering fuses computes the same as its ops one at a time; and its gradients follow differences. */
import fc from "fast-check";
import { describe, test } from "vitest";
import { interp } from "../../src/device/interp.ts";
import { gradients } from "../../src/passes/gradient.ts";
import { expectClose, expectWithin, largest } from "../support/arrays.ts";
import { checkGradient, lossOf, makeOperands } from "../support/gradient.ts";
import { run, withSamples } from "../support/run.ts";
import { stepwise } from "../support/stepwise.ts";
import { compositions } from "./compositions.ts";
import { buildModel, modelSpec } from "./models.ts";

describe("fused as one op at a time", () => {
  test.each(compositions.map((c) => [c.name, c] as const))("%s", async (_, c) => {
    const { tensors, feeds } = makeOperands(c.operands, 3, 5);
    const options = { feeds: withSamples(feeds, 3) };
    const y = c.build(tensors);
    const [alone] = (await run(interp("float64"), [y], options)).values;
    // The gradients read much of the graph again: other tensors fuse then.
    const slopes = c.order === 0 ? [] : gradients(lossOf(y, 2, true), tensors);
    const wanted = [y, ...slopes];
    const together = await run(interp("float64"), wanted, options);
    const apart = await stepwise(wanted, options);
    expectClose(alone, apart[0], 1e-5, `${c.name}, alone`);
    wanted.forEach((_t, i) => {
      expectClose(together.values[i], apart[i], 1e-5, i === 0 ? c.name : `gradient ${i - 1} of ${c.name}`);
    });
  });
});

test("random models and their gradients as one op at a time", async () => {
  const property = fc.asyncProperty(modelSpec, async (spec) => {
    const model = buildModel(spec);
    const options = { feeds: [model.input] };
    const wanted = [
      model.output,
      ...gradients(model.loss, [model.input.tensor, ...model.parameters.map((p) => p.tensor)]),
    ];
    const together = await run(interp("float64"), wanted, options);
    const apart = await stepwise(wanted, options);
    const scale = Math.max(0.01, ...apart.slice(1).map(largest));
    wanted.forEach((_, i) => {
      const allowed = i === 0 ? 2e-5 * Math.max(0.1, largest(apart[0])) : 1e-4 * Math.max(largest(apart[i]), scale);
      expectWithin(together.values[i], apart[i], allowed, i === 0 ? "output" : `gradient ${i - 1}`);
    });
  });
  await fc.assert(property, { numRuns: 40 });
});

describe("gradients follow differences", () => {
  test.each(compositions.filter((c) => c.order !== 0).map((c) => [c.name, c] as const))("%s", async (_, c) => {
    await checkGradient({ operands: c.operands, build: (xs) => c.build(xs) });
  });
});
