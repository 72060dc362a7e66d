/**
 * The two ways to make a model: from tensors, and from layers in a row.
 */
import { argumentError } from "../core/errors.ts";
import { common } from "../core/open-shape.ts";
import { type OpenShape, type OpenTensor, type Shape, Tensor } from "../graph/tensor.ts";
import { InputLayer, input } from "../layers/input.ts";
import { checkLayer, type Layer } from "../layers/layer.ts";
import { Network } from "../layers/network.ts";
import { isRecord } from "../layers/options.ts";
import { type Asked, type Piped, pour, type Ruled } from "../layers/pipe.ts";
import type { Shapes } from "../layers/rule.ts";
import { Model } from "./model.ts";
import type { ModelOptions, ShapesIn } from "./model-types.ts";

/** Layers in a row. Without an input they get their weights when the input's shape is first seen. */
export class Sequential<I extends Shapes = Shapes, O extends Shapes = Shape> extends Model<I, O> {
  /** @param start - the input, or nothing while its shape is unknown. */
  constructor(start: OpenTensor | undefined, layers: readonly Layer[], options: ModelOptions = {}) {
    super(undefined, options);
    this.layers = [...layers];
    if (start !== undefined) this.#connect(start);
  }

  override get className(): string {
    return "Sequential";
  }

  /** Makes the weights for an input of this shape, without the batch axis. */
  override build(...shapes: readonly OpenShape[]): void {
    if (this.isBuilt) super.build(...shapes);
    else this.#connect(input(shapes[0]));
  }

  /** Where sizes are tried that turn out to be open, the input takes any. */
  protected override suits(built: readonly OpenShape[], now: readonly OpenShape[]): boolean {
    if (super.suits(built, now)) return true;
    const shape = this.isTried && now.length === 1 ? common(this.network.inputs[0].shape, now[0]) : undefined;
    if (shape === undefined) return false;
    this.#connect(input(shape));
    return true;
  }

  protected override get summarised(): readonly Layer[] {
    return this.layers;
  }

  #connect(start: OpenTensor): void {
    const { layers } = this;
    const end = pour(start, layers, "sequential model");
    this.own(new Network([start], [end as OpenTensor]));
    this.layers = layers;
  }
}

/**
 * A model of what lies between tensors.
 *
 * @param inputs - from `input`, or tensors in the middle of another model: the weights are shared.
 * @param outputs - what layers answered for them. Where there are several, a list, or an object: then `predict` answers an
 *   object, and targets, losses and metrics have its keys. As in Keras the outputs are in the order of the sorted keys.
 */
export function model<
  const I extends OpenTensor | readonly OpenTensor[],
  const O extends OpenTensor | readonly OpenTensor[],
>(inputs: I, outputs: O, options?: ModelOptions): Model<ShapesIn<I>, ShapesIn<O>>;
export function model<
  const I extends OpenTensor | readonly OpenTensor[],
  const O extends Readonly<Record<string, OpenTensor>>,
>(
  inputs: I,
  outputs: O,
  options?: ModelOptions,
): Model<ShapesIn<I>, { readonly [K in keyof O]: ShapesIn<O[K]> & OpenShape }>;
export function model(
  inputs: OpenTensor | readonly OpenTensor[],
  outputs: OpenTensor | readonly OpenTensor[] | Readonly<Record<string, OpenTensor>>,
  options: ModelOptions = {},
): unknown {
  const list = (given: unknown): readonly OpenTensor[] => (Array.isArray(given) ? given : [given as OpenTensor]);
  const isByKey = isRecord(outputs) && !(outputs instanceof Tensor) && !Array.isArray(outputs);
  if (!isByKey) return new Model(new Network(list(inputs), list(outputs)), options);
  const keys = Object.keys(outputs).sort((a, b) => (a < b ? -1 : 1));
  const ends = keys.map((key) => (outputs as Readonly<Record<string, OpenTensor>>)[key]);
  return new Model(new Network(list(inputs), ends, keys), options);
}

/**
 * A model of layers in a row without an input, whose shapes are checked at run time: the weights are made when the first
 * data, or `build`, tells the shape.
 */
export function sequential(layers: readonly Layer[], options?: ModelOptions): Sequential;
/**
 * A model of layers in a row: `sequential([input([784]), dense(32), dense(784)])`. With an input first, the compiler checks
 * every layer against the shape that reaches it.
 */
export function sequential<S extends OpenShape, const L extends readonly Ruled[]>(
  layers: readonly [Tensor<S>, ...{ readonly [K in keyof L]: L[K] & Asked<S, L>[K & keyof Asked<S, L>] }],
  options?: ModelOptions,
): Sequential<S, Extract<Piped<S, L>, Shapes>>;
export function sequential(layers: unknown, options: ModelOptions = {}): Sequential {
  if (!Array.isArray(layers)) {
    const fix = "Write sequential([first, second, …]).";
    throw argumentError({ where: "sequential", argument: "layers", value: layers, expected: "a list of layers", fix });
  }
  const [first, ...rest] = layers as readonly (OpenTensor | Layer)[];
  const start = first instanceof InputLayer ? input(first.shape, { name: first.givenName }) : first;
  const row: readonly unknown[] = start instanceof Tensor ? rest : layers;
  row.forEach((layer, i) => {
    checkLayer("sequential", `layer ${i}`, layer);
  });
  if (row.length === 0) {
    const expected = "layers in a row, with input([…]) or a layer first";
    throw argumentError({ where: "sequential", argument: "layers", value: layers, expected });
  }
  return new Sequential(start instanceof Tensor ? start : undefined, row as readonly Layer[], options);
}
