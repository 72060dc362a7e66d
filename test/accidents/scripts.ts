/** What happens in processes of their own: `node scripts.mjs NAME ARGUMENTS…`. Each tells what it does, line by line. */
import { closeSync, ftruncateSync, openSync, readdirSync, readFileSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";
import { makeAutoencoder } from "../../src/cli/autoencoder.ts";
import { fillUniform } from "../../src/core/random.ts";
import { dense } from "../../src/layers/dense.ts";
import { input } from "../../src/layers/input.ts";
import { dropout } from "../../src/layers/regularization.ts";
import { BackupAndRestore, ModelCheckpoint } from "../../src/training/callbacks.ts";
import { sequential } from "../../src/training/make-model.ts";
import type { Model } from "../../src/training/model.ts";

/** At once, so that nothing that was said is lost with the process. */
const say = (...words: readonly unknown[]): void => void writeSync(1, `${words.join(" ")}\n`);

// ---- saving -------------------------------------------------------------------------------------------------------

/** A model of 260 kB, and what gives all its weights a value. */
function filled(value: number): { readonly model: Model; fill(value: number): void } {
  const made = sequential([input([256]), dense(256)]);
  const fill = (to: number): void => {
    made.setWeights(made.getWeights().map(({ data, shape }) => ({ data: data.slice().fill(to), shape })));
  };
  fill(value);
  return { model: made, fill };
}

/** Saves one generation of a model after the other. */
async function save(path: string, first: string, step: string, count: string): Promise<void> {
  const { model, fill } = filled(0);
  for (let k = 0; k < Number(count); k++) {
    const generation = Number(first) + k * Number(step);
    fill(generation);
    await model.save(path);
    say("saved", generation);
  }
}

/** Saves onto a disk that is full, in every way; says what came of it as JSON. */
async function fullDisk(folder: string): Promise<void> {
  const small = sequential([input([8]), dense(8)]);
  small.compile({ optimizer: "adam", loss: "mse", device: "interp" });
  const paths = ["model.keras", "model.weights.h5", "model.safetensors"].map((name) => join(folder, name));
  const write = (model: Model, path: string) => (path.endsWith(".keras") ? model.save(path) : model.saveWeights(path));
  for (const path of paths) await write(small, path);
  const before = paths.map((path) => readFileSync(path));

  const filler = join(folder, "filler");
  const file = openSync(filler, "w");
  let bytes = 0;
  try {
    for (;;) bytes += writeSync(file, new Uint8Array(4096));
  } catch {
    // Room for the beginning of a file, and not for all of it.
    ftruncateSync(file, bytes - 16 * 4096);
  }
  closeSync(file);

  const errors: unknown[] = [];
  const note = ({ code, message }: { code: string; message: string }): void => void errors.push({ code, message });
  for (const path of paths) await write(filled(1).model, path).catch(note);
  const data = { data: new Float32Array(800), shape: [100, 8] };
  const large = sequential([input([8]), dense(9000), dense(8)]);
  large.compile({ optimizer: "adam", loss: "mse", device: "interp" });
  const callbacks = [new BackupAndRestore(join(folder, "backup"))];
  await large.fit(data, data, { epochs: 1, batchSize: 100, verbose: 0, callbacks }).catch(note);
  const whole = paths.every((path, i) => before[i].equals(readFileSync(path)));
  const names = readdirSync(folder, { recursive: true });
  rmSync(filler);
  await filled(1).model.save(paths[0]);
  say("result", JSON.stringify({ errors, whole, names, saved: readFileSync(paths[0]).length }));
}

// ---- training -----------------------------------------------------------------------------------------------------

/** A training that keeps a backup, says when each batch has ended, and at the end what came of it. */
async function train(folder: string): Promise<void> {
  const data = new Float32Array(1600 * 12);
  fillUniform(data, 3, -1, 1);
  const x = { data, shape: [1600, 12] };
  const layers = [input([12]), dense(40, { activation: "tanh" }), dropout(0.3), dense(12)] as const;
  const made = sequential(layers, { seed: 4 });
  made.compile({ optimizer: "adam", loss: "mse", threads: 2 });
  const { history } = await made.fit(x, x, {
    ...{ epochs: 15, batchSize: 32, verbose: 0 },
    callbacks: [
      new BackupAndRestore(folder, { saveFreq: 3, deleteCheckpoint: false }),
      { onTrainBatchEnd: (batch) => say("batch", batch) },
    ],
  });
  const bits = made.getWeights().map(({ data: values }) => Buffer.from(values.buffer).toString("base64"));
  const slots = made.optimizer.variables.map((v) => Buffer.from((v.value as Float32Array).buffer).toString("base64"));
  say("result", JSON.stringify({ loss: history.loss?.at(-1), bits, slots, iterations: made.optimizer.iterations }));
}

// ---- memory -------------------------------------------------------------------------------------------------------

const settle = async (): Promise<void> => {
  for (let i = 0; i < 4; i++) {
    globalThis.gc?.();
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
};

/** Memory in MB: of the process, of JavaScript's heap, and of arrays. */
async function memory(): Promise<readonly [rss: number, heap: number, arrays: number]> {
  await settle();
  const { rss, heapUsed, arrayBuffers } = process.memoryUsage();
  return [rss, heapUsed, arrayBuffers].map((n) => n / 2 ** 20) as [number, number, number];
}

function tinyModel(seed: number): Model {
  const made = sequential([input([16]), dense(16, { activation: "relu" }), dense(4)], { seed });
  made.compile({ optimizer: "adam", loss: "mse", threads: 2 });
  return made;
}

const samples = (count: number, width: number) => {
  const data = new Float32Array(count * width);
  fillUniform(data, 5);
  return { data, shape: [count, width] };
};

/** 2000 calls of `fit` and as many of `predict`, with memory after every 500. */
async function calls(): Promise<void> {
  const [x, y] = [samples(64, 16), samples(64, 4)];
  const made = tinyModel(1);
  const seen = [];
  for (let i = 1; i <= 2000; i++) {
    await made.fit(x, y, { batchSize: 32, verbose: 0 });
    await made.predict(x);
    if (i % 500 === 0) seen.push(await memory());
  }
  say("result", JSON.stringify(seen));
}

/** 500 models made, trained, asked and dropped, with memory after every 100. */
async function models(): Promise<void> {
  const [x, y] = [samples(64, 16), samples(64, 4)];
  const seen = [];
  for (let i = 1; i <= 500; i++) {
    const made = tinyModel(i);
    await made.fit(x, y, { batchSize: 32, verbose: 0 });
    await made.predict(x);
    if (i % 10 === 0) await settle();
    if (i % 100 === 0) seen.push(await memory());
  }
  say("result", JSON.stringify(seen));
}

// ---- time ---------------------------------------------------------------------------------------------------------

/** Milliseconds of the processor that the calling thread took: it does not count while others are let run. */
const threadTime = (): number => Number(readFileSync("/proc/self/schedstat", "utf8").split(" ")[0]) / 1e6;

/**
 * Three trainings of the seed network, each made and compiled anew, with validation, checkpoints and predictions, beside a
 * timer of 10 ms. Says for each by how much the timer was late at most, and how long the thread worked at most between
 * two of its calls.
 */
async function timer(folder: string): Promise<void> {
  const [x, few] = [samples(6400, 784), samples(640, 784)].map(({ data, shape }) => ({
    data,
    shape: [shape[0], 28, 28, 1],
  }));
  for (let round = 0; round < 3; round++) {
    const { autoencoder } = makeAutoencoder(round);
    autoencoder.compile({ optimizer: "adam", loss: "binary_crossentropy" });
    let [late, worked] = [0, 0];
    let [then, before] = [performance.now(), threadTime()];
    const tick = (): void => {
      late = Math.max(late, performance.now() - then - 10);
      worked = Math.max(worked, threadTime() - before);
      [then, before] = [performance.now(), threadTime()];
      next = setTimeout(tick, 10);
    };
    let next = setTimeout(tick, 10);
    const callbacks = [new ModelCheckpoint(join(folder, "model.keras"))];
    const options = { epochs: 3, batchSize: 128, verbose: 0 } as const;
    await autoencoder.fit(x, x, { ...options, validationData: [few, few], callbacks });
    await autoencoder.predict(few);
    await new Promise((resolve) => setTimeout(resolve, 20));
    clearTimeout(next);
    say("round", late.toFixed(1), worked.toFixed(1));
  }
}

const scripts: Readonly<Record<string, (...args: string[]) => Promise<void>>> = {
  ...{ save, fullDisk, train, calls, models, timer },
};

await scripts[process.argv[2]](...process.argv.slice(3));
