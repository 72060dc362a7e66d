/** What lowering fuses computes the same as its ops one at a time; and its gradients follow differences. */
import fc from "fast-check";
import { describe, test } from "vitest";
import { interp } from "../../src/device/interp.ts";
import type { Tensor } from "../../src/graph/tensor.ts";
import * as op from "../../src/ops/index.ts";
import { gradients } from "../../src/passes/gradient.ts";
import { expectClose, expectWithin, largest, randomArray } from "../support/arrays.ts";
import { checkGradient, lossOf, makeOperands } from "../support/gradient.ts";
import { feed, run, weight, withSamples } from "../support/run.ts";
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

/** What a value is made of: which of the expressions below, over which of the last values. */
const node = fc.tuple(fc.nat({ max: 11 }), fc.nat({ max: 2 }), fc.nat({ max: 2 }));

/** Values of 4 × 4 cells that read each other in place, turned around, shifted, summed up and through matrices. */
function grow(x: Tensor, w: Tensor, nodes: readonly (readonly [number, number, number])[]): Tensor[] {
  const made = [x];
  const turned = (p: Tensor, step: readonly number[]): Tensor =>
    op.slice(p, { start: step.map((n) => (n < 0 ? 3 : 0)), size: [4, 4], step });
  for (const [kind, left, right] of nodes) {
    const [p, q] = [left, right].map((back) => made[Math.max(0, made.length - 1 - back)]);
    made.push(
      [
        () => op.add(p, q),
        () => op.multiply(op.tanh(p), q),
        () => op.relu(op.subtract(p, 0.1)),
        () => turned(p, [1, -1]),
        () => turned(p, [-1, 1]),
        () => op.transpose(p, [1, 0]),
        () => op.slice(op.pad(p, [1, 0], [0, 1]), { start: [0, 1], size: [4, 4] }),
        () => op.relu(op.matmulLast(p, w)),
        () => op.add(p, op.sum(q, [0], { keepDims: true })),
        () => op.multiply(q, op.max(p, [1], true)),
        () =>
          op.concatenate(
            [op.slice(p, { start: [0, 2], size: [4, 2] }), op.slice(q, { start: [0, 0], size: [4, 2] })],
            1,
          ),
        () => op.reshape(op.reshape(p, [2, 8]), [4, 4]),
      ][kind](),
    );
  }
  return made;
}

test("random expressions, and their gradients, as one op at a time", async () => {
  const property = fc.asyncProperty(fc.array(node, { minLength: 2, maxLength: 9 }), async (nodes) => {
    const input = feed("x", [4, 4], 2, randomArray(32, 5));
    const w = weight("w", [4, 4], randomArray(16, 6));
    const y = grow(input.tensor, w, nodes).at(-1) as Tensor;
    const wanted = [y, ...gradients(lossOf(y, 2, true), [input.tensor, w])];
    const options = { feeds: [input] };
    const [alone] = (await run(interp("float64"), [y], options)).values;
    const together = await run(interp("float64"), wanted, options);
    const apart = await stepwise(wanted, options);
    wanted.forEach((_, i) => {
      const allowed = 1e-5 * Math.max(1, largest(apart[i]));
      if (i === 0) expectWithin(alone, apart[i], allowed, "alone");
      expectWithin(together.values[i], apart[i], allowed, ["output", "dx", "dw"][i]);
    });
  });
  // A reduction that is read in place and turned around, too.
  const known: [[number, number, number][]] = [
    [
      [7, 0, 0],
      [3, 0, 0],
      [0, 0, 0],
      [0, 2, 0],
    ],
  ];
  await fc.assert(property, { numRuns: 200, examples: [known] });
});

describe("gradients follow differences", () => {
  test.each(compositions.filter((c) => c.order !== 0).map((c) => [c.name, c] as const))("%s", async (_, c) => {
    await checkGradient({ operands: c.operands, build: (xs) => c.build(xs) });
  });
});
