import { describe, expect, test } from "vitest";
import { block, br, brIf, call, i32, if_, loop, Module, memory } from "./assembler.ts";
import { nextProgram, Pool } from "./pool.ts";
import type { Loadable } from "./worker.ts";

/** `run(worker)`: worker 1 fails at once; the others sleep until somebody wakes them, which nobody does. */
async function deadlocked(): Promise<Loadable> {
  const module = new Module();
  module.importMemory("env", "memory", { initialPages: 1, maximumPages: 1, shared: true });
  const wait = module.func("wait", {}, ["i32"]);
  wait.emit(memory.atomicWait32(0, 0, -1n));
  const run = module.func("run", { worker: "i32" }, [], { export: "run" });
  run.emit(
    if_(i32.eq(run.params.worker, 1), [i32.store(0, i32.divU(1, i32.load(4)))]),
    block((out) => [loop((again) => [brIf(out, call(wait)), br(again)])]),
  );
  const shared = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });
  return { id: nextProgram(), module: await WebAssembly.compile(module.toBytes()), memory: shared };
}

const listening = (body: string) => `
  const port = require("node:worker_threads").parentPort;
  port.on("message", (message) => { ${body} });
  port.postMessage("ready");
`;

describe("a worker that", () => {
  test.each([
    ["ends its process", "process.exit(3)", "exit code 3"],
    ["throws", "throw new Error('broken')", "Error: broken"],
    ["rejects", "Promise.reject(new Error('late'))", "Error: late"],
    ["fills its heap", "const all = []; for (;;) all.push(new Array(1e5).fill(message));", "memory limit"],
  ])("%s gives an error, and the next call a new worker", async (_, body, reason) => {
    const pool = new Pool(listening(body), { maxOldGenerationSizeMb: 20 });
    const program = await deadlocked();
    for (let i = 0; i < 2; i++) {
      const error = await pool.runOnAll(program, 2).catch((e: unknown) => e);
      expect(error).toMatchObject({ code: "worker-died", message: expect.stringContaining(reason) });
    }
  });

  test("does not start gives an error", async () => {
    const pool = new Pool("this is not a program");
    await expect(pool.runOnAll(await deadlocked(), 2)).rejects.toThrow("did not start: SyntaxError");
  });

  test("traps frees those that wait for it", async () => {
    const pool = new Pool();
    const program = await deadlocked();
    for (let i = 0; i < 2; i++) {
      const error = await pool.runOnAll(program, 4).catch((e: unknown) => e);
      expect(error).toMatchObject({ code: "worker-died", message: expect.stringContaining("divide by zero") });
      expect(error).toMatchObject({ details: { worker: 1 } });
    }
  });
});

test("turns come one after the other, whatever becomes of them", async () => {
  const pool = new Pool();
  const log: string[] = [];
  const turn = (name: string) =>
    pool.turn(async () => {
      log.push(`${name} begins, contended: ${pool.contended}`);
      await new Promise((resolve) => setTimeout(resolve, 5));
      log.push(`${name} ends`);
      if (name === "b") throw new Error("b");
    });
  const results = await Promise.allSettled([turn("a"), turn("b"), turn("c")]);
  expect(results.map((r) => r.status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
  expect(log).toEqual([
    "a begins, contended: true",
    "a ends",
    "b begins, contended: true",
    "b ends",
    "c begins, contended: false",
    "c ends",
  ]);
});
