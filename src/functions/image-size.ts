/** Pictures of other sizes: resized, moved, cropped, padded. */
import { argumentError } from "../core/errors.ts";
import type { Tensor } from "../graph/tensor.ts";
import { checkChoice } from "../layers/options.ts";
import { type Interpolation, interpolations, placedMatrix, resizeMatrix } from "../layers/resize.ts";
import { checkSizes } from "../layers/spatial.ts";
import * as own from "../ops/index.ts";
import { type ArrayLike, toNumbers } from "./arrays.ts";
import { ownAxis, rankOf } from "./axes.ts";
import { unary } from "./define.ts";
import { axesOf, type FormatOption } from "./pictures.ts";
import { part } from "./places.ts";

interface ResizeOptions extends FormatOption {
  /** Default "bilinear". */
  readonly interpolation?: Interpolation;
  /** Lets every cell count where pictures become smaller. Default false. */
  readonly antialias?: boolean;
}

/** Pictures of another size, `[height, width]`. */
export const resize = unary(
  "image.resize",
  (
    images: Tensor,
    size: number | readonly number[],
    { interpolation = "bilinear", antialias = false, dataFormat }: ResizeOptions = {},
  ) => {
    const { where, height, width } = axesOf("resize", images, dataFormat);
    checkChoice(where, "interpolation", interpolation, interpolations);
    const sizes = checkSizes(where, "size", size, 2);
    return [height, width].reduce<Tensor>(
      (x, axis, i) =>
        own.contractAxis(x, axis, sizes[i], resizeMatrix(interpolation, x.shape[axis], sizes[i], antialias)),
      images,
    );
  },
  ["interpolation", "antialias", "dataFormat"],
  1,
);

/** The names of a method that Keras has for one, two and three axes. */
const methods = {
  linear: "bilinear",
  bilinear: "bilinear",
  trilinear: "bilinear",
  triangle: "bilinear",
  cubic: "bicubic",
  bicubic: "bicubic",
  tricubic: "bicubic",
  lanczos3: "lanczos3",
  lanczos5: "lanczos5",
} as const;

interface PlacedOptions {
  /** Lets every cell count where pictures become smaller. Default true. */
  readonly antialias?: boolean;
}
/**
 * Pictures resized by `scale` and moved by `translation`, in cells of the result, along the axes `spatialDims`; all other
 * sizes of `outputShape` are those of the pictures, null for the batch. What comes from beyond the edge is 0.
 */
export const scaleAndTranslate = unary(
  "image.scaleAndTranslate",
  (
    images: Tensor,
    outputShape: readonly (number | null)[],
    scale: ArrayLike,
    translation: ArrayLike,
    spatialDims: readonly number[],
    method: keyof typeof methods,
    { antialias = true }: PlacedOptions = {},
  ) => {
    const where = "image.scaleAndTranslate";
    checkChoice(`ops.${where}`, "method", method, Object.keys(methods) as (keyof typeof methods)[]);
    const [scales, moves] = [scale, translation].map((x) => toNumbers(where, x).data);
    const isOne = [scales, moves].every((list) => list.length === spatialDims.length);
    if (!isOne || outputShape.length !== rankOf(images)) {
      throw argumentError({
        where: `ops.${where}`,
        argument: isOne ? "outputShape" : "scale",
        value: isOne ? outputShape : scale,
        expected: isOne
          ? `${rankOf(images)} sizes, one for each axis`
          : `a scale and a translation for each of the axes [${spatialDims.join(", ")}]`,
      });
    }
    return spatialDims.reduce<Tensor>((x, dim, i) => {
      const axis = ownAxis(where, x, dim);
      const size = outputShape.at(dim) as number;
      const matrix = placedMatrix(methods[method], x.shape[axis], size, scales[i], moves[i], antialias);
      return own.contractAxis(x, axis, size, matrix);
    }, images);
  },
  ["antialias"],
  5,
);

// ---- borders ------------------------------------------------------------------------------------------------------

interface Border {
  readonly before: number;
  readonly after: number;
}

/** Two of: cells before, cells after, the size of the result; the third follows. */
function border(
  where: string,
  axis: string,
  size: number,
  given: { readonly before?: number | null; readonly after?: number | null; readonly target?: number | null },
  sign: 1 | -1,
): Border {
  const total = given.target === undefined || given.target === null ? undefined : (given.target - size) * sign;
  const before =
    given.before ??
    (total === undefined || given.after === undefined || given.after === null ? undefined : total - given.after);
  const after = given.after ?? (total === undefined || before === undefined ? undefined : total - before);
  const fits = total === undefined || before === undefined || after === undefined || before + after === total;
  if (
    before === undefined ||
    after === undefined ||
    before < 0 ||
    after < 0 ||
    !fits ||
    (sign < 0 && before + after >= size)
  ) {
    throw argumentError({
      where,
      argument: `the ${axis}`,
      value: [given.before ?? null, given.after ?? null, given.target ?? null],
      expected: `two of three (cells before, cells after, the size that it has then), at least 0, for ${size} cells`,
    });
  }
  return { before, after };
}

interface CropOptions extends FormatOption {
  readonly topCropping?: number | null;
  readonly leftCropping?: number | null;
  readonly bottomCropping?: number | null;
  readonly rightCropping?: number | null;
  readonly targetHeight?: number | null;
  readonly targetWidth?: number | null;
}

/** Pictures without some rows and columns at their edges: for each axis two of before, after and target. */
export const cropImages = unary(
  "image.cropImages",
  (images: Tensor, o: CropOptions = {}) => {
    const { where, height, width } = axesOf("cropImages", images, o.dataFormat);
    const rows = border(
      where,
      "height",
      images.shape[height],
      { before: o.topCropping, after: o.bottomCropping, target: o.targetHeight },
      -1,
    );
    const columns = border(
      where,
      "width",
      images.shape[width],
      { before: o.leftCropping, after: o.rightCropping, target: o.targetWidth },
      -1,
    );
    const cut = (x: Tensor, axis: number, { before, after }: Border): Tensor =>
      part(x, axis, before, x.shape[axis] - before - after);
    return cut(cut(images, height, rows), width, columns);
  },
  ["topCropping", "leftCropping", "bottomCropping", "rightCropping", "targetHeight", "targetWidth", "dataFormat"],
);

interface PadOptions extends FormatOption {
  readonly topPadding?: number | null;
  readonly leftPadding?: number | null;
  readonly bottomPadding?: number | null;
  readonly rightPadding?: number | null;
  readonly targetHeight?: number | null;
  readonly targetWidth?: number | null;
}

/** Pictures with rows and columns of 0 around: for each axis two of before, after and target. */
export const padImages = unary(
  "image.padImages",
  (images: Tensor, o: PadOptions = {}) => {
    const { where, height, width } = axesOf("padImages", images, o.dataFormat);
    const rows = border(
      where,
      "height",
      images.shape[height],
      { before: o.topPadding, after: o.bottomPadding, target: o.targetHeight },
      1,
    );
    const columns = border(
      where,
      "width",
      images.shape[width],
      { before: o.leftPadding, after: o.rightPadding, target: o.targetWidth },
      1,
    );
    const at = (rowCells: number, columnCells: number): number[] =>
      images.shape.map((_, i) => (i === height ? rowCells : i === width ? columnCells : 0));
    return own.pad(images, at(rows.before, columns.before), at(rows.after, columns.after));
  },
  ["topPadding", "leftPadding", "bottomPadding", "rightPadding", "targetHeight", "targetWidth", "dataFormat"],
);
