/** Ctrl-C while training, and going on from there. */
import { once } from "node:events";
import { appendFileSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { loadModel } from "../../src/index.ts";
import { readZip } from "../../src/saving/zip.ts";
import { buildPackage, type Finished, finished, start } from "./run.ts";

let folder: string;
const rhyton = (...args: readonly string[]): Promise<Finished> => finished(start(folder, ...args));
beforeAll(() => {
  folder = buildPackage();
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Runs until an epoch (the second) has begun, presses Ctrl-C, and waits for the end. */
async function stopped(
  signals: readonly NodeJS.Signals[],
  ...given: readonly [{ readonly epoch: number }, ...string[]] | readonly string[]
): Promise<Finished> {
  const [first, ...rest] = given;
  const [epoch, args] = typeof first === "object" ? [first.epoch, rest as string[]] : [2, given as string[]];
  const begun = `Epoch ${epoch}/`;
  const child = start(folder, ...args);
  const end = finished(child);
  for (let said = ""; !said.includes(begun); ) {
    const [text] = await Promise.race([once(child.stderr as NodeJS.ReadableStream, "data"), end.then(() => [begun])]);
    said += text;
  }
  await new Promise((resolve) => setTimeout(resolve, 200));
  for (const signal of signals) {
    child.kill(signal);
    // At the same instant they would be one.
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return end;
}

/** Everything that a training leaves in the file of its model. */
async function contentOf(file: string) {
  const model = await loadModel(join(folder, file));
  const slots = model.optimizer.variables.map((v) => [...(v.value ?? [])]);
  return { weights: model.getWeights().map((w) => [...w.data]), slots, state: model.trainingState() };
}

/** The file of weights in that of a model, optimizer included. */
const weightsIn = (model: Uint8Array): Uint8Array | undefined => readZip(model, "model.keras").get("model.weights.h5");

const history = (run: string): string => readFileSync(join(folder, run, "history.csv"), "utf8");
// Long epochs of small steps, so that a signal meets the middle of one.
const few = ["--limit", "5000", "--epochs", "3", "--batch-size", "1", "--seed", "5"];

// Three trainings, each in a process of its own: long on a machine that has other work.
describe("a training stopped by Ctrl-C and resumed ends in the bits of one left alone", { timeout: 240_000 }, () => {
  test("the autoencoder, on other threads", async () => {
    expect((await rhyton("train", ...few, "--out", "alone", "--threads", "2")).code).toBe(0);
    // npm hands on what the terminal has sent already: two signals are still one key.
    const { code, stdout, stderr } = await stopped(["SIGINT", "SIGINT"], "train", ...few, "--out", "cut");
    expect(code, stderr).toBe(130);
    expect(stdout.trimEnd().split("\n")).toHaveLength(4);
    // In the middle of the epoch; on a machine that is very busy it may not have begun.
    expect(stderr).toMatch(/Stopped in epoch 2 of 3, after \d+ steps? of it\. What was learnt is kept\.\n/);
    expect(stderr).toContain("\nGo on with: rhyton train --resume cut\n");
    expect(history("cut")).toMatch(/^epoch,loss,val_loss\r\n0,.*\r\n$/);

    const resumed = await rhyton("train", "--resume", "cut", "--threads", "1");
    expect(resumed.code, resumed.stderr).toBe(0);
    expect(await contentOf("cut/autoencoder.keras")).toEqual(await contentOf("alone/autoencoder.keras"));
    expect(history("cut")).toBe(history("alone"));
    const picture = (run: string) => readFileSync(join(folder, run, "reconstructions.png"));
    expect(picture("cut").equals(picture("alone"))).toBe(true);
    expect(readdirSync(join(folder, "cut")).sort()).toEqual(readdirSync(join(folder, "alone")).sort());
    expect(JSON.parse(readFileSync(join(folder, "cut/settings.json"), "utf8"))).toMatchObject({
      settings: { data: "digits", epochs: 3, batchSize: 1, seed: 5, limit: 5000, threads: 1 },
      fromEpoch: 1,
      stopped: false,
      epochsDone: 3,
    });
  });

  test("a model of one's own, by SIGTERM; then for one more epoch", async () => {
    const module = `import { dense, dropout, flatten, input, sequential } from "./dist/index.js";
      const made = sequential([input([28, 28, 1]), flatten(), dropout(0.2), dense(10, { activation: "softmax" })], { seed: 2 });
      made.compile({ optimizer: "adam", loss: "sparse_categorical_crossentropy", metrics: ["accuracy"] });
      export default made;`;
    writeFileSync(join(folder, "own.mjs"), module);
    const own = ["train", "--model", "own.mjs", "--batch-size", "1", "--limit", "6000"];
    expect((await rhyton(...own, "--epochs", "3", "--out", "whole")).code).toBe(0);
    const { code, stderr } = await stopped(["SIGTERM"], ...own, "--epochs", "2", "--out", "parts");
    expect(code, stderr).toBe(143);
    expect((await rhyton("train", "--resume", "parts")).code).toBe(0);
    expect((await rhyton("train", "--resume", "parts", "--epochs", "3")).code).toBe(0);
    expect(await contentOf("parts/model.keras")).toEqual(await contentOf("whole/model.keras"));
    expect(history("parts")).toBe(history("whole"));
  });
});

describe("a training whose process was killed goes on from the end of an epoch", { timeout: 240_000 }, () => {
  const module = `import { conv2d, Layer, ops, sequential } from "./dist/index.js";
    class Scale extends Layer {
      build() { this.scale = this.addWeight("scale", [], "ones"); }
      call(x) { return ops.multiply(x, this.read(this.scale)); }
    }
    const same = { padding: "same", activation: "sigmoid" };
    const squares = (target, prediction) => ops.square(ops.subtract(target, prediction));
    export default ({ seed }) => {
      const made = sequential([new Scale(), conv2d(4, 3, same), conv2d(1, 3, same)], { seed });
      made.compile({ optimizer: "adam", loss: squares });
      return made;
    };`;
  const small = ["--limit", "3000", "--epochs", "3", "--batch-size", "1", "--seed", "4", "--threads", "1"];

  test("to the same bits, from the first epoch and from a later one, with layers and losses of one's own", async () => {
    writeFileSync(join(folder, "killed.mjs"), module);
    const own = ["train", "--model", "killed.mjs", ...small];
    const whole = await rhyton(...own, "--out", "unkilled");
    expect(whole.code, whole.stderr).toBe(0);
    for (const epoch of [1, 2]) {
      const run = `killed-${epoch}`;
      expect((await stopped(["SIGKILL"], { epoch }, ...own, "--out", run)).code).toBe(null);
      // As if it had been killed between the losses of an epoch and its model.
      if (epoch === 2) appendFileSync(join(folder, run, "history.csv"), "2,0.5,0.5\r\n");
      const resumed = await rhyton("train", "--resume", run);
      expect(resumed.code, resumed.stderr).toBe(0);
      expect(JSON.parse(readFileSync(join(folder, run, "settings.json"), "utf8")).fromEpoch).toBeGreaterThanOrEqual(
        epoch - 1,
      );
      expect(history(run)).toBe(history("unkilled"));
      const bytes = (of: string): Buffer => readFileSync(join(folder, of, "model.keras"));
      expect(weightsIn(bytes(run))).toEqual(weightsIn(bytes("unkilled")));
    }
  });

  test("a module that has moved is given anew", async () => {
    writeFileSync(join(folder, "moved.mjs"), module);
    rmSync(join(folder, "killed.mjs"));
    const go = ["train", "--resume", "unkilled", "--epochs", "4"];
    expect((await rhyton(...go)).stderr).toContain("killed.mjs: the file does not exist");
    const { code, stderr } = await rhyton(...go, "--model", "moved.mjs");
    expect(code, stderr).toBe(0);
    const wrong = await rhyton(...go, "--model", "unkilled/model.keras");
    expect(wrong.stderr).toContain("--model beside --resume is the module that made the model");
  });
});

test("what cannot be resumed is told", async () => {
  const expectError = async (code: number, message: string, ...args: readonly string[]): Promise<void> => {
    const got = await rhyton("train", "--resume", ...args);
    expect(got.stderr).toContain(`error: ${message}`);
    expect(got.code).toBe(code);
  };
  const done = "has done its 1 epoch.\nGive more in all to go on: --epochs 11.\n";
  await rhyton("train", "--limit", "8", "--epochs", "1", "--out", "short");
  await expectError(2, `short ${done}`, "short");
  await expectError(2, "--seed cannot be given with --resume", "short", "--seed", "4");
  await expectError(2, "--out cannot be given with --resume", "short", "--out", "other");
  await expectError(1, "none/settings.json: the directory none does not exist", "none");
  const settings = (text: string): void => writeFileSync(join(folder, "short/settings.json"), text);
  settings("{");
  await expectError(1, "short/settings.json: it is no JSON. Give the folder that a rhyton train left.", "short");
  settings('{"settings": {"data": "digits", "epochs": 1e99, "batchSize": 0}}');
  await expectError(1, "short/settings.json: a number of its settings is missing", "short");
});
