import { expect, test } from "vitest";
import { graphOf, variable } from "../../test/support/run.ts";
import { atOnce } from "../core/pieces.ts";
import * as op from "../ops/index.ts";
import { rewriting, rewritingTensors, topological, withInputs } from "./graph.ts";
import { apply } from "./op.ts";
import type { Tensor } from "./tensor.ts";

const x = op.placeholder([2], "x");

test("inputs come before users, each tensor once", () => {
  const h = op.exponential(x);
  const y = op.add(h, op.multiply(h, x));
  const order = topological([y, h]);
  expect(new Set(order).size).toBe(order.length);
  for (const t of order) for (const input of t.inputs) expect(order.indexOf(input)).toBeLessThan(order.indexOf(t));
  expect(order.length).toBe(4);
});

test("graphs of a hundred thousand ops do not exhaust the stack", () => {
  let y: Tensor = x;
  for (let i = 0; i < 100_000; i++) y = op.negative(y);
  expect(topological([y]).length).toBe(100_001);
  expect(
    atOnce(rewritingTensors([y], (t, inputs) => withInputs(t, inputs, (xs) => apply(t.op, xs, t.attributes))))[0],
  ).toBe(y);
});

test("a rewrite that changes nothing keeps every tensor", () => {
  const y = op.add(op.exponential(x), 1);
  const graph = graphOf({ inputs: [x], outputs: [y] });
  const same = atOnce(rewriting(graph, (t, inputs) => withInputs(t, inputs, () => op.fill(0, []))));
  expect(same.outputs[0]).toBe(y);
});

test("a rewrite reaches everything that the graph names, and what it does not name stays", () => {
  const owned = variable("w", [2]);
  const w = op.variableTensor(owned);
  const unread = op.stepScalar("unread");
  const loss = op.sumSamples(op.sum(op.multiply(x, w), [0]));
  const graph = graphOf({
    inputs: [x],
    scalars: [unread],
    outputs: [op.add(x, w)],
    totals: [loss],
    guard: loss,
    updates: [{ variable: owned, value: w }],
  });
  const twice = op.multiply(w, 2);
  const changed = atOnce(
    rewriting(graph, (t, inputs) => (t === w ? twice : withInputs(t, inputs, (xs) => apply(t.op, xs, t.attributes)))),
  );
  expect(changed.updates[0]).toEqual({ variable: owned, value: twice });
  expect(changed.outputs[0].inputs[1]).toBe(twice);
  expect(changed.guard).toBe(changed.totals[0]);
  expect(changed.scalars[0]).toBe(unread);
  expect(changed.inputs[0]).toBe(x);
});
