/** Explanations as Markdown: tables of facts, drawings in code blocks. */
import { memory, thousands } from "../layers/summary.ts";
import type { LayerExplanation } from "./layer.ts";
import type { ModelExplanation } from "./model.ts";
import { costWords, drawing, fieldText, gridText, layerTitle, modelTitle } from "./text.ts";
import { alike, axisFacts, flowWords } from "./words.ts";

const escaped = (text: string): string => text.replaceAll("|", "\\|");

const row = (...cells: readonly string[]): string => `| ${cells.map(escaped).join(" | ")} |`;

const block = (lines: readonly string[]): string[] => ["```", ...lines, "```", ""];

/** @param level - of the heading: 1 is the largest. */
export function layerMarkdown(layer: LayerExplanation, level = 1): string[] {
  const lines = [`${"#".repeat(level)} ${layerTitle(layer)}`, "", `${costWords(layer.cost)}.`, ""];
  const picture = gridText(layer.axes);
  for (const { names, axis } of alike(layer.axes)) {
    lines.push(row(names, `${axis.input} → ${axis.output}`), row("---", "---"));
    lines.push(...axisFacts(axis).map(([title, words]) => row(title, words)), "");
    if (picture.length === 0) lines.push(...block(drawing(axis)));
  }
  if (picture.length > 0) lines.push(...block(picture));
  for (const field of layer.fields) lines.push(...block(fieldText(field)));
  return lines;
}

export function modelMarkdown(model: ModelExplanation): string[] {
  const { layers, cost, mirror, fields } = model;
  return [
    `# ${modelTitle(model)}`,
    "",
    ...(mirror === undefined ? [] : [`To restore its sizes: ${mirror.advice}.`, ""]),
    row("Layer", "Shape", "Multiply-adds", "Parameters", "Weights", "Output of a sample"),
    row("---", "---", "---:", "---:", "---:", "---:"),
    ...[...layers, { ...model, name: "Together", cost }].map((part) =>
      row(
        part.name,
        flowWords(part.inputs, part.outputs),
        thousands(part.cost.multiplyAdds),
        thousands(part.cost.parameters),
        memory(part.cost.weightBytes),
        memory(part.cost.outputBytes),
      ),
    ),
    "",
    ...layers.filter(({ axes }) => axes.length > 0).flatMap((layer) => layerMarkdown(layer, 2)),
    ...fields.flatMap((field) => block(fieldText(field))),
  ];
}
