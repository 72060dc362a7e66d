/** Numbers as targets: whether data holds numbers of classes, or probabilities, where losses and metrics take these. */
import { indexOf, type NdArray, type TypedArray } from "../core/array.ts";
import { labelError } from "../core/errors.ts";
import type { Pieces } from "../core/pieces.ts";
import type { Shape } from "../graph/tensor.ts";
import { PIECE } from "./data.ts";
import type { Loss } from "./loss.ts";
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

/** Throws when a target of class numbers holds another number; warns when one of probabilities does. */
export function* checkLabels(
  where: string,
  y: readonly (NdArray | undefined)[],
  predictions: readonly Shape[],
  judgements: readonly Judgement[],
): Pieces<void> {
  for (const [i, array] of y.entries()) {
    if (array === undefined) continue;
    const { loss, metrics, weightedMetrics } = judgements[i];
    if (loss?.probable) yield* warnImprobable(y.length > 1 ? `${where}[${i}]` : where, array, loss);
    const rules = [loss, ...metrics, ...weightedMetrics].flatMap(
      (judge) => judge?.labels?.(array.shape.slice(1), predictions[i]) ?? [],
    );
    if (rules.length > 0) yield* checkArray(y.length > 1 ? `${where}[${i}]` : where, array, rules);
  }
}

/** The losses about whose targets a warning was given: one is enough. */
const warned = new WeakSet<Loss>();

/** So many values are looked at: what is wrong with them is wrong with all. */
const LOOKED_AT = 1_000_000;

/** A little more than 1 is a matter of rounding. */
const isProbable = (value: number): boolean => value >= 0 && value <= 1.001;

function* warnImprobable(where: string, { data, shape, scale = 1 }: NdArray, loss: Loss): Pieces<void> {
  if (warned.has(loss)) return;
  if (data instanceof Uint8Array && isProbable(255 * scale)) return;
  const count = Math.min(data.length, LOOKED_AT);
  for (let from = 0; from < count; from += PIECE) {
    const i = firstImprobable(data, scale, from, Math.min(count, from + PIECE));
    if (i !== undefined) {
      const value = data[i] * scale;
      warned.add(loss);
      const fix = value > 1 ? "Divide bytes by 255 first, or give { data, shape, scale: 1 / 255 }." : "";
      const words = `the target at [${indexOf(i, shape).join(", ")}] is ${value}, and ${loss.name} is for targets from 0 to 1.`;
      console.warn(`${where}: ${words} ${fix}`.trimEnd());
      return;
    }
    yield;
  }
}

function firstImprobable(data: TypedArray, scale: number, from: number, to: number): number | undefined {
  for (let i = from; i < to; i++) {
    if (!isProbable(data[i] * scale)) return i;
  }
  return undefined;
}

function* checkArray(where: string, { data, shape, scale = 1 }: NdArray, rules: readonly Labels[]): Pieces<void> {
  const { classes } = rules[0];
  const ignored = rules.flatMap(({ ignore }) => ignore ?? []);
  for (let i = 0; i < data.length; i++) {
    if (i % PIECE === 0) yield;
    const value = scale === 1 ? data[i] : Math.fround(data[i] * Math.fround(scale));
    if (Number.isInteger(value) && value >= 0 && value < classes) continue;
    if (!ignored.includes(value)) throw labelError({ where, index: indexOf(i, shape), value, classes });
  }
}
