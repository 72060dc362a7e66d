import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { graphOf, variable } from "../../test/support/run.ts";
import { rootsOf, topological } from "../graph/graph.ts";
import { printGraph } from "../graph/print.ts";
import type { Tensor } from "../graph/tensor.ts";
import { verify } from "../graph/verify.ts";
import * as op from "../ops/index.ts";
import { simplify } from "./simplify.ts";

const x = op.placeholder([2, 3], "x");
const owned = variable("w", [3]);
const w = () => op.variableTensor(owned);

/** What `t` becomes. */
const simple = (t: Tensor): Tensor => simplify(verify(graphOf({ inputs: [x], outputs: [t] }))).outputs[0];

describe("arithmetic that changes nothing goes away", () => {
  test.each([
    ["x + 0", op.add(x, 0)],
    ["0 + x", op.add(0, x)],
    ["x − 0", op.subtract(x, 0)],
    ["x · 1", op.multiply(x, 1)],
    ["1 · x", op.multiply(1, x)],
    ["x / 1", op.divide(x, 1)],
    ["a copy", op.identity(x)],
    ["all of them", op.identity(op.divide(op.multiply(1, op.add(op.subtract(x, 0), 0)), 1))],
    ["0 of a smaller shape", op.add(x, op.fill(0, [3]))],
  ])("%s", (_, t) => {
    expect(simple(t)).toBe(x);
  });

  test.each([
    ["0 − x", op.subtract(0, x)],
    ["1 / x", op.divide(1, x)],
    ["x · 0, which may be NaN", op.multiply(x, 0)],
    ["x + 1", op.add(x, 1)],
    ["a zero that x is broadcast to", op.add(op.slice(x, { start: [0, 0], size: [1, 3] }), op.fill(0, [2, 3]))],
  ])("but not %s", (_, t) => {
    expect(simple(t).op).toBe(t.op);
  });

  test("nor a shared value where one for each sample is wanted", () => {
    const sum = op.sumSamples(op.sum(op.add(op.multiply(x, 0), w()), [0]));
    expect(simplify(graphOf({ inputs: [x], totals: [op.sum(sum, [0])] })).totals[0].perSample).toBe(false);
  });
});

describe("equal tensors become one", () => {
  const count = (...outputs: Tensor[]): number =>
    topological(rootsOf(simplify(verify(graphOf({ inputs: [x], outputs }))))).length;

  test("the same op over the same inputs, however deep", () => {
    const branch = () => op.tanh(op.add(op.exponential(x), w()));
    expect(count(op.multiply(branch(), branch()))).toBe(6);
  });

  test("fills of one number and shape, variables of one variable, the batch size", () => {
    const one = () => op.multiply(op.add(x, op.fill(2, [3])), op.divide(w(), op.batchSize()));
    expect(count(op.subtract(one(), one()))).toBe(8);
  });

  test("but not over other inputs, attributes or variables", () => {
    expect(count(op.add(op.sum(x, [0], { keepDims: true }), op.sum(op.negative(x), [0], { keepDims: true })))).toBe(7);
    expect(
      count(op.add(op.slice(x, { start: [0, 0], size: [1, 3] }), op.slice(x, { start: [1, 0], size: [1, 3] }))),
    ).toBe(4);
    expect(count(op.add(op.add(x, w()), op.variableTensor(variable("w", [3]))))).toBe(5);
    expect(count(op.subtract(op.multiply(x, w()), op.multiply(w(), x)))).toBe(5);
    const [a, b] = [Float32Array.of(1, 2, 3), Float32Array.of(1, 2, 4)];
    const constants = [a, b, a].map((data) => op.constantTensor({ data, shape: [3] }));
    expect(count(constants.reduce(op.add, x))).toBe(6);
  });

  test("inputs and step scalars stay apart, even with one name", () => {
    const twin = op.placeholder([2, 3], "x");
    const [s, t] = [op.stepScalar("s"), op.stepScalar("s")];
    const graph = simplify(
      graphOf({ inputs: [x, twin], scalars: [s, t], outputs: [op.add(op.multiply(x, s), op.multiply(twin, t))] }),
    );
    expect(graph.inputs).toEqual([x, twin]);
    expect(new Set(graph.inputs).size).toBe(2);
    expect(new Set(graph.scalars).size).toBe(2);
  });
});

test("what is simple already stays as it is", () => {
  const y = op.sigmoid(op.add(op.multiply(x, w()), 0.5));
  const graph = graphOf({ inputs: [x], outputs: [y], totals: [op.sumSamples(op.sum(y, [0, 1]))] });
  const once = simplify(graph);
  expect(once.outputs[0]).toBe(y);
  expect(printGraph(simplify(once))).toBe(printGraph(once));
});

test("whatever the graph, it stays sound and simplifying twice changes nothing more", () => {
  const step = fc.tuple(fc.nat({ max: 6 }), fc.nat({ max: 9 }), fc.nat({ max: 9 }));
  fc.assert(
    fc.property(fc.array(step, { maxLength: 12 }), (steps) => {
      const made: Tensor[] = [x, w(), op.fill(0, []), op.fill(1, [])];
      for (const [kind, a, b] of steps) {
        const [p, q] = [made[a % made.length], made[b % made.length]];
        made.push(
          [
            op.add,
            op.subtract,
            op.multiply,
            op.divide,
            op.maximum,
            (t: Tensor) => op.identity(t),
            op.where.bind(null, 1),
          ][kind](p, q),
        );
      }
      const y = op.add(x, made[made.length - 1]);
      const once = verify(simplify(verify(graphOf({ inputs: [x], outputs: [y] }))));
      expect(printGraph(simplify(once))).toBe(printGraph(once));
      expect(once.outputs[0].shape).toEqual(y.shape);
    }),
  );
});
