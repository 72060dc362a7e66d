import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { expectClose, randomArray } from "../../test/support/arrays.ts";
import { feed, graphOf, run, variable } from "../../test/support/run.ts";
import { stepwise } from "../../test/support/stepwise.ts";
import { interp } from "../device/interp.ts";
import type { Update } from "../graph/graph.ts";
import type { Tensor, Variable } from "../graph/tensor.ts";
import * as op from "../ops/index.ts";
import { expandTiles } from "../ops/tiles.ts";
import type { Lowered } from "./kernel.ts";
import { lower } from "./lower.ts";
import { printKernels } from "./print.ts";

const a = variable("a", [3]);
const b = variable("b", [3]);
const [oldA, oldB] = [op.variableTensor(a), op.variableTensor(b)];
const x = op.placeholder([3], "x");

const lowered = (updates: readonly Update[], outputs: readonly Tensor[] = []): Lowered =>
  lower(graphOf({ inputs: [x], updates, outputs }));
const text = (updates: readonly Update[], outputs: readonly Tensor[] = []): string =>
  printKernels(lowered(updates, outputs));

describe("where an update is written", () => {
  test("in place, when each cell depends on itself alone", () => {
    expect(text([{ variable: a, value: op.subtract(oldA, op.multiply(oldB, 0.5)) }])).toMatchInlineSnapshot(`
      "stage 0: update
        for i0<3: a[i0] = (a[i0] - (b[i0] * 0.5))
      "
    `);
  });

  test("in place, with every number of tiles that reads it afterwards", async () => {
    const v = variable(
      "v",
      [4, 4],
      Float32Array.from({ length: 16 }, (_, i) => i + 1),
    );
    const now = op.multiply(op.variableTensor(v), 2);
    const matrix = [
      [1, 1],
      [1, -1],
    ];
    const numbers = op.sum(expandTiles(now, { matrix, stride: 2, before: [0, 0], tiles: [2, 2] }), [1, 2]);
    const { values } = await run(interp(), [numbers], { feeds: [], updates: [{ variable: v, value: now }] });
    // Sums of all cells, of differences along the rows, along the columns, and along both.
    expect([...values[0]]).toEqual([272, -16, -64, 0]);
  });

  test("through a copy, when cells depend on other cells", () => {
    const reversed = op.slice(oldA, { start: [2], size: [3], step: [-1] });
    expect(text([{ variable: a, value: op.add(oldA, reversed) }])).toMatchInlineSnapshot(`
      "stage 0: once
        for i0<3: add[i0] = (a[i0] + a[-i0+2])
      stage 1: update
        for i0<3: a[i0] = add[i0]
      "
    `);
  });

  test("through a copy, when a sum over the variable goes into each cell of it", () => {
    const value = op.divide(oldA, op.sum(oldA, [0]));
    expect(text([{ variable: a, value }])).toMatchInlineSnapshot(`
      "stage 0: once
        for : reduced = sum{r0<3} a[r0]; sum[] = reduced
      stage 1: update
        for i0<3: a[i0] = (a[i0] / sum[])
      "
    `);
  });

  test("two variables swap values through a copy", () => {
    const updates = [
      { variable: a, value: oldB },
      { variable: b, value: oldA },
    ];
    expect(text(updates)).toMatchInlineSnapshot(`
      "stage 0: once
        for i0<3: b.next[i0] = a[i0]
      stage 1: update
        for i0<3: a[i0] = b[i0]
        wait
        for i0<3: b[i0] = b.next[i0]
      "
    `);
  });

  test("a variable that keeps its value costs nothing", () => {
    expect(lowered([{ variable: a, value: oldA }]).kernels).toEqual([]);
  });
});

