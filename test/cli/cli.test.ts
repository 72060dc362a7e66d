import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { encode } from "fast-png";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { makeAutoencoder } from "../../src/cli/autoencoder.ts";
import { readNpy, writeNpy } from "../../src/data/npy.ts";
import { decodeGray } from "../../src/data/png.ts";
import { dense, flatten, input, model, sequential } from "../../src/index.ts";
import { buildPackage, type Finished, finished, start } from "./run.ts";

let folder: string;
const rhyton = (...args: readonly string[]): Promise<Finished> => finished(start(folder, ...args));
const inRun = (name: string): string => join(folder, "run", name);
const modelFile = (): string => inRun("autoencoder.keras");

/** A failure: one line that says what, where it was wrong usage one line that says what to do, and no stack. */
async function expectError(code: number, message: string, ...args: readonly string[]): Promise<string> {
  const { stdout, stderr, code: got } = await rhyton(...args);
  expect(stderr).toContain(`error: ${message}`);
  expect(stderr.trimEnd().split("\n"), stderr).toHaveLength(code === 2 ? 2 : 1);
  expect(stdout).toBe("");
  expect(got).toBe(code);
  return stderr;
}

let trained: Finished;
beforeAll(async () => {
  folder = buildPackage();
  trained = await rhyton("train", "--limit", "256", "--epochs", "1", "--out", "run", "--seed", "7", "--threads", "2");
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("wrong usage ends with code 2 and says what was meant", () => {
  test.concurrent.each([
    ["unknown command 'trian'\nDid you mean train?", "trian"],
    ["unknown command 'sumary'\nDid you mean summary?", "help", "sumary"],
    ["unknown option '--epoch'\nDid you mean --epochs? See rhyton train --help.", "train", "--epoch", "3"],
    ["too many arguments for 'train'. Expected 0 arguments but got 1.", "train", "mnist"],
    [
      "option '--data <set>' argument 'mnits' is invalid\nDid you mean mnist? Known: digits, mnist, a folder of PNG files, or x.npy,y.npy with --model.",
      "train",
      "--data",
      "mnits",
    ],
    [
      "option '--epochs <n>' argument '0' is invalid\nExpected a whole number from 1 to 1000000.",
      "train",
      "--epochs",
      "0",
    ],
    [
      "option '--batch-size <n>' argument '1.5' is invalid\nExpected a whole number from 1 to 60000.",
      "train",
      "--batch-size",
      "1.5",
    ],
    [
      "option '--seed <n>' argument '-1' is invalid\nExpected a whole number from 0 to 4294967295.",
      "train",
      "--seed",
      "-1",
    ],
    [
      "option '--threads <n>' argument '65' is invalid\nExpected a whole number from 1 to 64.",
      "train",
      "--threads",
      "65",
    ],
    [
      "option '--limit <n>' argument 'all' is invalid\nExpected a whole number from 1 to 1000000000.",
      "train",
      "--limit",
      "all",
    ],
    ["--limit is 6001, and digits has 6000 samples to train on.\nGive fewer.", "train", "--limit", "6001"],
    ["missing required argument 'model'\nUsage: rhyton summary [options] <model>.", "summary"],
    ["required option '--stage <stage>' not specified", "show", "a.keras"],
    [
      "option '--stage <stage>' argument 'kernel' is invalid\nDid you mean kernels?",
      "show",
      "a.keras",
      "--stage",
      "kernel",
    ],
    ["required option '--output <file>' not specified", "predict", "a.keras", "--input", "x.npy"],
  ])("%s", async (message, ...args) => {
    await expectError(2, message, ...args);
  });

  test("no command at all shows the help", async () => {
    const { code, stdout, stderr } = await rhyton();
    expect(code).toBe(2);
    expect(stdout).toBe("");
    expect(stderr).toContain("Usage: rhyton [options] [command]");
  });
});

describe("help and version", () => {
  test.concurrent.each(["train", "evaluate", "predict", "summary", "show", "doctor", "completion", "help"])(
    "%s has an example",
    async (command) => {
      const { code, stdout, stderr } = await rhyton(command, "--help");
      expect(code).toBe(0);
      expect(stdout).toContain(`Usage: rhyton ${command}`);
      expect(stdout).toMatch(new RegExp(`Examples?:\n {2}\\$ rhyton ${command}`));
      expect(stderr).toBe("");
    },
  );

  test("predict says what becomes of values, and train what of a run that is there", async () => {
    const { stdout } = await rhyton("predict", "--help");
    expect(stdout).toContain("Values are used as they are");
    expect(stdout).toContain("np.save");
    expect((await rhyton("train", "--help")).stdout.replace(/\s+/g, " ")).toContain("is never overwritten");
  });

  test("the program lists its commands and tells its version", async () => {
    const { stdout } = await rhyton("--help");
    for (const command of ["train", "evaluate", "predict", "summary", "show", "doctor", "completion", "help"])
      expect(stdout).toContain(`  ${command} `);
    const { version } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
    expect((await rhyton("--version")).stdout).toBe(`${version}\n`);
  });
});

const files = ["autoencoder.keras", "history.csv", "reconstructions.png", "settings.json"];

describe("train", () => {
  test("leaves four files and prints their paths", () => {
    expect(trained.code, trained.stderr).toBe(0);
    expect(readdirSync(join(folder, "run")).sort()).toEqual(files);
    expect(trained.stdout.trimEnd().split("\n").sort()).toEqual(files.map((name) => join("run", name)));
    expect(trained.stderr).toMatch(
      /^2\/2 - \d+s - .+\/step - loss: 0\.\d{4} - val_loss: 0\.\d{4}\nNext: look at run\/recon[^\n]+\n$/,
    );
  });

  test("the files hold what they should", () => {
    const settings = JSON.parse(readFileSync(inRun("settings.json"), "utf8"));
    expect(settings).toMatchObject({
      settings: { data: "digits", epochs: 1, batchSize: 128, seed: 7, limit: 256, threads: 2 },
      samples: { train: 256, test: 1000 },
      versions: { node: process.versions.node },
      stopped: false,
      epochsDone: 1,
    });
    const { all, loading, training, saving, epochs } = settings.seconds;
    expect(loading + training + saving).toBeCloseTo(all, 5);
    expect(epochs).toHaveLength(1);
    expect(epochs[0]).toBeLessThanOrEqual(training);
    expect(Date.parse(settings.finished) - Date.parse(settings.started)).toBeCloseTo(all * 1000, -1);
    const { loss, val_loss } = settings.losses;
    expect(readFileSync(inRun("history.csv"), "utf8")).toBe(`epoch,loss,val_loss\r\n0,${loss},${val_loss}\r\n`);
    const { width, height } = decodeGray(readFileSync(inRun("reconstructions.png")));
    expect(width).toBeGreaterThan(1000);
    expect(height).toBeGreaterThan(200);
  });

  test("never writes over a run", async () => {
    const before = readFileSync(inRun("settings.json"), "utf8");
    const message =
      "run: it already holds history.csv. Choose another folder with --out, or go on with it: --resume run.";
    await expectError(1, message, "train", "--limit", "1", "--out", "run");
    expect(readFileSync(inRun("settings.json"), "utf8")).toBe(before);
  });

  test("without --out makes a new folder in runs; the seed decides the losses, not the threads", async () => {
    const { stdout } = await rhyton("train", "--limit", "256", "--epochs", "1", "--seed", "7", "--threads", "1");
    expect(stdout).toMatch(/^(runs\/\d{4}(-\d\d){5}\/[a-z]+\.[a-z]+\n){4}$/);
    const history = stdout.split("\n").find((path) => path.endsWith(".csv")) as string;
    expect(readFileSync(join(folder, history), "utf8")).toBe(readFileSync(inRun("history.csv"), "utf8"));
  });
});

describe("pictures of one's own", () => {
  const values = (length: number) => Uint8Array.from({ length }, (_, i) => (i * 37) % 256);
  const save = (name: string, width: number, height: number, channels: number): void => {
    mkdirSync(join(folder, name), { recursive: true });
    for (const file of ["a", "b", "c"]) {
      const data = values(width * height * channels);
      writeFileSync(join(folder, name, `${file}.png`), encode({ data, width, height, channels }));
    }
  };
  const losses = (run: string): string => readFileSync(join(folder, run, "history.csv"), "utf8");

  test("a folder of any size and of colours trains, goes on, and is judged and answered", async () => {
    save("colours", 21, 10, 3);
    const settings = ["--data", "colours", "--batch-size", "2", "--threads", "1"];
    const first = await rhyton("train", ...settings, "--epochs", "1", "--out", "coloured");
    expect(first.code, first.stderr).toBe(0);
    const paths = files.map((name) => join("coloured", name)).sort();
    expect(first.stdout.trimEnd().split("\n").sort()).toEqual(paths);
    expect(decodeGray(readFileSync(join(folder, "coloured/reconstructions.png"))).width).toBeGreaterThan(150);
    expect((await rhyton("train", "--resume", "coloured", "--epochs", "2")).code).toBe(0);
    await rhyton("train", ...settings, "--epochs", "2", "--out", "at-once");
    expect(losses("coloured")).toBe(losses("at-once"));

    const model = "coloured/autoencoder.keras";
    expect((await rhyton("evaluate", model, "--data", "colours")).stdout).toMatch(/^loss 0\.\d+\n$/);
    await rhyton("predict", model, "--input", "colours", "--output", "colours.npy");
    expect(readNpy(readFileSync(join(folder, "colours.npy"))).shape).toEqual([3, 10, 21, 3]);
  });

  test.each([
    [16, 24],
    [28, 20],
    [12, 16],
    [1, 3],
  ])("the autoencoder answers %i × %i", (height, width) => {
    const { autoencoder, encoder } = makeAutoencoder(1, [height, width, 1]);
    expect(autoencoder.network.outputs[0].shape).toEqual([height, width, 1]);
    expect(encoder.network.outputs[0].shape).toEqual([Math.ceil(height / 8), Math.ceil(width / 8), 8]);
  });

  test("what does not fit is told", async () => {
    save("wide", 8, 4, 1);
    await expectError(2, "the pictures have the shape (4, 8, 1)", "evaluate", modelFile(), "--data", "wide");
    save("mixed", 8, 8, 1);
    writeFileSync(join(folder, "mixed/d.png"), encode({ data: values(64), width: 16, height: 4, channels: 1 }));
    await expectError(1, "mixed/d.png: got 16 × 4 pixels in gray", "train", "--data", "mixed");
    mkdirSync(join(folder, "empty"));
    await expectError(1, "pictures(): the folder has no PNG files", "train", "--data", "empty");
    const net = sequential([input([4, 8, 1]), flatten(), dense(10)]);
    net.compile({ loss: "mse" });
    writeFileSync(join(folder, "chooser.keras"), await net.toBytes());
    await expectError(2, "nothing says what the pictures", "evaluate", "chooser.keras", "--data", "wide");
  });
});

describe("models of one's own", () => {
  const file = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text);
    return name;
  };
  const source = (body: string): string =>
    `import { dense, flatten, input, sequential } from "./dist/index.js";\n${body}`;
  const classifier = source(
    `export default ({ seed }) => {
      const made = sequential([input([28, 28, 1]), flatten(), dense(10, { activation: "softmax" })], { seed });
      made.compile({ optimizer: "adam", loss: "sparse_categorical_crossentropy", metrics: ["accuracy"] });
      return made;
    };`,
  );
  const few = ["--limit", "200", "--epochs", "1", "--seed", "3", "--threads", "1"];

  test("a module trains, its file goes on, and evaluate judges it", async () => {
    const module = file("classifier.mjs", classifier);
    const first = await rhyton("train", "--model", module, ...few, "--out", "own");
    expect(first.code, first.stderr).toBe(0);
    const paths = ["history.csv", "model.keras", "settings.json"].map((name) => join("own", name));
    expect(first.stdout.trimEnd().split("\n")).toEqual(paths);
    const second = await rhyton("train", "--model", "own/model.keras", ...few, "--out", "more");
    expect(second.code, second.stderr).toBe(0);
    expect(readFileSync(join(folder, "more/history.csv"), "utf8")).toMatch(/\r\n1,0\.\d+/);
    const { stdout, code, stderr } = await rhyton("evaluate", "more/model.keras", "--data", "digits");
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toMatch(/^loss \d\.\d+\naccuracy 0\.\d+\n$/);
  });

  test("a module is summed up, explained and shown, as a file is", async () => {
    const module = file("looked-at.mjs", classifier);
    expect((await rhyton("summary", module)).stdout).toContain("Total params: 7,850");
    expect((await rhyton("explain", module, "--layer", "dense")).stdout).toMatch(/^dense \(Dense\): .*784.*10/);
    expect((await rhyton("show", module, "--stage", "graph")).stdout).toMatch(/^%0 = placeholder/);
  });

  test("evaluate reads .npy, and the autoencoder's digits", async () => {
    const { stdout } = await rhyton("evaluate", modelFile(), "--data", "digits", "--threads", "1");
    const [, loss] = /^loss (0\.\d+)\n$/.exec(stdout) ?? [];
    const { val_loss: expected } = JSON.parse(readFileSync(inRun("settings.json"), "utf8")).losses;
    expect(Number(loss)).toBeCloseTo(expected, 6);
    const x = { data: new Float32Array(784).fill(0.5), shape: [1, 28, 28, 1] };
    writeFileSync(join(folder, "one.npy"), writeNpy(x));
    expect((await rhyton("evaluate", modelFile(), "--data", "one.npy,one.npy")).stdout).toMatch(/^loss \d/);
    for (const unknown of ["one.npy", "foo"]) {
      const message = `option '--data <set>' argument '${unknown}' is invalid\nKnown: digits, mnist, a folder of PNG files, or x.npy,y.npy.`;
      await expectError(2, message, "evaluate", modelFile(), "--data", unknown);
    }
  });

  test("what is no model is told", async () => {
    const train = (name: string) => ["train", "--model", name, ...few, "--out", "none"];
    await expectError(1, "nothing.mjs: the file does not exist", ...train("nothing.mjs"));
    await expectError(1, "three.mjs: it exports no model", ...train(file("three.mjs", "export default 3;")));
    await expectError(1, "throws.mjs: it fails (no luck)", ...train(file("throws.mjs", 'throw new Error("no luck");')));
    const bare = source("export default sequential([input([28, 28, 1]), flatten(), dense(10)]);");
    const uncompiled = await expectError(2, "bare.mjs is not compiled", ...train(file("bare.mjs", bare)));
    expect(uncompiled).toContain(
      "Call compile with the loss that you mean in the module, before the model is handed out.",
    );
    const other = source(
      'const m = sequential([input([5]), dense(10)]); m.compile({ loss: "mse" }); export default m;',
    );
    await expectError(2, "the pictures have the shape (28, 28, 1)", ...train(file("other.mjs", other)));
    if (!(process.features as { readonly typescript?: unknown }).typescript) {
      await expectError(1, "typed.ts: Node", ...train(file("typed.ts", "export default 3 as number;")));
    }
    expect(existsSync(join(folder, "none"))).toBe(false);
  });
});

