/**
 * Wide vectors: V8 from Node 24 on can pair two 128-bit vectors into one of 256. That is experimental there, so it is
 * used only when asked for, and only if code compiled with it gives the same bits as the same code compiled before.
 */

import { inNode } from "../../core/node.ts";
import { inTurns, type Pieces } from "../../core/pieces.ts";
import { lowering } from "../../kernel/lower.ts";
import { preparing } from "../../passes/prepare.ts";
import type { Work } from "../device.ts";
import { checkWork } from "../work.ts";
import { ControlBlock, controlBytes } from "./control.ts";
import { Image } from "./image.ts";
import { MOST_PAGES } from "./memory.ts";
import { cellsOf, type Generated, generating } from "./module.ts";
import { controlBlock, frameOf, place } from "./placing.ts";
import { wide } from "./profile.ts";
import { type Check, makeCheck } from "./self-check.ts";
import { warnOnce } from "./support.ts";

const FIRST_NODE = 24;
/** Enough for every kernel to become worth optimizing. */
const SAMPLES = 797;
const BATCH = 8;
/** Steps in a piece: a few milliseconds. */
const STEPS = 4;
const FLAG = "experimental-wasm-revectorize";

/** Whether the environment asks for wide vectors. */
export const wideWanted = (): boolean => inNode() && process.env.RHYTON_WIDE === "1";

let works: Promise<boolean> | undefined;

/** Switches wide vectors on for this process, the first time; false, after a warning, where they cannot be had. */
export function wideVectors(): Promise<boolean> {
  works ??= switchOn();
  return works;
}

async function switchOn(): Promise<boolean> {
  const node = inNode() ? Number.parseInt(process.versions.node, 10) : 0;
  if (node < FIRST_NODE) {
    const here = node > 0 ? `this is Node ${node}` : "this is a browser";
    warnOnce(`wide vectors need Node ${FIRST_NODE} or later, and ${here}: going on with narrow ones.`);
    return false;
  }
  const v8 = process.getBuiltinModule("node:v8");
  const check = makeCheck();
  const generated = await inTurns(codeOf(check));
  const bytes = await inTurns(generated.module.encoding());
  const expected = await train(check, generated, bytes);
  v8.setFlagsFromString(`--${FLAG}`);
  // What runs often is compiled again by the optimizing compiler, which is the one that pairs vectors: at once, here.
  v8.setFlagsFromString("--wasm-sync-tier-up");
  // With an empty section behind it the module is another one, so that it is compiled anew.
  const actual = await train(check, generated, Uint8Array.from([...bytes, 0, 1, 0]));
  v8.setFlagsFromString("--no-wasm-sync-tier-up");
  const same = actual.every((byte, i) => byte === expected[i]);
  if (!same) {
    v8.setFlagsFromString(`--no-${FLAG}`);
    warnOnce("wide vectors give other numbers in this version of Node: going on with narrow ones.");
  }
  return same;
}

function* codeOf({ graph }: Check): Pieces<Generated> {
  return yield* generating(yield* lowering(yield* preparing({ ...graph, outputs: [] })), wide, false);
}

/** Some training steps on the calling thread; the bytes of all that they leave. */
async function train(check: Check, generated: Generated, module: Uint8Array<ArrayBuffer>): Promise<Uint8Array> {
  const order = new Uint32Array(SAMPLES).map((_, i) => (i * 7) % 20);
  const work: Work = { inputs: [check.samples(20)], order, batchSize: BATCH };
  const frame = frameOf(generated, 1, MOST_PAGES);
  const places = place(generated, frame, work, checkWork(work, generated.lowered.inputs));
  const memory = new WebAssembly.Memory({ initial: places.pages, maximum: MOST_PAGES });
  const bytes = new Uint8Array(memory.buffer);
  const image = new Image(generated);
  for (const { at, data } of image.missing(places)) if (data) bytes.set(data, at);
  const { instance } = await WebAssembly.instantiate(module, { env: { memory } });
  const run = instance.exports.run as (worker: number) => void;
  const totals = new Float64Array(cellsOf(generated.lowered.totals));
  const live = new ControlBlock(controlBytes(totals.length), memory.buffer);
  const steps = function* (): Pieces<void> {
    for (let done = 0; done < places.plan.steps; done += STEPS) {
      const block = controlBlock(generated, places, { done, totals, workers: 1, spin: 0, prepared: false });
      block.set("steps", Math.min(STEPS, places.plan.steps - done));
      live.bytes.set(block.bytes);
      run(0);
      totals.set(live.totals(totals.length));
      yield;
    }
  };
  await inTurns(steps());
  const weights = image.updated.flatMap(({ at, size }) => [...bytes.subarray(at, at + 4 * size)]);
  return Uint8Array.from([...weights, ...new Uint8Array(totals.buffer)]);
}
