/**
 * Wide vectors: V8 from Node 24 on can pair two 128-bit vectors into one of 256. That is experimental there, so it is
 * used only when asked for, and only if code compiled with it gives the same bits as code compiled before.
 */
import { lower } from "../../kernel/lower.ts";
import { prepare } from "../../passes/prepare.ts";
import type { Work } from "../device.ts";
import { checkWork } from "../work.ts";
import { ControlBlock, controlBytes } from "./control.ts";
import { Image } from "./image.ts";
import { MOST_PAGES } from "./memory.ts";
import { cellsOf, generate } from "./module.ts";
import { controlBlock, frameOf, place } from "./placing.ts";
import { narrow, type Profile, wide } from "./profile.ts";
import { makeCheck } from "./self-check.ts";
import { inNode, warnOnce } from "./support.ts";

const FIRST_NODE = 24;
/** Enough for every kernel to become worth optimizing. */
const SAMPLES = 797;
const FLAG = "experimental-wasm-revectorize";

/** Whether the environment asks for wide vectors. */
export const wideWanted = (): boolean => inNode && process.env.RHYTON_WIDE === "1";

let works: boolean | undefined;

/** Switches wide vectors on for this process, the first time; false, after a warning, where they cannot be had. */
export function wideVectors(): boolean {
  works ??= switchOn();
  return works;
}

function switchOn(): boolean {
  const node = inNode ? Number.parseInt(process.versions.node, 10) : 0;
  if (node < FIRST_NODE) {
    const here = node > 0 ? `this is Node ${node}` : "this is a browser";
    warnOnce(`wide vectors need Node ${FIRST_NODE} or later, and ${here}: going on with narrow ones.`);
    return false;
  }
  const v8 = process.getBuiltinModule("node:v8");
  const expected = train(narrow);
  v8.setFlagsFromString(`--${FLAG}`);
  // What runs often is compiled again by the optimizing compiler, which is the one that pairs vectors: at once, here.
  v8.setFlagsFromString("--wasm-sync-tier-up");
  const actual = train(wide);
  v8.setFlagsFromString("--no-wasm-sync-tier-up");
  const same = actual.every((byte, i) => byte === expected[i]);
  if (!same) {
    v8.setFlagsFromString(`--no-${FLAG}`);
    warnOnce("wide vectors give other numbers in this version of Node: going on with narrow ones.");
  }
  return same;
}

/** Some training steps on the calling thread; the bytes of all that they leave. */
function train(profile: Profile): Uint8Array {
  const check = makeCheck();
  const generated = generate(lower(prepare({ ...check.graph, outputs: [] })), profile, false);
  const order = new Uint32Array(SAMPLES).map((_, i) => (i * 7) % 20);
  const work: Work = { inputs: [check.samples(20)], order, batchSize: 8 };
  const frame = frameOf(generated, 1, MOST_PAGES);
  const places = place(generated, frame, work, checkWork(work, generated.lowered.inputs));
  const memory = new WebAssembly.Memory({ initial: places.pages, maximum: MOST_PAGES });
  const bytes = new Uint8Array(memory.buffer);
  const image = new Image(generated);
  for (const { at, data } of image.missing(places)) if (data) bytes.set(data, at);
  const totals = new Float64Array(cellsOf(generated.lowered.totals));
  const start = { done: 0, totals, workers: 1, spin: 0, prepared: false };
  bytes.set(controlBlock(generated, places, start).bytes);
  const module = new WebAssembly.Module(generated.module.toBytes());
  const { exports } = new WebAssembly.Instance(module, { env: { memory } });
  (exports.run as (worker: number) => void)(0);
  const weights = image.updated.flatMap(({ at, size }) => [...bytes.subarray(at, at + 4 * size)]);
  const sums = new ControlBlock(controlBytes(totals.length), memory.buffer).totals(totals.length);
  return Uint8Array.from([...weights, ...new Uint8Array(sums.buffer)]);
}
