import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeEach, describe, expect, it } from "vitest";
import { atOnce } from "../core/pieces.ts";
import type { Device } from "../device/device.ts";
import { interp } from "../device/interp.ts";
import { wasm } from "../device/wasm/device.ts";
import { dense } from "../layers/dense.ts";
import { input } from "../layers/input.ts";
import { dropout } from "../layers/regularization.ts";
import { readingSafetensors } from "../saving/safetensors.ts";
import { BackupAndRestore, type Callback, EarlyStopping, ReduceLROnPlateau } from "./callbacks.ts";
import type { FitOptions } from "./fit-options.ts";
import { sequential } from "./make-model.ts";
import type { Model } from "./model.ts";
import { adam } from "./optimizers.ts";
import { arrayOf, silent } from "./testing.ts";

const parent = mkdtempSync(join(tmpdir(), "rhyton-"));
afterAll(() => rmSync(parent, { recursive: true }));
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(parent, "backup-"));
});

const x = arrayOf(Array.from({ length: 22 }, (_, i) => [Math.sin(i), Math.cos(3 * i), (i % 5) / 5]));
const y = arrayOf(Array.from({ length: 22 }, (_, i) => [Math.sin(2 * i), (i % 3) / 3]));

function net(device: Device): Model {
  const m = sequential([input([3]), dense(5, { activation: "tanh" }), dropout(0.2), dense(2)], { seed: 11 });
  const optimizer = adam({ learningRate: 0.05, useEma: true, emaMomentum: 0.5, gradientAccumulationSteps: 2 });
  m.compile({ optimizer, loss: "mse", metrics: ["mae"], device });
  return m as unknown as Model;
}

/** Callbacks with states of their own. */
const watching = (): Callback[] => [
  new ReduceLROnPlateau({ monitor: "loss", patience: 1, factor: 0.5, minDelta: 0.05 }),
  new EarlyStopping({ monitor: "val_loss", patience: 6, restoreBestWeights: true }),
];

const options = { batchSize: 4, validationSplit: 0.2, epochs: 6, ...silent } satisfies FitOptions;
const weightsOf = (m: Model) => m.getWeights().map((w) => [...w.data]);
const slotsOf = (m: Model) => m.optimizer.variables.map((v) => [...(v.value ?? [])]);

class Crash extends Error {}
const crashAt = (epoch: number, batch?: number): Callback => {
  let now = 0;
  const hooks: Callback = {
    onEpochBegin: (e) => {
      now = e;
      if (batch === undefined && e === epoch) throw new Crash();
    },
  };
  if (batch === undefined) return hooks;
  return {
    ...hooks,
    onBatchEnd: (b) => {
      if (now === epoch && b === batch) throw new Crash();
    },
  };
};

describe.each([["interp", () => interp()] as const, ["wasm", () => wasm({ threads: 2 })] as const])(
  "on %s",
  (_, device) => {
    it.each([
      ["every epoch, between epochs", "epoch" as const, crashAt(3)],
      ["every epoch, within one", "epoch" as const, crashAt(3, 2)],
      ["every 3 batches, within an epoch", 3, crashAt(2, 3)],
      ["every 5 batches, just after the last of an epoch", 5, crashAt(4, 0)],
      ["every batch, just before the first epoch ends", 1, crashAt(0, 3)],
    ])("a training that was interrupted ends as one left alone: %s", async (__, saveFreq, crash) => {
      const alone = net(device());
      const backup = () => new BackupAndRestore(folder, { saveFreq });
      const whole = await alone.fit(x, y, { ...options, callbacks: [...watching(), backup()] });

      const first = net(device());
      const broken = first.fit(x, y, { ...options, callbacks: [backup(), ...watching(), crash] });
      await expect(broken).rejects.toBeInstanceOf(Crash);
      const again = net(device());
      const rest = await again.fit(x, y, { ...options, callbacks: [...watching(), backup()] });

      expect(weightsOf(again)).toEqual(weightsOf(alone));
      expect(slotsOf(again)).toEqual(slotsOf(alone));
      expect(again.optimizer.iterations).toBe(alone.optimizer.iterations);
      expect(again.optimizer.learningRate).toBe(alone.optimizer.learningRate);
      const from = rest.epoch[0];
      for (const [name, values] of Object.entries(whole.history)) {
        rest.history[name].forEach((value, i) => {
          expect(value).toBeCloseTo(values[from + i], 12);
        });
      }
      expect(existsSync(join(folder, "latest.safetensors"))).toBe(false);
    });

    it("steps of an epoch that are fewer than the data has: the place in the data is kept", async () => {
      const few = { ...options, stepsPerEpoch: 3, batchSize: 4, validationSplit: 0 };
      const callbacks = () => [new ReduceLROnPlateau({ monitor: "loss", patience: 1 }), new BackupAndRestore(folder)];
      const alone = net(device());
      await alone.fit(x, y, { ...few, callbacks: callbacks() });
      await expect(net(device()).fit(x, y, { ...few, callbacks: [...callbacks(), crashAt(3, 1)] })).rejects.toThrow();
      const again = net(device());
      await again.fit(x, y, { ...few, callbacks: callbacks() });
      expect(weightsOf(again)).toEqual(weightsOf(alone));
    });

    it("batches from a generator: those that were done are passed over", async () => {
      function* batches() {
        for (let i = 0; i < 20; i += 4) {
          yield [
            { data: x.data.subarray(3 * i, 3 * i + 12), shape: [4, 3] },
            { data: y.data.subarray(2 * i, 2 * i + 8), shape: [4, 2] },
          ] as const;
        }
      }
      const backup = () => [new BackupAndRestore(folder, { saveFreq: 2 })];
      const alone = net(device());
      await alone.fit(batches, { epochs: 3, ...silent, callbacks: backup() });
      const crashing = [...backup(), crashAt(1, 3)];
      await expect(net(device()).fit(batches, { epochs: 3, ...silent, callbacks: crashing })).rejects.toThrow();
      const again = net(device());
      await again.fit(batches, { epochs: 3, ...silent, callbacks: backup() });
      expect(weightsOf(again)).toEqual(weightsOf(alone));
    });
  },
);

