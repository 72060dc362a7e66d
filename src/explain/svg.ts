/** Explanations as a drawing: pictures in two dimensions, signals and volumes axis by axis. */
import type { FieldExplanation } from "./fields.ts";
import type { LayerExplanation } from "./layer.ts";
import type { ModelExplanation } from "./model.ts";
import { gridPanels } from "./svg-grid.ts";
import { type Panel, stacked, words } from "./svg-parts.ts";
import { stripOf } from "./svg-strip.ts";
import { fieldText, layerTitle, modelTitle } from "./text.ts";
import { alike, edgeTitle, edgeWords } from "./words.ts";

const fieldPanel = (field: FieldExplanation): Panel => words(fieldText(field), "mono");

function layerPanels(layer: LayerExplanation): Panel[] {
  const picture = gridPanels(layer.axes);
  const axes = alike(layer.axes).flatMap(({ names, axis }) => [
    words([`${names}: ${axis.input} → ${axis.output}`, axis.formula, `${edgeTitle(axis)}: ${edgeWords(axis)}`]),
    ...(picture.length > 0 ? [] : [stripOf(axis)]),
  ]);
  return [words([layerTitle(layer)], "title"), ...axes, ...picture, ...layer.fields.map(fieldPanel)];
}

export const layerSvg = (layer: LayerExplanation): string => stacked(layerPanels(layer), layerTitle(layer));

export const modelSvg = (model: ModelExplanation): string =>
  stacked(
    [
      words([modelTitle(model), ...(model.mirror ? [model.mirror.advice] : [])], "title"),
      ...model.layers.flatMap(layerPanels),
      ...model.fields.map(fieldPanel),
    ],
    modelTitle(model),
  );
