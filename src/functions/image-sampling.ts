/**
 * Pictures read at other places: affine and perspective maps, and any coordinates. What is between cells is interpolated.
 */
import { showShape, sizeOf } from "../core/array.ts";
import { argumentError, shapeError } from "../core/errors.ts";
import type { Tensor } from "../graph/tensor.ts";
import {
  type FillMode,
  fillModes,
  type PlaneMap,
  type SampleInterpolation,
  sampled,
  sampleInterpolations,
} from "../layers/augmentation-sampling.ts";
import { checkChoice } from "../layers/options.ts";
import * as own from "../ops/index.ts";
import { type ArrayLike, toNumbers } from "./arrays.ts";
import { ownAxes } from "./axes.ts";
import { binary, unary } from "./define.ts";
import { axesOf, type FormatOption } from "./pictures.ts";
import { part } from "./places.ts";

const { add, multiply, reshape, subtract } = own;

interface SampleOptions extends FormatOption {
  /** "bilinear" (the default) or "nearest". */
  readonly interpolation?: SampleInterpolation;
  /** What stands where nothing is, under "constant". Default 0. */
  readonly fillValue?: number;
}
interface AffineOptions extends SampleOptions {
  /** What lies beyond the edge: "constant" (the default), "nearest", "reflect" or "wrap". */
  readonly fillMode?: FillMode;
}

/** Every picture read through the map that eight numbers `[a0, a1, a2, b0, b1, b2, c0, c1]` are. */
function mapped(name: string, images: Tensor, transform: Tensor, options: AffineOptions): Tensor {
  const { where, height, width, channels } = axesOf(name, images, options.dataFormat);
  const { interpolation = "bilinear", fillMode = "constant", fillValue = 0 } = options;
  checkChoice(where, "interpolation", interpolation, sampleInterpolations);
  checkChoice(where, "fillMode", fillMode, fillModes);
  // What belongs to samples, and a picture by itself, has three axes.
  const isList = images.shape.length === 4;
  const count = isList ? images.shape[0] : 1;
  const maps = transform.perSample ? 1 : sizeOf(transform.shape) / 8;
  const fits = transform.perSample ? images.perSample : maps === 1 || (isList && maps === count);
  if (transform.shape.at(-1) !== 8 || !fits) {
    throw shapeError({
      where,
      got: `maps of shape ${showShape(transform.shape, transform.perSample)}`,
      expected: images.perSample
        ? "8 numbers, for all samples or each"
        : `8 numbers, for all pictures or each of ${count}`,
      fix: "They are [a0, a1, a2, b0, b1, b2, c0, c1].",
    });
  }
  const table = transform.perSample ? reshape(transform, [1, 8]) : reshape(transform, [maps, 8]);
  const one = (picture: Tensor, i: number): Tensor => {
    const cell = (k: number): Tensor => reshape(own.slice(table, { start: [maps === 1 ? 0 : i, k], size: [1, 1] }), []);
    const map: PlaneMap = {
      a: [cell(0), cell(1), cell(2)],
      b: [cell(3), cell(4), cell(5)],
      c: [cell(6), cell(7)],
    };
    const offset = picture.shape.length - images.shape.length;
    const order = [height, width, channels].map((axis) => axis + offset);
    const y = sampled(own.transpose(picture, order), map, { interpolation, fillMode, fillValue });
    return own.transpose(
      y,
      [0, 1, 2].map((axis) => order.indexOf(axis)),
    );
  };
  if (!isList) return one(images, 0);
  const pictures = Array.from({ length: count }, (_, i) =>
    reshape(one(reshape(part(images, 0, i, 1), images.shape.slice(1)), i), [1, ...images.shape.slice(1)]),
  );
  return own.concatenate(pictures, 0);
}

/**
 * Pictures through affine maps: cell (x, y) of the result is read at ((a0·x + a1·y + a2)/k, (b0·x + b1·y + b2)/k) with
 * k = c0·x + c1·y + 1.
 *
 * @param transform - `[a0, a1, a2, b0, b1, b2, c0, c1]`, one for all pictures or one for each.
 */
export const affineTransform = binary(
  "image.affineTransform",
  (images: Tensor, transform: Tensor, options: AffineOptions = {}) =>
    mapped("affineTransform", images, transform, options),
  ["interpolation", "fillMode", "fillValue", "dataFormat"],
);

/** The solution of a square system of linear equations, by elimination; nothing where there is none. */
function solved(rows: readonly (readonly number[])[]): number[] | undefined {
  const table = rows.map((row) => [...row]);
  for (let i = 0; i < table.length; i++) {
    const best = table.reduce((at, row, k) => (k > i && Math.abs(row[i]) > Math.abs(table[at][i]) ? k : at), i);
    [table[i], table[best]] = [table[best], table[i]];
    const pivot = table[i][i];
    if (Math.abs(pivot) < 1e-12) return undefined;
    table[i] = table[i].map((value) => value / pivot);
    table.forEach((row, k) => {
      const factor = row[i];
      if (k !== i) table[k] = row.map((value, column) => value - factor * table[i][column]);
    });
  }
  return table.map((row) => row[row.length - 1]);
}

