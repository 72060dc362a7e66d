/** That it does not matter who runs a program: the same bits, progress, signals, and what happens when a worker dies. */
import { createHash } from "node:crypto";
import type { Worker } from "node:worker_threads";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { lower, lowering } from "../../kernel/lower.ts";
import { prepare } from "../../passes/prepare.ts";
import type { Outcome, Work } from "../device.ts";
import { type WasmOptions, wasm } from "./device.ts";
import { generating } from "./module.ts";
import { narrow } from "./profile.ts";
import { type Check, makeCheck } from "./self-check.ts";

/** The bits of arrays, short enough to be shown. */
const bits = (...arrays: ArrayBufferView[]): string => {
  const hash = createHash("sha256");
  for (const { buffer, byteOffset, byteLength } of arrays) hash.update(new Uint8Array(buffer, byteOffset, byteLength));
  return hash.digest("hex").slice(0, 16);
};

const weightBits = ({ weights }: Check): string => bits(...weights.map((w) => w.value as Float32Array));

/** All that a run leaves. */
const left = (check: Check, { totals, outputs }: Outcome) => ({
  weights: weightBits(check),
  outputs: bits(...outputs),
  totals: [...totals],
});
type Left = ReturnType<typeof left>;

async function train(options: WasmOptions, samples: number, more: Partial<Work> = {}): Promise<Left> {
  const check = makeCheck();
  const work: Work = { inputs: [check.samples(samples)], batchSize: 16, ...more };
  return left(check, await wasm(options).compile(check.graph).run(work));
}

/** Answers nothing but totals. */
const quiet = (check: Check) => ({ ...check.graph, outputs: [] });
/** Runs for seconds, in small steps. */
const longWork = (check: Check): Work => {
  const order = new Uint32Array(400_000).map((_, i) => i % 64);
  return { inputs: [check.samples(64)], order, batchSize: 16 };
};

const modes: readonly (readonly [string, WasmOptions])[] = [
  ["1 worker", { threads: 1 }],
  ["2 workers", { threads: 2 }],
  ["5 workers", { threads: 5 }],
  ["1 worker with a memory of its own", { shared: false }],
];

describe("the same bits", () => {
  const reversed = (samples: number) => new Uint32Array(samples).map((_, i) => samples - 1 - i);
  const works: readonly (readonly [string, number, Partial<Work>])[] = [
    ["a short run", 5, {}],
    ["a long run with a short last batch", 137, {}],
    ["a long run in another order", 300, { order: reversed(300) }],
    ["some steps of an epoch", 137, { firstStep: 3, steps: 5, order: reversed(137) }],
    ["a few samples of many", 1000, { firstStep: 3, steps: 5, order: reversed(1000) }],
  ];
  test.each(works)("%s", async (_, samples, more) => {
    const expected = await train({ threads: 2 }, samples, more);
    for (const [name, options] of modes) expect(await train(options, samples, more), name).toEqual(expected);
  });

  test("run after run, long and short by turns", async () => {
    const results = [];
    for (const [, options] of modes) {
      const check = makeCheck();
      const program = wasm(options).compile(check.graph);
      const outcomes: Left[] = [];
      for (const samples of [128, 4, 128, 8, 4]) {
        outcomes.push(left(check, await program.run({ inputs: [check.samples(samples)], batchSize: 16 })));
      }
      results.push(outcomes);
    }
    for (const outcomes of results) expect(outcomes).toEqual(results[0]);
  });

  test("of runs that are asked for at the same time", async () => {
    const alone = await train({ threads: 2 }, 1000);
    const together = await Promise.all([...modes, ...modes].map(([, options]) => train(options, 1000)));
    for (const result of together) expect(result).toEqual(alone);
  });
});

