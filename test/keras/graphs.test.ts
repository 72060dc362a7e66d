/**
 * Random functional graphs of 3 to 15 layers, over all layers: 200 that Keras made and saved, loaded here, and 100 of our
 * own, loaded in Keras. `RHYTON_SEED` and `RHYTON_GRAPHS` ask for others; what went wrong is told with its seed.
 */
import { readFileSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { NdArray } from "../../src/core/array.ts";
import { layerRegistry } from "../../src/layers/registry.ts";
import { loadModel } from "../../src/training/load.ts";
import { ownGraph } from "../support/random-graphs.ts";
import { askKeras, distance, folder, readNpz, runPython, writeNpz } from "./ask.ts";

const seed = Number(process.env.RHYTON_SEED ?? 1);
const count = Number(process.env.RHYTON_GRAPHS ?? 200);
const tolerance = 1e-5;
const files = folder();

interface Told {
  readonly graphs: readonly { readonly seed: number; readonly kinds: readonly string[] }[];
  readonly every: readonly string[];
}

beforeAll(() => void runPython("make_graphs.py", files.at(""), String(seed), String(count)), 600_000);
afterAll(() => files.remove());

/** What is wrong with an answer, if anything. */
function wrong(got: readonly NdArray[], want: readonly NdArray[]): string | undefined {
  if (String(got.map((a) => a.shape.join())) !== String(want.map((a) => a.shape.join()))) {
    return `shapes ${got.map((a) => `(${a.shape})`)} instead of ${want.map((a) => `(${a.shape})`)}`;
  }
  const worst = Math.max(...got.map((array, i) => distance(array, want[i])));
  return worst < tolerance ? undefined : `differs by ${worst.toExponential(1)}`;
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

test("graphs of Keras", { timeout: 600_000 }, async () => {
  const { graphs, every } = JSON.parse(readFileSync(files.at("graphs.json"), "utf8")) as Told;
  console.log(`${graphs.length} graphs of Keras, seeds ${seed} to ${seed + count - 1}`);
  const failures: string[] = [];
  for (const [i, { seed: own, kinds }] of graphs.entries()) {
    try {
      const model = await loadModel(files.at(`${i}.keras`));
      const read = readNpz(files.at(`${i}.npz`));
      const answer = [await model.predict(read("x"))].flat() as NdArray[];
      const problem = wrong(answer, read("y"));
      if (problem !== undefined) failures.push(`seed ${own}: ${problem} (${kinds.join(", ")})`);
    } catch (error) {
      failures.push(`seed ${own}: ${messageOf(error)} (${kinds.join(", ")})`);
    }
  }
  expect(failures).toEqual([]);
  const seen = new Set(graphs.flatMap(({ kinds }) => kinds));
  if (count >= every.length) expect(every.filter((name) => !seen.has(name))).toEqual([]);
  expect([...layerRegistry.keys()].filter((name) => name !== "InputLayer" && !every.includes(name))).toEqual([]);
});

test("graphs of our own", { timeout: 600_000 }, async () => {
  const own = Math.ceil(count / 2);
  console.log(`${own} graphs of our own, seeds ${seed} to ${seed + own - 1}`);
  const made = [];
  for (let i = 0; i < own; i++) {
    const { model, kinds, x } = ownGraph(seed + i);
    const y = [await model.predict(x)].flat() as NdArray[];
    await model.save(files.at(`own-${i}.keras`));
    writeNpz(files.at(`own-${i}.npz`), x, []);
    made.push({ kinds, y });
  }
  const name = (i: number, end: string): string => files.at(`own-${i}${end}`);
  const answers = askKeras(made.map((_, i) => ["answer", name(i, ".keras"), name(i, ".npz"), name(i, "-out.npz")]));
  const failures = made.flatMap(({ kinds, y }, i) => {
    const problem = answers[i] ?? wrong(readNpz(name(i, "-out.npz"))("prediction"), y);
    return problem === undefined ? [] : [`seed ${seed + i}: ${problem} (${kinds.join(", ")})`];
  });
  expect(failures).toEqual([]);
});
