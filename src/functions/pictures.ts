/** What functions of pictures have in common: where height, width and channels lie, and batches of one. */
import { showShape } from "../core/array.ts";
import { shapeError } from "../core/errors.ts";
import type { Tensor } from "../graph/tensor.ts";
import type { DataFormat } from "../layers/options.ts";
import { checkFormat } from "../layers/spatial.ts";
import * as own from "../ops/index.ts";
import { rankOf } from "./axes.ts";

export interface FormatOption {
  /** Default "channels_last". */
  readonly dataFormat?: DataFormat | null;
}

/** Where the axes of a picture lie among those of the tensor itself. */
export function axesOf(name: string, x: Tensor, dataFormat: DataFormat | null | undefined) {
  const where = `ops.image.${name}`;
  if (rankOf(x) !== 3 && rankOf(x) !== 4) {
    throw shapeError({
      where,
      got: showShape(x.shape, x.perSample),
      expected: "a picture of three axes, or a batch of them",
      fix: "Add the axis of the channels with expandDims.",
    });
  }
  const first = x.shape.length - 3;
  if (first < 0)
    throw shapeError({
      where,
      got: showShape(x.shape, true),
      expected: "height, width and channels besides the batch",
      fix: "Add the axis of the channels with expandDims.",
    });
  const isFirst = checkFormat(where, dataFormat ?? undefined) === "channels_first";
  return {
    where,
    height: first + (isFirst ? 1 : 0),
    width: first + (isFirst ? 2 : 1),
    channels: first + (isFirst ? 0 : 2),
  };
}

/** `f` of a batch, for one picture too; a picture has so many axes. */
export function asBatch(x: Tensor, f: (x: Tensor) => Tensor, axes = 3): Tensor {
  if (x.perSample || x.shape.length === axes + 1) return f(x);
  const y = f(own.reshape(x, [1, ...x.shape]));
  return own.reshape(y, y.shape.slice(1));
}
