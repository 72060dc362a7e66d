/**
 * What this machine can do at most from WebAssembly: `node peak.mjs BUILD THREADS wide|plain` prints, as JSON, the
 * multiply-adds a second of a loop that does nothing else (a tile of 4 rows by 2 vectors, or 4 where vectors are paired,
 * whose sums are independent), and how fast memory is read, by a sum over more than fits any cache. A multiplication and
 * an addition count as two operations.
 */
import { performance } from "node:perf_hooks";
import process from "node:process";
import { fileURLToPath, pathToFileURL } from "node:url";
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";

const ROWS = 4;
const TIMES = 2e6;
const PAGE = 65536;
const PAGES = 2048; // 128 MiB
const ROUNDS = 8;

if (isMainThread) await main();
else await work();

async function main() {
  const [build, count, width] = process.argv.slice(2);
  const fail = (error) => {
    throw error;
  };
  const workers = Array.from({ length: Number(count) }, () => {
    return new Worker(fileURLToPath(import.meta.url), { workerData: { build, vectors: width === "wide" ? 4 : 2 } }).on(
      "error",
      fail,
    );
  });
  const all = (question) =>
    Promise.all(
      workers.map(
        (worker) =>
          new Promise((resolve) => {
            worker.once("message", resolve);
            worker.postMessage(question);
          }),
      ),
    );
  const best = { gflops: 0, gigabytes: 0 };
  await all("warm");
  for (let round = 0; round < ROUNDS; round++) {
    for (const what of ["gflops", "gigabytes"]) {
      const rates = await all(what);
      best[what] = Math.max(
        best[what],
        rates.reduce((a, b) => a + b),
      );
    }
  }
  console.log(JSON.stringify(best));
  process.exit();
}

async function work() {
  const { build, vectors } = workerData;
  const assembler = await import(pathToFileURL(`${build}/device/wasm/assembler.js`).href);
  const memory = new WebAssembly.Memory({ initial: PAGES });
  // Memory that was never written is one page of zeros to the machine, and tiny numbers take it longer.
  new Float32Array(memory.buffer).fill(1);
  const module = new WebAssembly.Module(moduleOf(assembler, vectors));
  const { exports } = new WebAssembly.Instance(module, { env: { memory } });
  const timed = (work) => {
    const start = performance.now();
    work();
    return (performance.now() - start) * 1e6;
  };
  const answers = {
    warm: () => {
      for (let k = 0; k < 20; k++) exports.multiply(TIMES / 20);
      exports.read(0);
      return 0;
    },
    gflops: () => (2 * 4 * ROWS * vectors * TIMES) / timed(() => exports.multiply(TIMES)),
    gigabytes: () => (PAGES * PAGE) / timed(() => exports.read(0)),
  };
  parentPort.on("message", (question) => parentPort.postMessage(answers[question]()));
}

/** The two loops, as a module. */
function moduleOf({ Module, brIf, f32x4, i32, if_, local, loop, v128 }, vectors) {
  const module = new Module();
  module.importMemory("env", "memory", { initialPages: PAGES });
  const each = (count, make) => Array.from({ length: count }, (_, k) => make(k));

  const multiply = module.func("multiply", { times: "i32" }, [], { export: "multiply" });
  const at = multiply.local("i32");
  const y = each(vectors, () => multiply.local("v128"));
  const rows = each(ROWS, () => ({ x: multiply.local("v128"), sums: each(vectors, () => multiply.local("v128")) }));
  multiply.emit(
    ...y.map((vector, k) => local.set(vector, v128.load(at, 2048 + 16 * k))),
    loop((again) => [
      ...rows.flatMap(({ x, sums }, row) => [
        local.set(x, v128.load32Splat(at, 4 * row)),
        ...sums.map((sum, k) => local.set(sum, f32x4.add(sum, f32x4.mul(x, y[k])))),
      ]),
      local.set(at, i32.add(at, 16)),
      if_(i32.ltU(1023, at), [local.set(at, 0)]),
      brIf(again, local.tee(multiply.params.times, i32.sub(multiply.params.times, 1))),
    ]),
    local.set(at, 0),
    ...rows.flatMap(({ sums }, row) => sums.map((sum, k) => v128.store(at, sum, 4096 + 16 * (row * vectors + k)))),
  );

  const read = module.func("read", { at: "i32" }, [], { export: "read" });
  const parts = each(4, () => read.local("v128"));
  read.emit(
    loop((again) => [
      ...parts.map((part, k) => local.set(part, v128.or(part, v128.load(read.params.at, 16 * k)))),
      brIf(again, i32.ltU(local.tee(read.params.at, i32.add(read.params.at, 64)), PAGES * PAGE)),
    ]),
    ...parts.map((part, k) => v128.store(0, part, 4096 + 16 * k)),
  );
  return module.toBytes();
}
