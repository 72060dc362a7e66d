/** Class numbers as targets: which losses and metrics take them, and whether data holds numbers of classes. */
import { indexOf, type NdArray } from "../core/array.ts";
import { labelError } from "../core/errors.ts";
import type { Shape } from "../graph/tensor.ts";
import type { Judgement } from "./step.ts";

/** What the cells of a target are: numbers of classes from 0 on. */
export interface Labels {
  readonly classes: number;
  /** A number besides, which stands for no class. */
  readonly ignore?: number | null;
}

/** Whether targets of a shape are class numbers to predictions of a shape. */
export type LabelRule = (target: Shape, prediction: Shape) => Labels | undefined;

/** A class for each cell of the last axis. */
export const sparseLabels =
  (ignore: number | null = null): LabelRule =>
  (_, prediction) => ({ classes: prediction[prediction.length - 1] ?? 1, ignore });

/** Throws when a target of class numbers holds another number. */
export function checkLabels(
  where: string,
  y: readonly (NdArray | undefined)[],
  predictions: readonly Shape[],
  judgements: readonly Judgement[],
): void {
  y.forEach((array, i) => {
    if (array === undefined) return;
    const { loss, metrics, weightedMetrics } = judgements[i];
    const rules = [loss, ...metrics, ...weightedMetrics].flatMap(
      (judge) => judge?.labels?.(array.shape.slice(1), predictions[i]) ?? [],
    );
    if (rules.length > 0) checkArray(y.length > 1 ? `${where}[${i}]` : where, array, rules);
  });
}

function checkArray(where: string, { data, shape, scale = 1 }: NdArray, rules: readonly Labels[]): void {
  const { classes } = rules[0];
  const ignored = rules.flatMap(({ ignore }) => ignore ?? []);
  for (let i = 0; i < data.length; i++) {
    const value = scale === 1 ? data[i] : Math.fround(data[i] * Math.fround(scale));
    if (Number.isInteger(value) && value >= 0 && value < classes) continue;
    if (!ignored.includes(value)) throw labelError({ where, index: indexOf(i, shape), value, classes });
  }
}
