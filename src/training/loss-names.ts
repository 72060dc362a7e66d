/** Losses by the names Keras knows them under. */
import { argumentError, unknownName } from "../core/errors.ts";
import type { Tensor } from "../graph/tensor.ts";
import type { LabelRule } from "./labels.ts";
import { type Loss, type LossFunction, loss, makers } from "./loss.ts";
import { categoricalHinge, dice, hinge, squaredHinge, tversky } from "./losses-margin.ts";
import {
  binaryCrossentropy,
  binaryFocalCrossentropy,
  categoricalCrossentropy,
  categoricalFocalCrossentropy,
  klDivergence,
  sparseCategoricalCrossentropy,
} from "./losses-probability.ts";
import {
  cosineSimilarity,
  huber,
  logCosh,
  meanAbsoluteError,
  meanAbsolutePercentageError,
  meanSquaredError,
  meanSquaredLogarithmicError,
  poisson,
} from "./losses-regression.ts";

import { shownNames } from "./options.ts";

type Shaped = Pick<Tensor, "shape">;

/** Which of the three accuracies or cross-entropies a short name means for these shapes, as Keras chooses. */
export function kindOf(target: Shaped, prediction: Shaped): "binary" | "sparse" | "categorical" {
  const last = (x: Shaped) => x.shape[x.shape.length - 1] ?? 1;
  if (last(prediction) === 1) return "binary";
  return target.shape.length < prediction.shape.length || last(target) === 1 ? "sparse" : "categorical";
}

/** `"crossentropy"`: chosen when target and prediction are known. */
function crossentropy(): Loss {
  const choices = {
    binary: binaryCrossentropy(),
    sparse: sparseCategoricalCrossentropy(),
    categorical: categoricalCrossentropy(),
  };
  const call: LossFunction = (target, prediction) => choices[kindOf(target, prediction)].call(target, prediction);
  const labels: LabelRule = (target, prediction) =>
    choices[kindOf({ shape: target }, { shape: prediction })].labels?.(target, prediction);
  return { ...loss("crossentropy", "crossentropy", "crossentropy", call), labels };
}

/** Every loss by the names Keras knows it under; the first is its own. */
const named = [
  { make: meanSquaredError, names: ["mean_squared_error", "mse", "MSE", "MeanSquaredError"] },
  { make: meanAbsoluteError, names: ["mean_absolute_error", "mae", "MAE", "MeanAbsoluteError"] },
  {
    make: meanAbsolutePercentageError,
    names: ["mean_absolute_percentage_error", "mape", "MAPE", "MeanAbsolutePercentageError"],
  },
  {
    make: meanSquaredLogarithmicError,
    names: ["mean_squared_logarithmic_error", "msle", "MSLE", "MeanSquaredLogarithmicError"],
  },
  { make: cosineSimilarity, names: ["cosine_similarity", "CosineSimilarity"] },
  { make: huber, names: ["huber", "Huber"] },
  { make: logCosh, names: ["log_cosh", "LogCosh"] },
  { make: poisson, names: ["poisson", "Poisson"] },
  { make: binaryCrossentropy, names: ["binary_crossentropy", "bce", "BCE", "BinaryCrossentropy"] },
  { make: binaryFocalCrossentropy, names: ["binary_focal_crossentropy", "BinaryFocalCrossentropy"] },
  { make: categoricalCrossentropy, names: ["categorical_crossentropy", "CategoricalCrossentropy"] },
  { make: categoricalFocalCrossentropy, names: ["categorical_focal_crossentropy", "CategoricalFocalCrossentropy"] },
  {
    make: sparseCategoricalCrossentropy,
    names: ["sparse_categorical_crossentropy", "SparseCategoricalCrossentropy"],
  },
  { make: klDivergence, names: ["kl_divergence", "kld", "KLD", "KLDivergence"] },
  { make: hinge, names: ["hinge", "Hinge"] },
  { make: squaredHinge, names: ["squared_hinge", "SquaredHinge"] },
  { make: categoricalHinge, names: ["categorical_hinge", "CategoricalHinge"] },
  { make: dice, names: ["dice", "Dice"] },
  { make: tversky, names: ["tversky", "Tversky"] },
  { make: crossentropy, names: ["crossentropy", "ce"] },
] as const;

/** The name of a loss, as Keras spells it. */
export type LossName = (typeof named)[number]["names"][number];

/** What stands for a loss. */
export type LossLike = LossName | Loss | LossFunction;

/** The loss that a name, an object or a function of one's own stands for. */
export function resolveLoss(given: LossLike, where: string): Loss {
  if (typeof given === "function") {
    const make = makers.get(given);
    return make ? make() : loss(where, given.name || "loss", given.name || "loss", given);
  }
  if (typeof given === "string") {
    const entry = named.find(({ names }) => (names as readonly string[]).includes(given));
    if (entry) return entry.make();
    throw unknownName({ where, what: "loss", name: given, choices: shownNames(named) });
  }
  if (typeof given?.call !== "function") {
    const expected = "the name of a loss, a loss, or a function (target, prediction) => tensor";
    throw argumentError({
      where,
      argument: "loss",
      value: given,
      expected,
      fix: `The names are ${shownNames(named).join(", ")}.`,
    });
  }
  return given;
}
