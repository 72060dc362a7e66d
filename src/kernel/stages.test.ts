import { describe, expect, test } from "vitest";
import { graphOf, variable } from "../../test/support/run.ts";
import type { Graph } from "../graph/graph.ts";
import type { Tensor } from "../graph/tensor.ts";
import * as op from "../ops/index.ts";
import { lower } from "./lower.ts";
import { planStages, type Stage } from "./stages.ts";

const x = op.placeholder([3], "x");
const owned = variable("w", [3]);
const w = op.variableTensor(owned);

const stagesOf = (graph: Partial<Graph>): Stage[] => planStages(lower(graphOf({ inputs: [x], ...graph })));
/** Each stage as its kind and the buffers that it writes, a bar for every wait. */
const shown = (stages: readonly Stage[]): string[] =>
  stages.map((s) => {
    const kind = s.commit ? "update" : s.perSample ? "samples" : "once";
    return `${kind}: ${s.levels.map((level) => level.map((k) => k.out.name).join(" ")).join(" | ")}`;
  });

describe("stages", () => {
  test("samples that do not meet stay in one stage", () => {
    const h = op.exponential(op.sum(x, [0], { keepDims: true }));
    expect(shown(stagesOf({ outputs: [op.multiply(x, h)] }))).toEqual(["samples: x.loaded sum exp mul"]);
  });

  test("what does not depend on samples comes before them", () => {
    expect(shown(stagesOf({ outputs: [op.multiply(x, op.exponential(w))] }))).toEqual([
      "once: exp",
      "samples: x.loaded mul",
    ]);
  });

  test("a sum over samples that samples read makes a second sample stage", () => {
    const centred = op.subtract(x, op.divide(op.sumSamples(x), op.batchSize()));
    expect(shown(stagesOf({ outputs: [centred] }))).toEqual([
      "samples: x.loaded sum.partial",
      "once: sum | div",
      "samples: sub",
    ]);
  });

  test("two such sums, of which the second needs the first, make a third", () => {
    const centred = op.subtract(x, op.divide(op.sumSamples(x), op.batchSize()));
    const scaled = op.divide(centred, op.sumSamples(op.multiply(centred, centred)));
    const kinds = stagesOf({ outputs: [scaled] }).map((s) => s.perSample);
    expect(kinds).toEqual([true, false, true, false, true]);
  });

  test("two sums that do not need each other share a stage", () => {
    const totals = [op.sumSamples(op.sum(x, [0])), op.sumSamples(op.max(x, [0]))];
    expect(stagesOf({ totals }).map((s) => s.perSample)).toEqual([true, false]);
  });

  test("shared kernels wait for each other only where one reads the other", () => {
    const [p, q] = [op.sum(op.exponential(w), [0], { keepDims: true }), op.sum(op.tanh(w), [0], { keepDims: true })];
    const value = op.add(w, op.multiply(p, q));
    const [first] = stagesOf({ updates: [{ variable: owned, value }] });
    expect(shown([first])).toEqual(["once: sum sum_1 | mul"]);
  });

  test("variables change in the last stage, after all that reads their old values", () => {
    const slope = op.sumSamples(op.multiply(x, w));
    const value = op.subtract(w, op.multiply(slope, 0.1));
    const stages = stagesOf({ outputs: [op.multiply(x, w)], updates: [{ variable: owned, value }] });
    expect(stages.map((s) => s.commit)).toEqual(stages.map((_, i) => i === stages.length - 1));
    expect(stages[stages.length - 1].levels.flat().map((k) => k.out.name)).toEqual(["w"]);
  });

  test("no sample work stands among the updates, even where it reads updated values", () => {
    const value = op.multiply(w, 2);
    const stages = stagesOf({ outputs: [op.add(x, value)], updates: [{ variable: owned, value }] });
    const updates = stages.filter((s) => s.commit).flatMap((s) => s.levels.flat());
    expect(updates.map((k) => k.perSample)).toEqual([false]);
  });

  test("a buffer is cleared in the stage that adds to it", () => {
    const sparse = op.variableTensor(variable("sparse", [1, 1, 1]));
    const up = (y: Tensor) =>
      op.convolveInput(op.reshape(y, [3, 1]), sparse, {
        strides: [2],
        dilation: [1],
        before: [0],
        groups: 1,
        input: [6],
      });
    const centred = op.subtract(x, op.sumSamples(x));
    const late = stagesOf({ outputs: [up(centred)] });
    expect(late[2].levels.flat().map((k) => k.kind)).toEqual(["nest", "clear", "nest"]);
    // Where samples have no part in it, the clear comes a level before.
    const value = op.reshape(op.slice(up(w), { start: [0, 0], size: [3, 1] }), [3]);
    const [first] = stagesOf({ updates: [{ variable: owned, value: op.add(value, value) }] });
    expect(first.levels.map((level) => level.map((k) => k.kind))).toEqual([["clear"], ["nest"]]);
  });

  test("a program without kernels has no stages", () => {
    expect(stagesOf({ inputs: [], totals: [] })).toEqual([]);
  });
});
