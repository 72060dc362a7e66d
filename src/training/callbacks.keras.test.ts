/** Callbacks against what Keras' do with the same values. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { camelCase } from "../layers/options.ts";
import { type Callback, EarlyStopping, ModelCheckpoint, ReduceLROnPlateau } from "./callbacks.ts";
import { sgd } from "./optimizers.ts";
import { line } from "./testing.ts";

interface Case {
  readonly class_name: string;
  readonly arguments: readonly string[];
  readonly options: Readonly<Record<string, unknown>>;
  readonly values: readonly number[];
  readonly epochs: readonly { readonly rate: number; readonly saved: string | null; readonly stop: boolean }[];
  readonly best_epoch: number | null;
}
const fixture: { readonly cases: readonly Case[] } = JSON.parse(
  readFileSync(new URL("../../fixtures/callbacks.json", import.meta.url), "utf8"),
);

const folder = mkdtempSync(join(tmpdir(), "rhyton-"));
afterAll(() => rmSync(folder, { recursive: true }));

function make({ class_name, arguments: [path], options }: Case): Callback {
  const own = Object.fromEntries(Object.entries(options).map(([key, value]) => [camelCase(key), value]));
  if (class_name === "EarlyStopping") return new EarlyStopping(own);
  if (class_name === "ReduceLROnPlateau") return new ReduceLROnPlateau(own);
  return new ModelCheckpoint(join(folder, path), own);
}

it.each(fixture.cases.map((c) => [`${c.class_name} ${c.arguments} ${JSON.stringify(c.options)}`, c] as const))(
  "%s",
  async (_, c) => {
    const model = line();
    model.compile({ optimizer: sgd({ learningRate: 0.5 }), loss: "mse", metrics: ["accuracy", "mae"] });
    await model.compiled?.load();
    const saved: string[] = [];
    Object.assign(model, { save: async (path: string) => void saved.push(path.slice(folder.length + 1)) });
    let callback = make(c);
    await callback.onTrainBegin?.({}, model);
    for (const [epoch, expected] of c.epochs.entries()) {
      saved.length = 0;
      await callback.onEpochBegin?.(epoch, {}, model);
      await callback.onEpochEnd?.(epoch, { loss: 1, [c.options.monitor as string]: c.values[epoch] }, model);
      expect(model.optimizer.rateAt(0)).toBeCloseTo(expected.rate, 6);
      expect(saved[0] ?? null).toBe(expected.saved);
      expect(model.stopTraining).toBe(expected.stop);
      if (epoch % 3 !== 2) continue;
      // Another one goes on from what this one came to.
      const state = JSON.parse(JSON.stringify(callback.getState?.()));
      callback = make(c);
      await callback.onTrainBegin?.({}, model);
      callback.setState?.(state);
    }
    if (callback instanceof EarlyStopping) expect(callback.bestEpoch).toBe(c.best_epoch);
  },
);
