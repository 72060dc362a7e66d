/** Ctrl-C while training, and going on from there. */
import { once } from "node:events";
import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { loadModel } from "../../src/index.ts";
import { buildPackage, type Finished, finished, start } from "./run.ts";

let folder: string;
const rhyton = (...args: readonly string[]): Promise<Finished> => finished(start(folder, ...args));
beforeAll(() => {
  folder = buildPackage();
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Runs until the second epoch has begun, presses Ctrl-C, and waits for the end. */
async function stopped(signals: readonly NodeJS.Signals[], ...args: readonly string[]): Promise<Finished> {
  const child = start(folder, ...args);
  const end = finished(child);
  for (let said = ""; !said.includes("Epoch 2/"); ) {
    const [text] = await Promise.race([
      once(child.stderr as NodeJS.ReadableStream, "data"),
      end.then(() => ["Epoch 2/"]),
    ]);
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