describe.each(modes)("on %s", (_, options) => {
  test("progress comes now and then, and the calling thread stays free", async () => {
    const check = makeCheck();
    const program = wasm(options).compile(quiet(check));
    const seen: number[] = [];
    const late: number[] = [];
    let due = performance.now() + 10;
    const tick = () => {
      late.push(performance.now() - due);
      due = performance.now() + 10;
      timer = setTimeout(tick, 10);
    };
    let timer = setTimeout(tick, 10);
    const stop = new AbortController();
    setTimeout(() => stop.abort(), 1000);
    const onProgress = (steps: number, totals: Float64Array) => {
      seen.push(steps);
      expect(totals[0]).toBeGreaterThan(0);
    };
    await program.run({ ...longWork(check), onProgress, signal: stop.signal });
    clearTimeout(timer);
    expect(seen.length).toBeGreaterThan(1);
    expect(seen).toEqual([...seen].sort((a, b) => a - b));
    // A blocked thread would have run the 10 ms timer once, at the end.
    expect(late.length).toBeGreaterThan(5);
  });

  test("a signal ends a run after the step in flight", async () => {
    const check = makeCheck();
    const stop = new AbortController();
    let aborted = 0;
    const onProgress = (steps: number) => {
      if (aborted > 0 || steps < 100) return;
      aborted = performance.now();
      stop.abort();
    };
    const outcome = await wasm(options)
      .compile(quiet(check))
      .run({ ...longWork(check), signal: stop.signal, onProgress });
    expect(performance.now() - aborted).toBeLessThan(500);
    expect(outcome.ended).toBe("aborted");
    expect(outcome.steps).toBeGreaterThan(0);
    // The weights are those of so many whole steps.
    const again = makeCheck();
    const { totals } = await wasm(options)
      .compile(quiet(again))
      .run({ ...longWork(again), steps: outcome.steps });
    expect(weightBits(again)).toEqual(weightBits(check));
    expect(totals).toEqual(outcome.totals);
  });

  test("a signal that was given before lets nothing run", async () => {
    const check = makeCheck();
    const outcome = await wasm(options)
      .compile(quiet(check))
      .run({ ...longWork(check), signal: AbortSignal.abort() });
    expect(outcome).toMatchObject({ steps: 0, ended: "aborted" });
  });

  test("a guard that is not finite ends the run before its update", async () => {
    const check = makeCheck();
    const samples = check.samples(160);
    samples.data[100 * 432] = Number.NaN;
    const program = wasm(options).compile(quiet(check));
    const outcome = await program.run({ inputs: [samples], batchSize: 16 });
    expect(outcome).toMatchObject({ steps: 6, ended: "guard" });
    for (const w of check.weights) expect((w.value as Float32Array).every(Number.isFinite)).toBe(true);
  });

  test("an error in the caller's own code ends the run and comes out", async () => {
    const check = makeCheck();
    const program = wasm(options).compile(quiet(check));
    const onProgress = () => {
      throw new Error("mine");
    };
    await expect(program.run({ ...longWork(check), onProgress })).rejects.toThrow("mine");
    await program.run({ inputs: [check.samples(128)], batchSize: 16 });
  });
});

describe("when a worker dies", () => {
  const workers = new Set<Worker>();
  const started = (worker: Worker) => {
    workers.add(worker);
    worker.on("exit", () => workers.delete(worker));
  };
  beforeEach(() => {
    workers.clear();
    process.on("worker", started);
  });
  afterEach(() => void process.off("worker", started));

  test.each(modes)("%s: an error says so, weights stay, the next run works", async (_, options) => {
    // Fresh workers that this test knows.
    vi.resetModules();
    const { wasm } = await import("./device.ts");
    const { makeCheck } = await import("./self-check.ts");
    const check = makeCheck();
    const program = wasm(options).compile(quiet(check));
    const short: Work = { inputs: [check.samples(128)], batchSize: 16 };
    for (const index of [0, -1]) {
      await program.run(short);
      const before = weightBits(check);
      expect(workers.size).toBe(options.threads ?? 1);
      const kill = () => void [...workers].at(index)?.terminate();
      const error = await program.run({ ...longWork(check), onProgress: kill }).catch((e: unknown) => e);
      expect(error).toMatchObject({ name: "RhytonError", code: "worker-died" });
      expect(weightBits(check)).toEqual(before);
    }
    const other = makeCheck();
    const fresh = wasm(options).compile(quiet(other));
    for (let i = 0; i < 2; i++) await fresh.run(short);
    expect(left(check, await program.run(short))).toEqual(left(other, await fresh.run(short)));
  });

  test("an idle one is replaced", async () => {
    vi.resetModules();
    const { wasm } = await import("./device.ts");
    const { makeCheck } = await import("./self-check.ts");
    const check = makeCheck();
    const program = wasm({ threads: 2 }).compile(quiet(check));
    await program.run({ inputs: [check.samples(128)], batchSize: 16 });
    for (const worker of [...workers]) await worker.terminate();
    expect((await program.run({ inputs: [check.samples(128)], batchSize: 16 })).steps).toBe(8);
  });

  test("an idle one with a memory of its own takes what it held with it", async () => {
    vi.resetModules();
    const { wasm } = await import("./device.ts");
    const { makeCheck } = await import("./self-check.ts");
    const [check, other] = [makeCheck(), makeCheck()];
    const work: Work = { inputs: [check.samples(128)], batchSize: 16 };
    const program = wasm({ shared: false }).compile(check.graph);
    await program.run(work);
    for (const worker of [...workers]) await worker.terminate();
    await expect(program.run(work)).rejects.toMatchObject({ code: "worker-died" });
    const fresh = wasm({ shared: false }).compile(other.graph);
    await fresh.run(work);
    expect(left(check, await program.run(work))).toEqual(left(other, await fresh.run(work)));
  });
});