describe("old values are read before new ones are written", () => {
  test("an output that reads the variable comes before its update", () => {
    const kernels = lowered([{ variable: a, value: op.multiply(oldA, 2) }], [op.add(x, oldA)]).kernels;
    expect(kernels.map((k) => k.out.name)).toEqual(["x.loaded", "add", "a"]);
  });

  test("one update that reads the variable of another comes first", () => {
    const updates = [
      { variable: a, value: op.multiply(oldA, 2) },
      { variable: b, value: op.add(oldB, oldA) },
    ];
    expect(lowered(updates).kernels.map((k) => k.out.name)).toEqual(["b", "a"]);
  });

  test("an update that feeds another writes its variable before that reads it", () => {
    const next = op.multiply(oldA, 2);
    const updates = [
      { variable: a, value: next },
      { variable: b, value: op.add(next, oldB) },
    ];
    expect(text(updates)).toMatchInlineSnapshot(`
      "stage 0: update
        for i0<3: a[i0] = (a[i0] * 2)
        wait
        for i0<3: b[i0] = (a[i0] + b[i0])
      "
    `);
  });
});

test("another shape of a value that is written in place is read from the variable", async () => {
  const [p, q] = [variable("p", [2, 4], randomArray(8, 1)), variable("q", [4, 2], randomArray(8, 2))];
  const old = [...(p.value as Float32Array)];
  const next = op.multiply(op.variableTensor(p), 2);
  const turned = op.transpose(op.reshape(op.reshape(next, [8]), [2, 4]), [1, 0]);
  const updates = [
    { variable: p, value: next },
    { variable: q, value: op.add(op.variableTensor(q), op.tanh(turned)) },
  ];
  const before = [...(q.value as Float32Array)];
  await run(interp("float64"), [], { feeds: [], updates });
  const expected = before.map((v, i) => v + Math.tanh(2 * old[(i % 2) * 4 + Math.floor(i / 2)]));
  expectClose(q.value as Float32Array, expected, 1e-6, "q");
});

/** An expression over earlier values: which op, and which of them. */
interface Node {
  readonly kind: number;
  readonly left: number;
  readonly right: number;
}

const node: fc.Arbitrary<Node> = fc.record({
  kind: fc.nat({ max: 7 }),
  left: fc.nat({ max: 20 }),
  right: fc.nat({ max: 20 }),
});

function grow(leaves: readonly Tensor[], nodes: readonly Node[]): Tensor[] {
  const made = [...leaves];
  for (const { kind, left, right } of nodes) {
    const [p, q] = [made[left % made.length], made[right % made.length]];
    made.push(
      [
        () => op.add(p, q),
        () => op.multiply(op.tanh(p), q),
        () => op.slice(p, { start: [3, 0], size: [4, 2], step: [-1, 1] }),
        () => op.add(p, op.sum(q, [0], { keepDims: true })),
        () => op.transpose(op.reshape(p, [2, 4]), [1, 0]),
        () => op.reshape(op.reshape(p, [8]), [4, 2]),
        () => op.identity(p),
        () => op.multiply(p, 0.5),
      ][kind](),
    );
  }
  return made;
}

test("whatever the updates, all of them see the values of before", async () => {
  const property = fc.asyncProperty(
    fc.integer({ min: 1, max: 4 }),
    fc.array(node, { maxLength: 8 }),
    fc.array(fc.nat({ max: 20 }), { minLength: 4, maxLength: 4 }),
    fc.array(fc.nat({ max: 20 }), { maxLength: 2 }),
    async (count, nodes, targets, seen) => {
      const make = () => {
        const variables: Variable[] = Array.from({ length: count }, (_, i) =>
          variable(`v${i}`, [4, 2], randomArray(8, i + 1)),
        );
        const input = feed("x", [4, 2], 2, randomArray(16, 99));
        const values = grow(variables.map(op.variableTensor), nodes);
        const updates = variables.map((v, i) => ({ variable: v, value: values[targets[i] % values.length] }));
        const outputs = seen.map((k) => op.add(input.tensor, values[k % values.length]));
        return { variables, input, updates, outputs };
      };
      const apart = make();
      const expected = await stepwise([...apart.updates.map((u) => u.value), ...apart.outputs], {
        feeds: [apart.input],
      });
      const { variables, input, updates, outputs } = make();
      const { values } = await run(interp("float64"), outputs, { feeds: [input], updates });
      [...variables.map((v) => v.value as Float32Array), ...values].forEach((v, i) => {
        expectClose(v, expected[i], 1e-5, i < count ? `v${i}` : `output ${i - count}`);
      });
    },
  );
  await fc.assert(property, { numRuns: 150 });
});
