/** `rhyton explain`: what a layer, or every layer of a model, does to sizes: padding, windows, receptive fields, costs. */
import { existsSync } from "node:fs";
import type { Command } from "commander";
import { InvalidArgumentError, Option } from "commander";
import { RhytonError } from "../core/errors.ts";
import { type Cell, type ExplainFormat, type ExplainOptions, explain, explainFormats } from "../index.ts";
import { whereOf } from "../layers/options.ts";
import { windowLayers } from "../layers/registry.ts";
import { guess } from "./guess.ts";
import { openModel } from "./model-file.ts";
import { choice } from "./options.ts";
import { example, UsageError, wantsJson } from "./program.ts";

/** The options that are arguments of layers: the flag, the argument, what it is. */
const layerOptions = [
  ["--filters <n>", "filters", "channels of the result; by default 1"],
  ["--kernel <size>", "kernelSize", "size of a kernel: 3, or 3x5"],
  ["--pool <size>", "poolSize", "size of a pooling window"],
  ["--strides <steps>", "strides", "steps of the window"],
  ["--dilation <rate>", "dilationRate", "distance between the taps of a kernel"],
  ["--padding <kind>", "padding", "valid, same or causal; of zeroPadding cells: 1, or [[1,2],[0,1]]"],
  ["--output-padding <cells>", "outputPadding", "cells that a transposed convolution adds"],
  ["--groups <n>", "groups", "parts of the channels that do not meet"],
  ["--depth-multiplier <n>", "depthMultiplier", "channels that are made of each"],
  ["--size <factor>", "size", "factor of upsampling"],
  ["--interpolation <kind>", "interpolation", "how upsampling makes new cells: nearest, bilinear, …"],
  ["--output-size <size>", "outputSize", "size that adaptive pooling gives"],
  ["--keepdims", "keepdims", "global pooling keeps its axes"],
  ["--cropping <cells>", "cropping", "cells to cut off: 1, or [[1,2],[0,1]]"],
  ["--data-format <order>", "dataFormat", "channels_last or channels_first"],
] as const;

/** What must be given where a layer takes it. */
const needed: readonly string[] = ["kernelSize", "outputSize"];

interface Options {
  readonly format: ExplainFormat;
  readonly input?: readonly (readonly number[])[];
  readonly layer?: string;
  readonly cell?: Cell;
  readonly outputName?: number | string;
  readonly inputCell?: Cell;
  readonly inputName?: number | string;
  readonly [option: string]: unknown;
}

export function addExplain(program: Command): void {
  const command = program
    .command("explain")
    .summary("explain padding, sizes and receptive fields")
    .description("Explain what layers do to sizes: formulas, padding, the cells under each window, costs.")
    .argument("<model>", "a .keras file or a module (.mjs, .ts), or a layer: conv2d, maxPooling2d, …")
    .option("--input <shape>", "shape of the input without the batch: 28x28x1; once for each input", sizes)
    .option("--layer <name>", "explain this layer of a model only; --cell is then a cell of what it gives")
    .addOption(choice("--format <format>", "what to print", explainFormats).default("text"))
    .option("--cell <positions>", "list what a cell of the output depends on: 3,3 (* for all of an axis)", positions)
    .option("--output-name <name>", "the output that --cell belongs to, by name or number (default: the first)", end)
    .option("--input-cell <positions>", "list what a cell of the input has a say in", positions)
    .option("--input-name <name>", "the input that --input-cell belongs to, by name or number", end)
    .optionsGroup("Options of a layer:");
  for (const [flags, , description] of layerOptions) command.addOption(new Option(flags, description));
  command
    .addHelpText(
      "after",
      example(
        "rhyton explain autoencoder.keras --cell 14,14",
        "rhyton explain autoencoder.keras --layer max_pooling2d_2 --cell 0,0",
        "rhyton explain maxPooling2d --input 7x7x8 --pool 2 --padding same",
        "rhyton explain conv2d --input 28x28x1 --kernel 3 --strides 2 --format svg > conv2d.svg",
      ),
    )
    .action(async (name: string, options: Options, own: Command) => {
      const { format, layer: part, cell, outputName: output, inputCell, inputName: input } = options;
      const settings = {
        format: wantsJson(own) ? "json" : format,
        ...given({ layer: part, cell, output, inputCell, input }),
        print: (text: string) => process.stdout.write(`${text}\n`),
      } satisfies ExplainOptions;
      const layer = layerNamed(name);
      if (layer !== undefined) {
        if (part !== undefined) throw new UsageError("--layer is for a model, not for a layer", "Leave it out.");
        const made = layer(options);
        const shapes = needInput(name, options);
        asTyped(() => explain(made, shapes, settings));
        return;
      }
      if (!/\.\w+$/.test(name) && !existsSync(name)) {
        throw new UsageError(`there is no layer with windows or file '${name}'`, guess(name, [...layerNames.keys()]));
      }
      const flag = layerOptions.map(([own]) => own).find((own) => options[camel(own)] !== undefined);
      if (flag !== undefined) throw new UsageError(`${wordOf(flag)} is for a layer, not for a model`, "Leave it out.");
      const model = await openModel(name, { seed: 0 }, { compile: false });
      asTyped(() => explain(model, options.input, settings));
    });
}

