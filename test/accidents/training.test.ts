/** Trainings whose process or workers end in the middle. */

import { mkdtempSync, rmSync } from "node:fs";
import { createRequire, syncBuiltinESMExports } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Worker, WorkerOptions } from "node:worker_threads";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { fillUniform } from "../../src/core/random.ts";
import { dense } from "../../src/layers/dense.ts";
import { input } from "../../src/layers/input.ts";
import { sequential } from "../../src/training/make-model.ts";
import { Dice } from "../support/dice.ts";
import { bundleScripts, sleep, start } from "./child.ts";

const folder = mkdtempSync(join(tmpdir(), "rhyton-training-"));
let scripts: Awaited<ReturnType<typeof bundleScripts>>;
beforeAll(async () => {
  scripts = await bundleScripts();
});
afterAll(() => {
  scripts.remove();
  rmSync(folder, { recursive: true, force: true });
});

test("20 times killed and resumed, a training ends in the bits of one left alone", async () => {
  const alone = await start(scripts.path, ["train", join(folder, "alone")]).line("result");
  const dice = new Dice(7);
  const killed = join(folder, "killed");
  const lives: number[] = [];
  for (let i = 0; i < 20; i++) {
    const child = start(scripts.path, ["train", killed]);
    await child.lineCount(1 + dice.below(30));
    await sleep(dice.below(10));
    await child.kill();
    expect(child.lines.find((line) => line.startsWith("result"))).toBeUndefined();
    lives.push(child.lines.length);
  }
  const last = start(scripts.path, ["train", killed]);
  expect(await last.line("result")).toBe(alone);
  console.log(`batches of the 20 lives: ${lives.join(", ")}; of the last: ${last.lines.length - 1}; alone: 750`);
  // It did go on, and did not begin anew.
  expect(last.lines.length - 1).toBeLessThan(750);
});

describe("a worker that ends in the middle of a step", () => {
  const threads = createRequire(import.meta.url)("node:worker_threads") as typeof import("node:worker_threads");
  const Original = threads.Worker;
  const workers: Worker[] = [];
  /** What the workers run, in place of their own text. */
  let change = (source: string): string => source;
  beforeAll(() => {
    threads.Worker = class extends Original {
      constructor(source: string | URL, options?: WorkerOptions) {
        super(change(String(source)), options);
        workers.push(this);
      }
    };
    syncBuiltinESMExports();
  });
  afterAll(() => {
    threads.Worker = Original;
    syncBuiltinESMExports();
  });

  const data = new Float32Array(4096 * 256);
  fillUniform(data, 3, -1, 1);
  const x = { data, shape: [4096, 256] };
  const net = () => {
    const made = sequential([input([256]), dense(256, { activation: "tanh" }), dense(256)], { seed: 1 });
    made.compile({ optimizer: "adam", loss: "mse", threads: 2 });
    return made;
  };
  const options = { batchSize: 64, verbose: 0 } as const;

  test("terminated: fit says so and does not hang, and the model goes on as if the run had not been", async () => {
    const made = net();
    const before = made.getWeights();
    let hasEnded = false;
    // The first epoch takes seconds: weights change where one has ended.
    const long = { data: new Float32Array(32 * data.length).fill(0.5), shape: [32 * 4096, 256] };
    const fit = made
      .fit(long, long, { ...options, epochs: 100 })
      .catch((error: unknown) => error)
      .finally(() => {
        hasEnded = true;
      });
    while (workers.length < 2) await sleep(5);
    // One that ends between two steps is replaced, and the training goes on: until one is met within a step.
    while (!hasEnded) {
      await sleep(300);
      await workers[workers.length - 1].terminate();
    }
    const message = expect.stringMatching(
      /^Worker 1 died while a program was running on it: it ended with exit code 1\./,
    );
    expect(await fit).toMatchObject({ code: "worker-died", message });
    expect(made.getWeights()).toEqual(before);
    const { history } = await made.fit(x, x, options);
    expect(history.loss).toEqual((await net().fit(x, x, options)).history.loss);
  });

  test("by process.exit inside of it, while the other one waits for it", async () => {
    for (const worker of workers) await worker.terminate();
    let runs = 0;
    change = (source) => {
      const isSecond = runs++ % 2 === 1;
      const run = "program.instance.exports.run(worker);";
      expect(source).toContain(run);
      return isSecond ? source.replace(run, "process.exit(3);") : source;
    };
    const made = net();
    const fit = made.fit(x, x, options).catch((error: unknown) => error);
    expect(await fit).toMatchObject({ code: "worker-died", message: expect.stringContaining("exit code 3") });
    change = (source) => source;
    expect((await made.fit(x, x, options)).history.loss).toEqual((await net().fit(x, x, options)).history.loss);
  });
});