describe("where something is missing", () => {
  const warn = vi.fn();
  beforeEach(() => {
    warn.mockClear();
    vi.spyOn(console, "warn").mockImplementation(warn);
  });
  afterEach(() => {
    vi.unstubAllGlobals();
    vi.restoreAllMocks();
  });

  test("isolation: one worker runs, and a warning says once what is missing", async () => {
    const expected = await train({ threads: 2 }, 128);
    vi.stubGlobal("crossOriginIsolated", false);
    expect(await train({}, 4)).toEqual(await train({ shared: true }, 4));
    expect(warn).not.toHaveBeenCalled();
    expect(await train({ threads: 2 }, 128)).toEqual(expected);
    expect(await train({ threads: 2 }, 128)).toEqual(expected);
    expect(warn).toHaveBeenCalledTimes(1);
    expect(warn.mock.calls[0][0]).toMatchInlineSnapshot(
      `"rhyton: this page is not cross-origin isolated, so memory cannot be shared between workers: programs run on one thread instead of 2. Serve the page with the headers "Cross-Origin-Opener-Policy: same-origin" and "Cross-Origin-Embedder-Policy: require-corp" to use them all."`,
    );
  });

  test("room: the samples are brought in part by part", async () => {
    const order = new Uint32Array(5000).map((_, i) => (i * 7) % 5000);
    const expected = await train({ threads: 2 }, 5000, { order });
    class Small extends WebAssembly.Memory {
      constructor(limits: WebAssembly.MemoryDescriptor) {
        if ((limits.maximum ?? 0) > 128) throw new RangeError("too much");
        super(limits);
      }
    }
    const { compile, instantiate, validate } = WebAssembly;
    vi.stubGlobal("WebAssembly", { compile, instantiate, validate, Memory: Small });
    vi.resetModules();
    const { wasm } = await import("./device.ts");
    const { makeCheck } = await import("./self-check.ts");
    const check = makeCheck();
    const work: Work = { inputs: [check.samples(5000)], batchSize: 16, order };
    const steps: number[] = [];
    const onProgress = (done: number) => void steps.push(done);
    const outcome = await wasm({ threads: 2 })
      .compile(check.graph)
      .run({ ...work, onProgress });
    expect(left(check, outcome)).toEqual(expected);
    expect(steps.length).toBeGreaterThan(3);
    expect(steps.at(-1)).toBe(Math.ceil(5000 / 16));
  });

  test("SIMD: the plain device runs", async () => {
    vi.spyOn(WebAssembly, "validate").mockReturnValue(false);
    // The plain device is loaded when it runs, after other tests reset the modules.
    vi.resetModules();
    const { wasm } = await import("./device.ts");
    const { makeCheck } = await import("./self-check.ts");
    const check = makeCheck();
    const { totals } = await wasm()
      .compile(check.graph)
      .run({ inputs: [check.samples(2)], batchSize: 2 });
    expect(totals[0]).toBeCloseTo(0.7, 1);
    await wasm()
      .compile(check.graph)
      .run({ inputs: [check.samples(1)], batchSize: 1 });
    expect(warn).toHaveBeenCalledTimes(1);
    expect(warn.mock.calls[0][0]).toContain("SIMD");
  });
});

test("code is made in pieces between which the calling thread is free: a tensor or a kernel each", () => {
  const lowered = lower(prepare(makeCheck().graph));
  const { length } = lowered.kernels;
  // A tensor may make several kernels, and small kernels of one level are one piece.
  expect([...lowering(prepare(makeCheck().graph))].length).toBeGreaterThan(length / 2);
  expect([...generating(lowered, narrow, false)].length).toBeGreaterThan(length / 2);
});
