/** `rhyton predict`: a model's answers for arrays in files. */
import type { Command } from "commander";
import { prefixed } from "../core/errors.ts";
import { pictures } from "../data/datasets.ts";
import {
  loadModel,
  type Model,
  model as modelBetween,
  type NdArray,
  RhytonError,
  readNpy,
  writeNpy,
} from "../index.ts";
import { readFile, writeFileAtomic } from "../saving/atomic.ts";
import { several, wholeNumber } from "./options.ts";
import { answer, example, UsageError } from "./program.ts";
import { isFolder } from "./samples.ts";

interface PredictOptions {
  readonly input: readonly string[];
  readonly output: readonly string[];
  readonly batchSize: number;
  readonly layer?: string;
}

export function addPredict(program: Command): void {
  program
    .command("predict")
    .summary("run a model on NumPy files or pictures")
    .description("Run a model on NumPy files, or on a folder of PNG files; samples lie on the first axis.")
    .argument("<model>", "a .keras file")
    .requiredOption(
      "--input <file>",
      "a .npy file or a folder of PNG files; once for each input of the model, in order",
      several,
    )
    .requiredOption("--output <file>", "where the answer goes, as .npy; once for each output", several)
    .option("--batch-size <n>", "samples at a time", wholeNumber(1, 1_000_000), 32)
    .option("--layer <name>", "what this layer inside answers, instead of the whole model: the code of an autoencoder")
    .addHelpText(
      "after",
      "\nValues are used as they are: a model trained on numbers from 0 to 1 wants bytes (0 to 255) divided by 255 first.\n" +
        "Those of PNG files are, and the pictures come in the order of their names.\n" +
        'A .npy file comes from NumPy, np.save("x.npy", x.astype("float32")), or from writeNpy of rhyton.\n' +
        example(
          "rhyton predict autoencoder.keras --input x.npy --output y.npy",
          "rhyton predict autoencoder.keras --layer max_pooling2d_2 --input x.npy --output codes.npy",
        ),
    )
    .action(predict);
}

async function predict(path: string, options: PredictOptions, command: Command): Promise<void> {
  const { input, output, batchSize, layer } = options;
  const whole = await loadModel(path, { compile: false });
  const model = layer === undefined ? whole : upTo(whole, layer);
  checkCount("input", input, model.network.inputs.length);
  checkCount("output", output, model.network.outputs.length);
  const arrays: NdArray[] = [];
  for (const path of input) {
    arrays.push((await isFolder(path)) ? (await pictures(path)).images : readNpy(await readFile(path), path));
  }
  const answers = await model.predict(arrays, { batchSize }).catch((error: unknown) => {
    if (!(error instanceof RhytonError && error.code.startsWith("data"))) throw error;
    throw prefixed(input.join(", "), error);
  });
  const byKey = answers as unknown as Readonly<Record<string, NdArray<Float32Array>>>;
  const outputs = model.outputKeys?.map((key) => byKey[key]) ?? [answers].flat();
  for (const [i, array] of outputs.entries()) await writeFileAtomic(output[i], writeNpy(array));
  const files = outputs.map(({ shape }, i) => ({ path: output[i], shape }));
  answer(command, { files }, files.map((file) => `${file.path}\n`).join(""));
}

/** The model from the inputs to a layer inside, at its last call; the weights are shared. */
function upTo(whole: Model, name: string): Model {
  const layer = whole.getLayer(name);
  const { inputs, nodes } = whole.network;
  const call = nodes.filter((node) => node.operation === layer).at(-1);
  return modelBetween(inputs, call?.outputs ?? []) as unknown as Model;
}

function checkCount(option: string, files: readonly string[], expected: number): void {
  if (files.length === expected) return;
  const times = (n: number) => (n === 1 ? "once" : `${n} times`);
  throw new UsageError(
    `--${option} is given ${times(files.length)}, and the model has ${expected} ${option}${expected === 1 ? "" : "s"}.`,
    `Give it ${times(expected)}.`,
  );
}