describe("a model in a file", () => {
  const pictures = (values: (i: number) => number) => ({
    data: Float32Array.from({ length: 3 * 784 }, (_, i) => values(i)),
    shape: [3, 28, 28, 1],
  });
  const write = (name: string, values: (i: number) => number): string => {
    writeFileSync(join(folder, name), writeNpy(pictures(values)));
    return name;
  };

  test("predict reads and writes .npy", async () => {
    const x = write("x.npy", (i) => (i % 11) / 11);
    const { code, stdout, stderr } = await rhyton("predict", modelFile(), "--input", x, "--output", "y.npy");
    expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: "y.npy\n", stderr: "" });
    const y = readNpy(readFileSync(join(folder, "y.npy")));
    expect(y.shape).toEqual([3, 28, 28, 1]);
    expect(y.data.every((value) => value > 0 && value < 1)).toBe(true);
    // Equal samples have equal answers, however they are cut into batches.
    await rhyton("predict", modelFile(), "--input", x, "--output", "z.npy", "--batch-size", "2");
    expect(readNpy(readFileSync(join(folder, "z.npy"))).data).toEqual(y.data);
  });

  test("predict answers for a layer inside, whose name may be misspelt", async () => {
    const x = write("inner.npy", (i) => (i % 7) / 7);
    const ask = (layer: string) => ["predict", modelFile(), "--layer", layer, "--input", x, "--output", "code.npy"];
    expect((await rhyton(...ask("max_pooling2d_2"))).code).toBe(0);
    expect(readNpy(readFileSync(join(folder, "code.npy"))).shape).toEqual([3, 4, 4, 8]);
    const said = await expectError(1, "", ...ask("max_poling2d_2"));
    expect(said).toContain(`Did you mean "max_pooling2d_2"?`);
  });

  test("predict refuses what it cannot use, and writes nothing then", async () => {
    const predict = (input: string) => ["predict", modelFile(), "--input", input, "--output", "none.npy"];
    const nan = write("nan.npy", (i) => (i === 30 ? Number.NaN : 0));
    expect(await expectError(1, "nan.npy: ", ...predict(nan))).toContain("the value at [0, 1, 2, 0] is NaN");
    await expectError(1, "missing.npy: the file does not exist.", ...predict("missing.npy"));
    await expectError(1, "package.json: got the first bytes", ...predict("package.json"));
    await expectError(
      2,
      "--input is given 2 times, and the model has 1 input.\nGive it once.",
      ...predict("a"),
      "--input",
      "b",
    );
    writeFileSync(join(folder, "small.npy"), writeNpy({ data: new Float32Array(4), shape: [1, 2, 2, 1] }));
    await expectError(1, "small.npy: ", ...predict("small.npy"));
    expect(existsSync(join(folder, "none.npy"))).toBe(false);
  });

  test("summary prints Keras' table", async () => {
    const { code, stdout, stderr } = await rhyton("summary", modelFile());
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toContain('Model: "autoencoder"');
    expect(stdout).toContain("│ conv2d_5 (Conv2D)               │ (None, 14, 14, 16)     │         1,168 │");
    expect(stdout).toContain("Trainable params: 4,385");
  });

  test.each([
    ["graph", "%0 = placeholder", "output %"],
    ["gradient", "%0 = placeholder", "update kernel"],
    ["kernels", "stage 0: ", "for i0<"],
    ["wasm", "(module\n", '(import "env" "memory"'],
  ])("show --stage %s", async (stage, begin, within) => {
    const { code, stdout, stderr } = await rhyton("show", modelFile(), "--stage", stage);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout.startsWith(begin)).toBe(true);
    expect(stdout).toContain(within);
    expect(stdout.endsWith("\n")).toBe(true);
  });

  test("show without an optimizer in the file", async () => {
    const x = input([4]);
    await model(x, dense(2)(x)).save(join(folder, "plain.keras"));
    const message = 'functional "functional" show: the model has no optimizer and loss yet.';
    await expectError(1, message, "show", "plain.keras", "--stage", "gradient");
    const { stdout } = await rhyton("show", "plain.keras", "--stage", "kernels");
    expect(stdout).toContain("for i0<");
    expect(stdout).not.toContain("update");
  });

  test("that is missing, or is none", async () => {
    await expectError(1, "nothing.keras: the file does not exist.", "summary", "nothing.keras");
    await expectError(1, "package.json: this is not a .keras file: it looks like JSON.", "summary", "package.json");
    const bytes = readFileSync(modelFile());
    writeFileSync(join(folder, "cut.keras"), bytes.subarray(0, bytes.length / 2));
    await expectError(1, "cut.keras: ", "show", "cut.keras", "--stage", "graph");
  });
});

test("a stack is shown with --debug only", async () => {
  expect((await rhyton("summary", "nothing.keras")).stderr).not.toContain("    at ");
  expect((await rhyton("summary", "nothing.keras", "--debug")).stderr).toContain("    at ");
});
