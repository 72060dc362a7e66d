/** Real Keras, asked through check.py: many questions at once, since importing it takes seconds. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { NdArray } from "../../src/core/array.ts";
import { readNpy, writeNpy } from "../../src/data/npy.ts";
import { readZip } from "../../src/saving/zip.ts";
import { zipOf } from "../support/written.ts";

/** Makes a folder for files; `remove` removes it. */
export function folder() {
  const path = mkdtempSync(join(tmpdir(), "rhyton-keras-"));
  return {
    at: (name: string): string => join(path, name),
    remove: (): void => rmSync(path, { recursive: true, force: true }),
  };
}

/** Runs a script of this folder. */
export function runPython(name: string, ...args: readonly string[]): string {
  const python = process.env.RHYTON_PYTHON;
  if (!python) throw new Error("RHYTON_PYTHON is not set: run these tests with `npm run test:keras`.");
  const path = fileURLToPath(new URL(name, import.meta.url));
  const run = spawnSync(python, [path, ...args], { encoding: "utf8", maxBuffer: 2 ** 28 });
  if (run.status !== 0) throw new Error(`${name} ended with ${run.status}: ${run.stderr}`);
  return run.stdout;
}

/** Runs commands of check.py in one process; for each nothing, or what Keras said against it. */
export function askKeras(jobs: readonly (readonly string[])[]): (string | null)[] {
  const { at, remove } = folder();
  try {
    writeFileSync(at("jobs.json"), JSON.stringify(jobs));
    runPython("check.py", "many", at("jobs.json"), at("answers.json"));
    return JSON.parse(readFileSync(at("answers.json"), "utf8"));
  } finally {
    remove();
  }
}

/** The largest difference, relative to the largest number that was wanted; infinite for other shapes. */
export function distance(got: NdArray, want: NdArray): number {
  if (String(got.shape) !== String(want.shape)) return Number.POSITIVE_INFINITY;
  let [largest, far] = [1e-30, 0];
  for (let i = 0; i < want.data.length; i++) {
    largest = Math.max(largest, Math.abs(want.data[i]));
    far = Math.max(far, Math.abs(got.data[i] - want.data[i]));
  }
  return far / largest;
}

/** Writes x_0, x_1, …, y_0, y_1, … as check.py reads them. */
export function writeNpz(path: string, x: readonly NdArray[], y: readonly NdArray[]): void {
  const members = [...x.map((a, i) => [`x_${i}`, a] as const), ...y.map((a, i) => [`y_${i}`, a] as const)];
  writeFileSync(path, zipOf(members.map(([name, array]): [string, Uint8Array] => [`${name}.npy`, writeNpy(array)])));
}

/** What check.py answered as single numbers, whose names begin with `start`. */
export function readScalars(path: string, start: string): Record<string, number> {
  const members = [...readZip(new Uint8Array(readFileSync(path)))].filter(([name]) => name.startsWith(start));
  return Object.fromEntries(members.map(([name, bytes]) => [name.slice(start.length, -4), readNpy(bytes).data[0]]));
}

/** What check.py answered: lists by name. */
export function readNpz(path: string): (name: string) => NdArray[] {
  const members = readZip(new Uint8Array(readFileSync(path)));
  return (name) => {
    const list: NdArray[] = [];
    for (;;) {
      const bytes =
        members.get(`${name}_${list.length}.npy`) ?? (list.length === 0 ? members.get(`${name}.npy`) : undefined);
      if (bytes === undefined) return list;
      list.push(readNpy(bytes));
    }
  };
}
