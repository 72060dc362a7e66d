/**
 * One layer explained. Sizes, formulas and padding are the rule that the layer itself follows; the cells under the
 * windows are read out of the ops that it makes.
 */
import type { Shape, Tensor } from "../graph/tensor.ts";
import type { Layer } from "../layers/layer.ts";
import type { SpatialRule } from "../layers/spatial.ts";
import { allCells, positionsOn, upTo } from "./cells.ts";
import { type Cost, costOf } from "./cost.ts";
import { dependsOn } from "./field.ts";
import type { FieldExplanation } from "./fields.ts";

/** What a layer does along one axis. */
export interface AxisExplanation extends SpatialRule {
  /**
   * For each cell of the output the cells of the input that it reads. Positions below 0, or from `input` on, are padding.
   */
  readonly windows: readonly (readonly number[])[];
  /** Cells of the input that no cell of the output reads: `valid` and `strides` drop them. */
  readonly unread: readonly number[];
  /** Cells of the input that several cells of the output read. */
  readonly shared: readonly number[];
  /** Cells of the output that read no cell of the input. */
  readonly empty: readonly number[];
}

/** What `explain` answers for a layer. Shapes are without the batch. */
export interface LayerExplanation {
  /** What is explained. */
  readonly kind: "layer";
  /** The layer's name in its model, or after its class. */
  readonly name: string;
  /** The class of the layer in Keras. */
  readonly className: string;
  /** Shapes of one sample that go in. */
  readonly inputs: readonly Shape[];
  /** Shapes of one sample that come out. */
  readonly outputs: readonly Shape[];
  /** One entry for each spatial axis; none for layers without windows. */
  readonly axes: readonly AxisExplanation[];
  /** What it costs. */
  readonly cost: Cost;
  /** What the cells that were asked for depend on, or have a say in. */
  readonly fields: readonly FieldExplanation[];
}

/** A layer between tensors that it made. */
export interface Span {
  readonly layer: Layer;
  readonly name: string;
  readonly inputs: readonly Tensor[];
  readonly outputs: readonly Tensor[];
}

export function layerBetween({ layer, name, inputs, outputs }: Span): LayerExplanation {
  const [x] = inputs;
  const [y] = outputs;
  const rules = inputs.length === 1 && outputs.length === 1 ? layer.axisRules(x.shape, y.shape) : [];
  return {
    kind: "layer",
    name,
    className: layer.className,
    inputs: inputs.map((t) => t.shape),
    outputs: outputs.map((t) => t.shape),
    axes: rules.map((rule) => axisBetween(rule, x, y)),
    cost: costOf(inputs, outputs, layer.countParams()),
    fields: [],
  };
}

function axisBetween(rule: SpatialRule, x: Tensor, y: Tensor): AxisExplanation {
  const { axis, input } = rule;
  // What a transposed convolution reads beyond its input is nothing; padding is there where the rule has some.
  const isPadded = rule.beyond !== "cut off" && rule.beyond !== "nothing";
  // Global pooling may leave no axis: one window.
  const isKept = x.shape.length === y.shape.length;
  const [whole] = allCells(y.shape);
  const windows = upTo(isKept ? y.shape[axis] : 1).map((i) => {
    const read = dependsOn(y, [isKept ? whole.with(axis, [i]) : whole], [x], true).get(x) ?? [];
    return positionsOn(read, axis).filter((p) => isPadded || (p >= 0 && p < input));
  });
  const times = upTo(input).map(() => 0);
  for (const p of windows.flat()) if (p >= 0 && p < input) times[p]++;
  return {
    ...rule,
    windows,
    unread: upTo(input).filter((p) => times[p] === 0),
    shared: upTo(input).filter((p) => times[p] > 1),
    empty: upTo(windows.length).filter((i) => windows[i].every((p) => p < 0 || p >= input)),
  };
}
