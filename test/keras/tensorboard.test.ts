/** Event files, read back by TensorBoard itself. */
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { afterAll, expect, it } from "vitest";
import { dense } from "../../src/layers/dense.ts";
import { input } from "../../src/layers/input.ts";
import { add } from "../../src/layers/merging.ts";
import { TensorBoard } from "../../src/training/callbacks.ts";
import { model, sequential } from "../../src/training/make-model.ts";
import { folder } from "./ask.ts";

interface Read {
  readonly scalars: Readonly<Record<string, readonly (readonly [step: number, value: number])[]>>;
  readonly histograms: Readonly<
    Record<string, readonly { min: number; max: number; num: number; sum: number; bucket: readonly number[] }[]>
  >;
  readonly plugins: { readonly scalars: readonly string[]; readonly histograms: readonly string[] };
  readonly shapes: Readonly<Record<string, readonly (readonly number[])[]>>;
  readonly times: readonly number[];
  /** What TensorBoard's page of graphs draws: each layer with those before it. */
  readonly edges: Readonly<Record<string, readonly string[]>>;
}

const { at, remove } = folder();
afterAll(remove);

function read(...folders: readonly string[]): Read[] {
  const python = process.env.RHYTON_PYTHON;
  if (!python) throw new Error("RHYTON_PYTHON is not set: run these tests with `npm run test:keras`.");
  const script = fileURLToPath(new URL("read_events.py", import.meta.url));
  const run = spawnSync(python, [script, ...folders.map(at)], { encoding: "utf8" });
  if (run.status !== 0) throw new Error(`read_events.py ended with ${run.status}: ${run.stderr}`);
  return JSON.parse(run.stdout);
}

it("TensorBoard reads the layers and how they are connected", async () => {
  const x = { data: Float32Array.from({ length: 8 }, (_, i) => Math.sin(i)), shape: [4, 2] };
  const a = input([2], { name: "a" });
  const h = dense(2, { name: "h" })(a);
  const m = model(a, add([a, dense(2, { name: "k" })(h)], { name: "sum" }), { name: "net" });
  m.compile({ optimizer: "sgd", loss: "mse", device: "interp" });
  await m.fit(x, x, { verbose: 0, callbacks: [new TensorBoard(at("graph"))] });
  await m.fit(x, x, { verbose: 0, callbacks: [new TensorBoard(at("bare"), { writeGraph: false })] });
  const [{ edges }, bare] = read("graph/train", "bare/train");
  expect(edges).toEqual({ "net/a": [], "net/h": ["net/a"], "net/k": ["net/h"], "net/sum": ["net/a", "net/k"] });
  expect(bare.edges).toEqual({});
});

it("TensorBoard reads scalars and histograms", async () => {
  const began = Date.now() / 1000;
  const x = { data: Float32Array.from({ length: 40 }, (_, i) => Math.sin(i)), shape: [20, 2] };
  const inner = sequential([input([2]), dense(3, { name: "code" })], { name: "encoder" });
  const m = sequential([input([2]), inner, dense(2, { name: "head" })]);
  m.compile({ optimizer: "adam", loss: "mse", metrics: ["mae"], device: "interp" });
  const board = new TensorBoard(at("run"), { histogramFreq: 2, updateFreq: 3, writeStepsPerSecond: true });
  const fit = { epochs: 3, batchSize: 4, validationSplit: 0.2, verbose: 0, callbacks: [board] } as const;
  const weights: number[][] = [];
  const note = { onEpochEnd: () => void weights.push([...m.getWeights()[0].data]) };
  const { history } = await m.fit(x, x, { ...fit, callbacks: [board, note] });
  const judged = await m.evaluate(x, x, { callbacks: [board] });

  const [train, validation] = read("run/train", "run/validation");
  const epochs = ["learning_rate", "loss", "mae", "steps_per_second"].map((name) => `epoch_${name}`);
  const batches = ["loss", "mae", "steps_per_second"].map((name) => `batch_${name}`);
  expect(Object.keys(train.scalars).sort()).toEqual([...batches, ...epochs]);
  expect(train.plugins.scalars).toEqual([...batches, ...epochs]);
  // 4 batches an epoch: every third of 12.
  expect(train.scalars.batch_loss.map(([step]) => step)).toEqual([3, 6, 9, 12]);
  expect(train.scalars.epoch_loss).toEqual(history.loss.map((v, epoch) => [epoch, Math.fround(v)]));
  expect(train.scalars.epoch_learning_rate.map(([, v]) => v)).toEqual(Array(3).fill(Math.fround(0.001)));
  for (const [, speed] of train.scalars.epoch_steps_per_second) expect(speed).toBeGreaterThan(0);

  const tags = ["encoder/code/bias", "encoder/code/kernel", "head/bias", "head/kernel"].map((n) => `${n}/histogram`);
  expect(train.plugins.histograms).toEqual(tags);
  const drawn = train.histograms["encoder/code/kernel/histogram"];
  expect(drawn.length).toBe(2);
  for (const [i, { min, max, num, sum, bucket }] of drawn.entries()) {
    const values = weights[2 * i];
    expect([min, max, num]).toEqual([Math.min(...values), Math.max(...values), 6]);
    expect(sum).toBeCloseTo(
      values.reduce((a, b) => a + b),
      6,
    );
    expect(bucket.reduce((a, b) => a + b)).toBe(6);
  }
  expect(train.shapes[tags[1]]).toEqual([
    [30, 3],
    [30, 3],
  ]);

  const own = ["epoch_loss", "epoch_mae", "evaluation_loss_vs_iterations", "evaluation_mae_vs_iterations"];
  expect(Object.keys(validation.scalars).sort()).toEqual(own);
  expect(validation.scalars.epoch_loss).toEqual(history.val_loss.map((v, epoch) => [epoch, Math.fround(v)]));
  const evaluated = [...history.val_mae, judged.mae].map(Math.fround);
  expect(validation.scalars.evaluation_mae_vs_iterations).toEqual(
    [4, 8, 12, 12].map((step, i) => [step, evaluated[i]]),
  );
  for (const time of train.times) expect(Math.abs(time - began)).toBeLessThan(120);
});
