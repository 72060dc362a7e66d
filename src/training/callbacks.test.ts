import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { CallbackList, CSVLogger, History } from "./callbacks.ts";
import type { Model } from "./model.ts";

const folder = mkdtempSync(join(tmpdir(), "rhyton-"));
afterAll(() => rmSync(folder, { recursive: true }));
const noModel = {} as Model;

describe("CSVLogger", () => {
  it("writes a header and a line an epoch", async () => {
    const path = join(folder, "log.csv");
    const first = new CSVLogger(path);
    await first.onTrainBegin();
    await first.onEpochEnd(0, { val_loss: 0.5, loss: 1, mae: 0.00001 });
    await first.onEpochEnd(1, { loss: Number.NaN, mae: 0.125 });
    const lines = ["epoch,loss,mae,val_loss", "0,1.0,1e-05,0.5", "1,nan,0.125,NA", ""];
    expect(readFileSync(path, "utf8").split("\r\n")).toEqual(lines);

    const second = new CSVLogger(path, { append: true });
    await second.onTrainBegin();
    await second.onEpochEnd(2, { loss: 0.25, mae: 2.5, val_loss: 3 });
    expect(readFileSync(path, "utf8").split("\r\n")).toEqual([...lines.slice(0, -1), "2,0.25,2.5,3.0", ""]);

    await first.onTrainBegin();
    expect(readFileSync(path, "utf8")).toBe("");
  });

  it("leaves room for validation that comes later", async () => {
    const path = join(folder, "late.csv");
    const logger = new CSVLogger(path, { separator: ";" });
    await logger.onTrainBegin();
    await logger.onEpochEnd(0, { loss: 1.5 });
    await logger.onEpochEnd(1, { loss: 1.5, val_loss: 2.5 });
    expect(readFileSync(path, "utf8").split("\r\n")).toEqual(["epoch;loss;val_loss", "0;1.5;NA", "1;1.5;2.5", ""]);
  });

  it("names the file it could not write", async () => {
    const logger = new CSVLogger(join(folder, "missing", "log.csv"));
    await expect(logger.onTrainBegin()).rejects.toMatchObject({ code: "file" });
    await expect(logger.onTrainBegin()).rejects.toThrow("Check the path and its permissions.");
  });
});

describe("callbacks", () => {
  it("run in order, and are awaited", async () => {
    const seen: string[] = [];
    const list = new CallbackList(
      [
        {
          onEpochEnd: async (epoch, logs) => {
            await new Promise((resolve) => setTimeout(resolve, 5));
            logs.learning_rate = 0.1;
            seen.push(`first ${epoch}`);
          },
        },
        { onEpochEnd: (_, logs) => void seen.push(`second ${Object.keys(logs)}`) },
      ],
      noModel,
    );
    await list.epoch("End", 3, { loss: 1 });
    expect(seen).toEqual(["first 3", "second loss,learning_rate"]);
    expect(list.wantsBatches).toBe(false);
  });

  it("hear of batches under both names", async () => {
    const seen: string[] = [];
    const list = new CallbackList(
      [
        {
          onTrainBatchEnd: (batch) => void seen.push(`a${batch}`),
          onBatchBegin: (batch) => void seen.push(`b${batch}`),
        },
      ],
      noModel,
    );
    expect(list.wantsBatches).toBe(true);
    await list.batch("Begin", 2, {});
    await list.batch("End", 2, {});
    expect(seen).toEqual(["b2", "a2"]);
  });

  it("must have a hook", () => {
    expect(() => new CallbackList([{ onEpochEnds: () => {} } as object], noModel)).toThrow("onTrainBegin, onTrainEnd");
    expect(() => new CallbackList([(() => {}) as object], noModel)).toThrow("callbacks");
  });
});

describe("History", () => {
  it("keeps every value", () => {
    const history = new History({ verbose: 0, epochs: 2, steps: 3 });
    history.onEpochEnd(0, { loss: 2, val_loss: 3 });
    history.onEpochEnd(1, { loss: 1, val_loss: 2 });
    expect(history.history).toEqual({ loss: [2, 1], val_loss: [3, 2] });
    expect(history.epoch).toEqual([0, 1]);
  });
});
