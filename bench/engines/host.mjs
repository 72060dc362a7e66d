/**
 * An engine for Node in a process of its own: `node host.mjs ENGINE.mjs`. Requests come as lines of JSON on the standard
 * input and are answered as lines of JSON on the standard output, in order; host.py speaks the same for Python.
 *
 *   { ask: "hello" }                        → { engine, version, variants } or { missing: how to get it }
 *   { ask: "prepare", folder, variant, … }  → the job in that folder is read
 *   { ask: "check", measure }               → first step on a fresh model: { first: ms, losses }, { first, output: file },
 *                                             { first, sum } or { unable: why }
 *                                             and `epoch`, whether it goes over many batches in one call
 *   { ask: "run", measure, steps }          → { ms } for one step
 *   { ask: "memory" }                       → { peak, sizes }: the most memory this process had, in bytes
 *   { ask: "quit" }
 *
 * An engine exports `hello()` and `prepare(settings)`, which answers `open(measure)`, which answers a session:
 * `step()` does one step on the first batch and answers the loss or the output, `answer` brings that output to channels
 * last; `epoch(steps)`, where an engine has such a thing, goes over so many batches. `began` says when compiling began, if
 * not at once; `bytes` how large the generated code is. Or `{ unable: why }` where an engine cannot do it.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";
import { readFloats } from "../material.mjs";

/** Losses that are compared, and the milliseconds of a first step after which two must do. */
const LOSSES = 3;
const SLOW = 5000;

const write = process.stdout.write.bind(process.stdout);
// What libraries print must not be taken for an answer.
console.log = console.error;
console.info = console.error;

/** Whether a run of the measure is one call of the engine that goes over many batches. */
const isEpoch = (measure, session) => measure.steps !== undefined && session.epoch !== undefined;

let engine;
let settings;
let open;
const sessions = new Map();

const answers = {
  async hello() {
    engine = await import(pathToFileURL(process.argv[2]).href);
    return engine.hello();
  },

  async prepare(given) {
    const job = JSON.parse(readFileSync(join(given.folder, "job.json"), "utf8"));
    settings = given;
    const files = job.network === undefined ? [] : ["weights", "samples"];
    const arrays = files.map((name) => [name, readFloats(join(given.folder, `${name}.f32`))]);
    open = await engine.prepare({ ...given, job, ...Object.fromEntries(arrays) });
    return {};
  },

  async check({ measure }) {
    const start = performance.now();
    const session = await open(measure);
    if (session.unable !== undefined) return session;
    sessions.set(measure.name, session);
    let result = await session.step();
    const first = performance.now() - (session.began ?? start);
    if (measure.kind === "layer") return { first, sum: result, epoch: isEpoch(measure, session) };
    if (measure.kind === "train") {
      const losses = [result];
      while (losses.length < (first < SLOW ? LOSSES : 2)) losses.push(await session.step());
      return { first, losses, epoch: isEpoch(measure, session) };
    }
    result = session.answer?.(result) ?? result;
    const output = join(settings.folder, `${process.pid}.f32`);
    writeFileSync(output, new Uint8Array(result.buffer, result.byteOffset, result.byteLength));
    return { first, output, epoch: isEpoch(measure, session) };
  },

  async run({ measure, steps }) {
    const session = sessions.get(measure.name);
    globalThis.gc?.();
    if (isEpoch(measure, session)) {
      const start = performance.now();
      await session.epoch(steps);
      return { ms: (performance.now() - start) / steps };
    }
    // Each call by itself, and the median of them: a pause for garbage is not the time of a call.
    const times = [];
    for (let step = 0; step < steps; step++) {
      const start = performance.now();
      await session.step();
      times.push(performance.now() - start);
    }
    times.sort((a, b) => a - b);
    return { ms: (times[(steps - 1) >> 1] + times[steps >> 1]) / 2 };
  },

  memory() {
    const sizes = Object.fromEntries(
      [...sessions].map(([name, { bytes }]) => [name, bytes?.()]).filter(([, n]) => n !== undefined),
    );
    return { peak: process.resourceUsage().maxRSS * 1024, sizes };
  },

  quit: () => process.exit(),
};

const lines = createInterface({ input: process.stdin });
let last = Promise.resolve();
lines.on("line", (line) => {
  last = last.then(async () => {
    const { ask, ...request } = JSON.parse(line);
    let answer;
    try {
      answer = { result: await answers[ask](request) };
    } catch (error) {
      answer = { error: error instanceof Error ? (error.stack ?? error.message) : String(error) };
    }
    write(`${JSON.stringify(answer)}\n`);
  });
});
lines.on("close", () => process.exit());
