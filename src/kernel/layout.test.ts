import { describe, expect, test } from "vitest";
import { graphOf } from "../../test/support/run.ts";
import { atOnce } from "../core/pieces.ts";
import type { Tensor } from "../graph/tensor.ts";
import * as op from "../ops/index.ts";
import { expandTiles } from "../ops/tiles.ts";
import type { Buffer } from "./kernel.ts";
import { type Placement, planLayout } from "./layout.ts";
import { lower } from "./lower.ts";
import { planStages } from "./stages.ts";

const matrix = [
  [1, 0],
  [0, 1],
  [1, 1],
];

/** Bytes between neighbours on each axis of what `make` answers, for pictures of these channels. */
function stridesOf(channels: number, make: (tiles: Tensor) => Tensor): readonly number[] {
  const x = op.placeholder([32, 32, channels], "x");
  const tiles = expandTiles(x, { matrix, stride: 2, before: [0, 0], tiles: [16, 16] });
  const lowered = lower(graphOf({ inputs: [x], outputs: [make(tiles)] }));
  const { placements } = atOnce(planLayout(lowered, planStages(lowered), 0));
  const [, placement] = [...placements].find(([b]) => b.name === "expandTiles") as [Buffer, Placement];
  return placement.strides;
}

describe("the numbers of tiles", () => {
  const sums = (t: Tensor): Tensor => op.sum(t, [0]);

  test("lie one after the other", () => {
    expect(stridesOf(15, sums)).toEqual([16 * 16 * 15 * 4, 16 * 15 * 4, 15 * 4, 4]);
  });

  test("lie further apart where they would meet in a few sets of the first cache", () => {
    expect(stridesOf(16, sums)).toEqual([16 * 16 * 16 * 4 + 256, 16 * 16 * 4, 16 * 4, 4]);
  });

  test("but not where other shapes share their cells", () => {
    expect(stridesOf(16, (t) => op.reshape(t, [9 * 16, 16, 16]))).toEqual([16 * 16 * 16 * 4, 16 * 16 * 4, 16 * 4, 4]);
  });
});
