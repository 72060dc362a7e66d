import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  type Affine,
  addIndex,
  binary,
  coefficientOf,
  constant,
  constantIndex,
  type Expr,
  type Loop,
  loopIndex,
  operandsOf,
  rangeOf,
  rewrite,
  sameAffine,
  sameIndex,
  scaleIndex,
  select,
  unary,
  visitExpr,
  withOperands,
} from "./expr.ts";

const loops: readonly Loop[] = [
  { name: "i", size: 3 },
  { name: "j", size: 1 },
  { name: "k", size: 4 },
];

/** The value at given counters. */
const at = (a: Affine, counters: readonly number[]): number =>
  a.terms.reduce((sum, [loop, c]) => sum + c * counters[loops.indexOf(loop)], a.offset);

const everyCounter: number[][] = Array.from({ length: 12 }, (_, n) => [n % 3, 0, Math.floor(n / 3)]);

const affine: fc.Arbitrary<Affine> = fc
  .array(fc.tuple(fc.nat({ max: 2 }), fc.integer({ min: -3, max: 3 }), fc.integer({ min: -5, max: 5 })), {
    maxLength: 4,
  })
  .map((parts) => parts.map(([l, c, o]) => loopIndex(loops[l], c, o)).reduce(addIndex, constantIndex(0)));

describe("affine indices", () => {
  test("add and scale as numbers do", () => {
    fc.assert(
      fc.property(affine, affine, fc.integer({ min: -3, max: 3 }), (a, b, factor) => {
        for (const counters of everyCounter) {
          expect(at(addIndex(a, b), counters)).toBe(at(a, counters) + at(b, counters));
          expect(at(scaleIndex(a, factor, 2), counters)).toBe(factor * at(a, counters) + 2);
        }
      }),
    );
  });

  test("their range is the smallest and largest value", () => {
    fc.assert(
      fc.property(affine, (a) => {
        const values = everyCounter.map((counters) => at(a, counters));
        expect(rangeOf(a)).toEqual({ low: Math.min(...values), high: Math.max(...values) });
      }),
    );
  });

  test("are the same exactly when they always have the same value", () => {
    fc.assert(
      fc.property(affine, affine, (a, b) => {
        const equal = everyCounter.every((counters) => at(a, counters) === at(b, counters));
        expect(sameAffine(a, b)).toBe(equal);
        expect(sameAffine(addIndex(a, b), addIndex(b, a))).toBe(true);
      }),
    );
  });

  test("forget loops of one iteration and terms that cancel", () => {
    expect(loopIndex(loops[1], 5, 2)).toEqual(constantIndex(2));
    expect(addIndex(loopIndex(loops[0], 2, 1), loopIndex(loops[0], -2))).toEqual(constantIndex(1));
    expect(scaleIndex(loopIndex(loops[0]), 0, 3)).toEqual(constantIndex(3));
    expect(coefficientOf(loopIndex(loops[0], 2), loops[0])).toBe(2);
    expect(coefficientOf(loopIndex(loops[0], 2), loops[2])).toBe(0);
  });

  test("lists are the same axis by axis", () => {
    const [i, k] = [loopIndex(loops[0]), loopIndex(loops[2])];
    expect(sameIndex([i, k], [loopIndex(loops[0]), loopIndex(loops[2])])).toBe(true);
    expect(sameIndex([i, k], [k, i])).toBe(false);
    expect(sameIndex([i], [i, k])).toBe(false);
  });
});

describe("expressions", () => {
  const load: Expr<string> = { kind: "load", source: "x", index: [], outside: "zero" };
  const square = binary("mul", load, load);
  const e = select(binary<string>("gt", square, constant(1)), unary("exp", square), square);

  test("list their operands in order", () => {
    expect(operandsOf(square)).toEqual([load, load]);
    expect(operandsOf(e).length).toBe(3);
    expect(operandsOf(load)).toEqual([]);
  });

  test("are visited once a node, operands first", () => {
    const seen: Expr<string>[] = [];
    visitExpr(e, (node) => seen.push(node));
    expect(seen.filter((node) => node === square).length).toBe(1);
    expect(seen.map((node) => node.kind)).toEqual(["load", "binary", "const", "binary", "unary", "select"]);
  });

  test("are rebuilt once a shared node, and not at all where nothing changes", () => {
    let calls = 0;
    const same = rewrite<string, string>(e, (node, operands) => {
      calls++;
      return withOperands(node, operands);
    });
    expect(calls).toBe(6);
    expect(same).toEqual(e);
    expect(rewrite<string, string>(square, withOperands)).toBe(square);
    const renamed = rewrite<string, number>(e, (node, operands) =>
      node.kind === "load" ? { ...node, source: 7 } : withOperands(node as Expr<number>, operands),
    );
    const sources: unknown[] = [];
    visitExpr(renamed, (node) => {
      if (node.kind === "load") sources.push(node.source);
    });
    expect(sources).toEqual([7]);
    if (renamed.kind === "select") expect(operandsOf(renamed.yes)[0]).toBe(renamed.no);
  });

  test("of thousands of shared doublings are rebuilt quickly", () => {
    let tower: Expr<string> = load;
    for (let i = 0; i < 2000; i++) tower = binary("add", tower, tower);
    let nodes = 0;
    visitExpr(tower, () => nodes++);
    expect(nodes).toBe(2001);
    expect(rewrite<string, string>(tower, withOperands)).toBe(tower);
  });
});