describe("the state of a training", () => {
  it("is plain values, and is taken up where its epoch is asked for", async () => {
    const alone = net(interp());
    await alone.fit(x, y, { ...options, callbacks: watching() });

    const first = net(interp());
    let saved = "";
    const keep: Callback = {
      onEpochEnd: (epoch, _logs, m) => {
        if (epoch !== 2) return;
        const values = [...m.weights, ...m.optimizer.variables].map((v) => [...(v.value ?? [])]);
        saved = JSON.stringify({ state: m.trainingState(), values });
      },
    };
    await first.fit(x, y, { ...options, callbacks: [...watching(), keep] });

    const again = net(interp());
    const { state, values } = JSON.parse(saved);
    again.optimizer.build(again.trainableWeights);
    [...again.weights, ...again.optimizer.variables].forEach((v, i) => {
      v.assign(Float32Array.from(values[i]));
    });
    again.restoreTrainingState(state);
    expect(again.trainingState()).toEqual(state);
    expect(state).toMatchObject({ version: 1, epoch: 3, batch: 0, seed: 11 });
    await again.fit(x, y, { ...options, initialEpoch: 3, callbacks: watching() });
    expect(weightsOf(again)).toEqual(weightsOf(alone));
  });

  it("is let go when another epoch is asked for", async () => {
    const m = net(interp());
    await m.fit(x, y, { ...options, epochs: 2 });
    const state = JSON.parse(JSON.stringify(m.trainingState()));
    m.restoreTrainingState({ ...state, batch: 3 });
    const history = await m.fit(x, y, { ...options, epochs: 1 });
    expect(history.epoch).toEqual([0]);
    expect(m.trainingState()).toMatchObject({ epoch: 1, batch: 0 });
  });

  it("is refused when it is damaged or of another model", () => {
    const m = net(interp());
    const state = m.trainingState();
    expect(() => m.restoreTrainingState(null)).toThrow("there is no state");
    expect(() => m.restoreTrainingState({ ...state, version: 2 }, "a.keras")).toThrow("a.keras: version is 2");
    expect(() => m.restoreTrainingState({ ...state, iterations: -1 })).toThrow("iterations is -1");
    expect(() => m.restoreTrainingState({ ...state, totals: ["a"] })).toThrow("totals");
    expect(() => m.restoreTrainingState({ ...state, callbacks: [null] })).toThrow("callbacks");
    expect(() => m.restoreTrainingState({ ...state, seed: 5 })).toThrow("the seed 5");
    expect(m.optimizer.iterations).toBe(0);
  });
});

describe("BackupAndRestore", () => {
  const interrupted = async (options_ = {}) => {
    const callbacks = [new BackupAndRestore(folder, options_), crashAt(2)];
    await expect(net(interp()).fit(x, y, { ...options, callbacks })).rejects.toThrow();
  };

  it("writes what other programs can read", async () => {
    await interrupted();
    const bytes = new Uint8Array(readFileSync(join(folder, "latest.safetensors")));
    const { arrays, metadata } = atOnce(readingSafetensors(bytes));
    expect([...arrays.keys()].slice(0, 4)).toEqual([
      "weights/0/kernel",
      "weights/1/bias",
      "weights/2/kernel",
      "weights/3/bias",
    ]);
    expect(arrays.get("weights/0/kernel")?.shape).toEqual([3, 5]);
    expect(JSON.parse(metadata.rhyton)).toMatchObject({ epoch: 2, batch: 0 });
  });

  it("falls back on the backup before a damaged one, and says what is wrong without", async () => {
    await interrupted({ doubleCheckpoint: true });
    const path = join(folder, "latest.safetensors");
    writeFileSync(path, readFileSync(path).subarray(0, 200));
    const m = net(interp());
    const history = await m.fit(x, y, { ...options, callbacks: [new BackupAndRestore(folder)] });
    expect(history.epoch).toEqual([1, 2, 3, 4, 5]);

    writeFileSync(path, "nothing");
    const again = () => net(interp()).fit(x, y, { ...options, callbacks: [new BackupAndRestore(folder)] });
    await expect(again()).rejects.toThrow(
      `${path}: it has 7 bytes, too few for a safetensors file. Delete the file to train from the beginning.`,
    );
  });

  it("refuses the backup of another model", async () => {
    await interrupted();
    const other = sequential([input([3]), dense(2)], { seed: 11 });
    other.compile({ optimizer: "adam", loss: "mse", device: interp() });
    const fit = other.fit(x, y, { ...options, callbacks: [new BackupAndRestore(folder)] });
    await expect(fit).rejects.toThrow("Train the model that the backup is of");
  });

  it("may keep the backup when training ends", async () => {
    const callbacks = [new BackupAndRestore(`${folder}/`, { deleteCheckpoint: false })];
    await net(interp()).fit(x, y, { ...options, callbacks });
    expect(existsSync(join(folder, "latest.safetensors"))).toBe(true);
    const history = await net(interp()).fit(x, y, { ...options, callbacks });
    expect(history.epoch).toEqual([]);
  });
});
