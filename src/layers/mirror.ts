/**
 * What to change so that a network gives other sizes: an autoencoder that should restore its input, targets that do not
 * suit, branches that do not meet. Nothing is guessed: every change is tried on the layers themselves.
 */
import { sameShape } from "../core/array.ts";
import { RhytonError } from "../core/errors.ts";
import { type Shape, Tensor } from "../graph/tensor.ts";
import { InputLayer } from "./input.ts";
import type { Layer, LayerCall, Variant } from "./layer.ts";
import { nameAll } from "./network-names.ts";
import { cutNetwork, rerun, type SizedNode } from "./network-nodes.ts";

/** A layer and what it would become. */
export interface Change extends Variant {
  readonly of: Layer;
}

/** What to do about an output of other sizes than expected. */
export interface Mirror {
  /** Sizes on the spatial axes. */
  readonly expected: Shape;
  readonly built: Shape;
  /** Ways to change layers, each of one or two changes, that give the expected sizes. */
  readonly ways: readonly (readonly Change[])[];
  /** Cells at the ends of each spatial axis that are too many (positive) or too few (negative): [before, after]. */
  readonly ends: readonly (readonly [number, number])[];
  /** By how much all spatial axes would have to be enlarged, where that is a whole factor of at least 2. */
  readonly factor: number | undefined;
}

/** The axes that are sizes of a picture, as the last layer with windows has them: by default all but the last. */
function spatialOf(nodes: readonly SizedNode[], shape: Shape): readonly number[] {
  for (const { operation, inputs, outputs } of nodes.toReversed()) {
    if (operation instanceof Tensor || inputs.length !== 1 || inputs[0].shape.length !== shape.length) continue;
    const rules = operation.axisRules(inputs[0].shape, outputs[0].shape);
    if (rules.length > 0) return rules.map(({ axis }) => axis);
  }
  return shape.slice(1).map((_, axis) => axis);
}

const sizesOn = (shape: Shape, axes: readonly number[]): Shape => axes.map((axis) => shape[axis]);

/**
 * What to do so that `output` has the sizes of `expected`. Nothing where they have other ranks, or are the same.
 * Channels do not count.
 *
 * @param nodes - of the network that the output belongs to.
 */
export function mirrorAdvice(nodes: readonly SizedNode[], output: Tensor, expected: Shape): Mirror | undefined {
  const { shape } = output;
  if (expected.length < 2 || shape.length !== expected.length) return undefined;
  const axes = spatialOf(nodes, expected);
  const [wanted, built] = [sizesOn(expected, axes), sizesOn(shape, axes)];
  if (sameShape(wanted, built)) return undefined;
  const ways = waysTo(nodes, [output], ([own]) => sameShape(sizesOn(own, axes), wanted));
  return { expected: wanted, built, ways, ...differences(wanted, built) };
}

/** What to do so that tensors have the same sizes, in words. Nothing where it is not their sizes that differ. */
export function meetingAdvice(tensors: readonly Tensor[]): string | undefined {
  const [{ shape }] = tensors;
  const inputs = inputsOf(tensors);
  if (inputs === undefined || shape.length < 2 || tensors.some((t) => t.shape.length !== shape.length))
    return undefined;
  const { nodes: cut, operations } = cutNetwork(inputs, [...new Set(tensors)]);
  const nodes = cut as readonly SizedNode[];
  const axes = spatialOf(nodes, shape);
  const sizes = tensors.map((t) => sizesOn(t.shape, axes));
  const other = sizes.find((own) => !sameShape(own, sizes[0]));
  if (other === undefined) return undefined;
  const [built, expected] = other.some((n, i) => n > sizes[0][i]) ? [other, sizes[0]] : [sizes[0], other];
  const ways = waysTo(nodes, tensors, ([first, ...rest]) => {
    return rest.every((own) => sameShape(sizesOn(own, axes), sizesOn(first, axes)));
  });
  const names = nameAll(operations);
  return mirrorWords({ expected, built, ways, ...differences(expected, built) }, (layer) => names.get(layer) as string);
}

/** The tensors that inputs gave, on the way to these; undefined where one follows from something else. */
function inputsOf(tensors: readonly Tensor[]): Tensor[] | undefined {
  const found = new Set<Tensor>();
  const seen = new Set<Tensor>();
  const stack = [...tensors];
  for (let t = stack.pop(); t !== undefined; t = stack.pop()) {
    if (seen.has(t)) continue;
    seen.add(t);
    const call = t.origin?.call as LayerCall | undefined;
    if (call?.layer instanceof InputLayer) found.add(t);
    const from = call ? call.inputs : t.inputs;
    if (call === undefined && from.length === 0 && t.perSample) return undefined;
    stack.push(...(from as readonly Tensor[]));
  }
  return found.size > 0 ? [...found] : undefined;
}