/** Without what was not given. */
const given = (values: Readonly<Record<string, unknown>>): Partial<ExplainOptions> =>
  Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));

/** Runs `work`; a cell that there is not is told with the words of the command line, where `*` is what is null in code. */
function asTyped(work: () => void): void {
  try {
    work();
  } catch (error) {
    const { argument, value, expected } = error instanceof RhytonError ? error.details : {};
    if (!Array.isArray(value) || (argument !== "cell" && argument !== "inputCell")) throw error;
    const flag = argument === "cell" ? "--cell" : "--input-cell";
    const given = value.map((position) => position ?? "*").join(",");
    throw new UsageError(
      `option '${flag}' argument '${given}' is invalid`,
      `Expected ${expected}; * for all of an axis.`,
    );
  }
}

/** The layers' functions, `maxPooling2d`, and their classes in Keras. */
const layerNames = new Map([...windowLayers.keys()].map((className) => [whereOf(className, undefined), className]));

/** What makes the layer of that name, however it is spelled: `maxPooling2d`, `MaxPooling2D`, `max_pooling2d`. */
function layerNamed(name: string) {
  const plain = (text: string): string => text.replaceAll("_", "").toLowerCase();
  const own = [...layerNames].find((names) => names.some((n) => plain(n) === plain(name)));
  const record = own && windowLayers.get(own[1]);
  return own && record && ((options: Options) => record.fromConfig(configOf(own[0], record.known, options)));
}

function needInput(name: string, { input }: Options): readonly (readonly number[])[] {
  if (input !== undefined) return input;
  throw new UsageError(`${name} needs --input`, "Give the shape of its input: --input 28x28x1.");
}

/** The arguments of a layer from the options that were given. */
function configOf(layer: string, known: readonly string[], options: Options): Record<string, unknown> {
  const taken = layerOptions.filter(([, argument]) => known.includes(argument));
  const takes = `It takes ${taken.map(([flag]) => wordOf(flag)).join(", ")}.`;
  const given = layerOptions.filter(([flag]) => options[camel(flag)] !== undefined);
  const strange = given.find((option) => !taken.includes(option));
  if (strange !== undefined) throw new UsageError(`${layer} takes no ${wordOf(strange[0])}`, takes);
  const lacking = taken.find((option) => needed.includes(option[1]) && !given.includes(option));
  if (lacking !== undefined) throw new UsageError(`${layer} needs ${wordOf(lacking[0])}`, takes);
  const values = given.map(([flag, argument]) => {
    const value = options[camel(flag)];
    return [argument, typeof value === "string" ? valueIn(wordOf(flag), value) : value] as const;
  });
  return { ...(known.includes("filters") ? { filters: 1 } : {}), ...Object.fromEntries(values) };
}

/** `--output-padding` of `--output-padding <cells>`. */
const wordOf = (flag: string): string => flag.split(" ")[0];

/** `--output-padding <cells>` as commander keeps it: `outputPadding`. */
const camel = (flag: string): string =>
  wordOf(flag)
    .slice(2)
    .replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase());

const isSizes = (text: string): boolean => /^\d+([x×,]\d+)*$/.test(text);
const numbersOf = (text: string): number[] => text.split(/[x×,]/).map(Number);

function sizes(text: string, before: readonly (readonly number[])[] = []): readonly (readonly number[])[] {
  if (isSizes(text)) return [...before, numbersOf(text)];
  throw new InvalidArgumentError("Expected sizes such as 28x28x1.");
}

function positions(text: string): Cell {
  if (/^(\d+|\*)(,(\d+|\*))*$/.test(text)) return text.split(",").map((part) => (part === "*" ? null : Number(part)));
  throw new InvalidArgumentError("Expected positions such as 3,3, or * for all of an axis.");
}

/** An end of a model: `depth`, or the number of it. */
const end = (text: string): number | string => (/^\d+$/.test(text) ? Number(text) : text);

/** `3`, `3x5`, `[[1,2],[0,1]]` or a word; the layer says what suits. */
function valueIn(flag: string, text: string): unknown {
  if (isSizes(text)) {
    const list = numbersOf(text);
    return list.length === 1 ? list[0] : list;
  }
  if (!text.startsWith("[")) return text;
  try {
    return JSON.parse(text);
  } catch {
    throw new UsageError(`option '${flag}' argument '${text}' is invalid`, "Expected numbers such as [[1,2],[0,1]].");
  }
}
