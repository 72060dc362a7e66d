/** What outlives a training and what does not: processes end, memories are used again. */
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "vite";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { makeAutoencoder } from "../../src/cli/autoencoder.ts";
import { fillUniform } from "../../src/core/random.ts";

const folder = mkdtempSync(join(tmpdir(), "rhyton-lifetime-"));
beforeAll(() =>
  build({
    configFile: false,
    logLevel: "error",
    build: {
      ssr: true,
      outDir: folder,
      target: "es2022",
      rolldownOptions: {
        input: { scripts: fileURLToPath(new URL("scripts.ts", import.meta.url)) },
        output: { entryFileNames: "[name].mjs" },
      },
    },
  }),
);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Runs a script until it ends by itself. */
function run(name: string): Promise<{ result: unknown; endedAfterMs: number }> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ["--expose-gc", join(folder, "scripts.mjs"), name]);
    let said = "";
    let at = 0;
    child.stdout.on("data", (data) => {
      said += data;
      at = performance.now();
    });
    child.stderr.on("data", (data) => {
      said += data;
    });
    const timer = setTimeout(() => child.kill("SIGKILL"), 50_000);
    child.on("exit", (code, signal) => {
      clearTimeout(timer);
      if (code !== 0) reject(new Error(`${name} ended with ${code ?? signal}: ${said}`));
      else resolve({ result: JSON.parse(said), endedAfterMs: performance.now() - at });
    });
  });
}

describe("a process", () => {
  test.each(["once", "onceUnshared"])("ends by itself after its last run: %s", async (name) => {
    const { result, endedAfterMs } = await run(name);
    const [short, long] = result as [number, number];
    expect(short).toBeCloseTo(4 * 6.4, 3);
    expect(long).toBeCloseTo(4096 * 6.4 * 1.5, -1);
    expect(endedAfterMs).toBeLessThan(2000);
  });

  test.runIf(process.platform === "linux").each(["dropped", "droppedUnshared"])(
    "that makes and drops 200 programs does not grow: %s",
    async (name) => {
      const { result } = await run(name);
      const [early, late] = result as [number, number];
      // A memory takes 8 to 10 GB of address space; all of them would be thousands.
      expect(late - early).toBeLessThan(300);
    },
  );

  test.runIf(process.platform === "linux").each(["evicted", "evictedUnshared"])(
    "that feeds one model 120 sizes keeps the memories of the last few alone: %s",
    async (name) => {
      const { result } = await run(name);
      const [early, late] = result as [number, number];
      expect(late - early).toBeLessThan(100);
    },
  );
});

test("two models that are fitted at the same time end as each alone does, and take turns", async () => {
  const data = new Float32Array(640 * 784);
  fillUniform(data, 7);
  const x = { data, shape: [640, 28, 28, 1] };
  const ends: string[] = [];
  const train = async (name: string, seed: number): Promise<unknown> => {
    const { autoencoder } = makeAutoencoder(seed);
    autoencoder.compile({ optimizer: "adam", loss: "binary_crossentropy" });
    const callbacks = [{ onEpochEnd: () => void ends.push(name) }];
    const { history } = await autoencoder.fit(x, x, { epochs: 3, batchSize: 32, verbose: 0, callbacks });
    return [history, autoencoder.getWeights()];
  };
  const alone = [await train("a", 1), await train("b", 2)];
  ends.length = 0;
  expect(await Promise.all([train("a", 1), train("b", 2)])).toEqual(alone);
  expect(ends.slice(0, 3)).toContain("a");
  expect(ends.slice(0, 3)).toContain("b");
});

test("timers of the calling thread are in time during a fit", async () => {
  const data = new Float32Array(6400 * 784);
  fillUniform(data, 7);
  const x = { data, shape: [6400, 28, 28, 1] };
  const few = { data: data.subarray(0, 128 * 784), shape: [128, 28, 28, 1] };
  const { autoencoder } = makeAutoencoder(1);
  autoencoder.compile({ optimizer: "adam", loss: "binary_crossentropy" });
  await autoencoder.fit(few, few, { verbose: 0 });
  const late: number[] = [];
  let due = performance.now() + 10;
  const tick = (): void => {
    late.push(performance.now() - due);
    due = performance.now() + 10;
    timer = setTimeout(tick, 10);
  };
  let timer = setTimeout(tick, 10);
  await autoencoder.fit(x, x, { epochs: 3, batchSize: 128, verbose: 0 });
  clearTimeout(timer);
  late.sort((a, b) => a - b);
  // Other processes of the machine may take a turn now and then, hence not all.
  expect(late[Math.floor(late.length / 2)]).toBeLessThan(20);
});