/** Most layers for which changes of two at once are tried. */
const FEW = 16;

/** The smallest changes after which the outputs are right. */
function waysTo(
  nodes: readonly SizedNode[],
  outputs: readonly Tensor[],
  fits: (shapes: readonly Shape[]) => boolean,
): readonly (readonly Change[])[] {
  const layers = [...new Set(nodes.map((node) => node.operation))].filter((op): op is Layer => !(op instanceof Tensor));
  const changes = layers.flatMap((of) => of.variants().map((variant): Change => ({ ...variant, of })));
  const works = (way: readonly Change[]): boolean => {
    const shapes = shapesAfter(nodes, outputs, way);
    return shapes !== undefined && fits(shapes);
  };
  const single = changes.map((change) => [change]).filter(works);
  if (single.length > 0 || changes.length > FEW) return single;
  const pairs = changes.flatMap((a, i) => changes.slice(i + 1).map((b) => [a, b]));
  return pairs.filter(([a, b]) => a.of !== b.of).filter(works);
}

/** The shapes of outputs after changes; undefined where a layer does not take what it then gets. */
function shapesAfter(
  nodes: readonly SizedNode[],
  outputs: readonly Tensor[],
  way: readonly Change[],
): readonly Shape[] | undefined {
  // What does not follow from a changed layer stays.
  const changed = new Set<Tensor>();
  const same = new Map<Tensor, Tensor>();
  for (const { operation, inputs, outputs: own } of nodes) {
    const follows = inputs.some((t) => changed.has(t)) || way.some(({ of }) => of === operation);
    for (const t of own) {
      if (follows) changed.add(t);
      else same.set(t, t);
    }
  }
  try {
    const after = rerun(nodes, same, (layer, x) => {
      const instead = way.find(({ of }) => of === layer)?.layer ?? layer;
      const sized = x as Tensor | readonly Tensor[];
      instead.prepare((sized instanceof Tensor ? [sized] : sized).map((t) => t.shape));
      return instead.trace(sized, { training: false });
    });
    return outputs.map((t) => (after.get(t) ?? t).shape as Shape);
  } catch (error) {
    if (error instanceof RhytonError) return undefined;
    throw error;
  }
}

function differences(expected: Shape, built: Shape): Pick<Mirror, "ends" | "factor"> {
  const ends = built.map((size, i): [number, number] => {
    const difference = size - expected[i];
    const before = Math.trunc(difference / 2);
    return [before, difference - before];
  });
  const factors = new Set(expected.map((size, i) => size / built[i]));
  const [factor] = factors;
  return { ends, factor: factors.size === 1 && Number.isInteger(factor) && factor > 1 ? factor : undefined };
}

// ---- in words -----------------------------------------------------------------------------------------------------

/** Most ways that a message names. */
const MOST = 3;

/** `2`; `[[0, 1], [1, 1]]` where the ends differ. */
const endsWords = (ends: readonly (readonly [number, number])[]): string => {
  const [first] = ends;
  const isEven = ends.every(([before, after]) => before === after && before === first[0]);
  if (isEven) return `${first[0]}`;
  const pairs = ends.map(([before, after]) => `[${before}, ${after}]`).join(", ");
  return ends.length === 1 ? pairs : `[${pairs}]`;
};

/**
 * `28×28 expected, 32×32 built: make conv2d_5 valid, or crop 2`.
 *
 * @param nameOf - the name of a layer in its network.
 */
export function mirrorWords({ expected, built, ways, ends, factor }: Mirror, nameOf: (layer: Layer) => string): string {
  const changes = ways
    .slice(0, MOST)
    .map((way) => way.map(({ change: [verb, what], of }) => `${verb} ${nameOf(of)} ${what}`).join(" and "));
  const amount = (sign: 1 | -1) =>
    ends.map(([a, b]): [number, number] => [Math.max(sign * a, 0), Math.max(sign * b, 0)]);
  const isSome = (list: readonly (readonly [number, number])[]): boolean => list.some(([a, b]) => a + b > 0);
  const [crop, pad] = [amount(1), amount(-1)];
  const atEnds = [
    ...(isSome(crop) ? [`crop ${endsWords(crop)}`] : []),
    ...(isSome(pad) && factor === undefined ? [`pad ${endsWords(pad)} with zeros`] : []),
    ...(factor === undefined ? [] : [`enlarge it by ${factor}`]),
  ].join(" and ");
  return `${expected.join("×")} expected, ${built.join("×")} built: ${[...changes, atEnds].join(", or ")}`;
}