/** The eight numbers of the map that brings four end points back to where they start. */
function planeMap(where: string, start: ArrayLike, end: ArrayLike): { data: Float32Array; shape: number[] } {
  const [from, to] = [toNumbers(where, start), toNumbers(where, end)];
  const isFour = from.shape.length >= 2 && from.shape.at(-1) === 2 && from.shape.at(-2) === 4 && from.shape.length <= 3;
  if (!isFour || from.shape.join() !== to.shape.join()) {
    throw shapeError({
      where: `ops.${where}`,
      got: `points of shape ${showShape(from.shape)} and ${showShape(to.shape)}`,
      expected: "four points (x, y) in both, (4, 2), or four for each picture, (pictures, 4, 2)",
      fix: "Corners are [[0, 0], [0, height], [width, 0], [width, height]].",
    });
  }
  const count = from.data.length / 8;
  const maps = Array.from({ length: count }, (_, i) => {
    const equations = [0, 1, 2, 3].flatMap((k) => {
      const at = i * 8 + k * 2;
      const [x, y, u, v] = [to.data[at], to.data[at + 1], from.data[at], from.data[at + 1]];
      return [
        [x, y, 1, 0, 0, 0, -u * x, -u * y, u],
        [0, 0, 0, x, y, 1, -v * x, -v * y, v],
      ];
    });
    const map = solved(equations);
    if (map !== undefined) return map;
    throw argumentError({
      where: `ops.${where}`,
      argument: "endPoints",
      value: end,
      expected: "four points of which no three lie on a line",
    });
  });
  return { data: Float32Array.from(maps.flat()), shape: count === 1 ? [8] : [count, 8] };
}

/** Pictures in the perspective that moves four points `[x, y]` of each from `startPoints` to `endPoints`. */
export const perspectiveTransform = unary(
  "image.perspectiveTransform",
  (images: Tensor, startPoints: ArrayLike, endPoints: ArrayLike, options: SampleOptions = {}) => {
    const maps = planeMap("image.perspectiveTransform", startPoints, endPoints);
    return mapped("perspectiveTransform", images, own.constantTensor(maps), options);
  },
  ["interpolation", "fillValue", "dataFormat"],
  2,
);

// ---- any coordinates ----------------------------------------------------------------------------------------------

const edges = ["constant", "nearest", "wrap", "mirror", "reflect"] as const;
type Edge = (typeof edges)[number];

/** A place, which is whole, brought back to an axis of `n` cells. */
function broughtBack(place: Tensor, n: number, edge: Edge): Tensor {
  const within = (x: Tensor): Tensor => own.minimum(own.maximum(x, 0), n - 1);
  const turned = (x: Tensor, period: number): Tensor =>
    subtract(x, multiply(period, own.floor(own.divide(add(x, 0.5), period))));
  if (edge === "constant" || edge === "nearest" || n === 1) return within(place);
  if (edge === "wrap") return turned(place, n);
  // There and back: the edge counts once ("mirror") or twice ("reflect").
  const once = edge === "mirror" ? 2 * n - 2 : 2 * n - 1;
  const along = turned(place, edge === "mirror" ? once : 2 * n);
  return own.minimum(along, subtract(once, along));
}

interface CoordinateOptions {
  /** Beyond abcd: "constant" (the default) kk, "nearest" dd, "wrap" ab, "mirror" cb, "reflect" dc. */
  readonly fillMode?: Edge;
  /** Default 0. */
  readonly fillValue?: number;
}
/**
 * The numbers of an array at any places.
 *
 * @param coordinates - along its first axis a number for each axis of `inputs`: places, counted in cells.
 * @param order - 0 for the nearest cell, 1 for the mean of those around by their distance.
 */
export const mapCoordinates = binary(
  "image.mapCoordinates",
  (
    inputs: Tensor,
    coordinates: Tensor,
    order: 0 | 1,
    { fillMode = "constant", fillValue = 0 }: CoordinateOptions = {},
  ) => {
    const name = "image.mapCoordinates";
    const where = `ops.${name}`;
    checkChoice(where, "fillMode", fillMode, edges);
    if (order !== 0 && order !== 1) throw argumentError({ where, argument: "order", value: order, expected: "0 or 1" });
    const axes = ownAxes(name, inputs, null);
    ownAxes(name, coordinates, null);
    if (coordinates.shape.length < 2 || coordinates.shape[0] !== axes.length) {
      throw shapeError({
        where,
        got: `coordinates of shape ${showShape(coordinates.shape)}`,
        expected: `(${axes.length}, …): a coordinate for each axis of ${showShape(inputs.shape)}`,
        fix: "Stack the coordinates along axis 0.",
      });
    }
    const rest = coordinates.shape.slice(1);
    const places = axes.map((axis) => reshape(part(coordinates, 0, axis, 1), rest));
    /** Places of one axis, and what each counts. */
    const nodes = places.map((place) => {
      if (order === 0) return [{ at: own.round(place), weight: own.fill(1, []) }];
      const low = own.floor(place);
      const share = subtract(place, low);
      return [
        { at: low, weight: subtract(1, share) },
        { at: add(low, 1), weight: share },
      ];
    });
    const corners = nodes.reduce<{ at: Tensor; weight: Tensor }[][]>(
      (all, list) => all.flatMap((corner) => list.map((node) => [...corner, node])),
      [[]],
    );
    const values = corners.map((corner) => {
      const cell = corner.reduce<Tensor>(
        (sum, { at }, axis) => add(multiply(sum, inputs.shape[axis]), broughtBack(at, inputs.shape[axis], fillMode)),
        own.fill(0, rest),
      );
      const weight = corner.map((one) => one.weight).reduce((a, b) => multiply(a, b));
      const value = own.take(inputs, cell);
      if (fillMode !== "constant") return multiply(weight, value);
      const isInside = corner
        .map(({ at }, axis) => multiply(own.greaterEqual(at, 0), own.greater(inputs.shape[axis], at)))
        .reduce((a, b) => multiply(a, b));
      return multiply(weight, own.where(isInside, value, fillValue));
    });
    return values.reduce((a, b) => add(a, b));
  },
  ["fillMode", "fillValue"],
  1,
);
