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
import { ended } from "./control.ts";
import { MessageHost } from "./host-message.ts";
import { Image } from "./image.ts";
import { MOST_PAGES } from "./memory.ts";
import { cellsOf, type Generated, generating } from "./module.ts";
import { controlBlock, frameOf, place } from "./placing.ts";
import { nextProgram, Pool } from "./pool.ts";
import { wide } from "./profile.ts";
import { type Check, makeCheck } from "./self-check.ts";
import { warnOnce } from "./support.ts";

const FIRST_NODE = 24;
/** Enough for every kernel to become worth optimizing. */
const SAMPLES = 797;
const BATCH = 8;
const FLAG = "experimental-wasm-revectorize";

/** Whether the environment asks for wide vectors. */
export const wideWanted = (): boolean => inNode() && process.env.RHYTON_WIDE === "1";

/** Answers whether wide vectors work, when that is known. */
type Verdict = () => Promise<boolean>;

let check: Promise<Verdict> | undefined;

/**
 * Begins to switch wide vectors on for this process, the first time. Done when what remains happens in a worker, beside
 * which the calling thread has time for other things.
 */
export function beginWide(): Promise<Verdict> {
  check ??= begin();
  return check;
}

/** Switches wide vectors on for this process, the first time; false, after a warning, where they cannot be had. */
export const wideVectors = async (): Promise<boolean> => (await beginWide())();

async function begin(): Promise<Verdict> {
  const node = inNode() ? Number.parseInt(process.versions.node, 10) : 0;
  if (node < FIRST_NODE) {
    const here = node > 0 ? `this is Node ${node}` : "this is a browser";
    warnOnce(`wide vectors need Node ${FIRST_NODE} or later, and ${here}: going on with narrow ones.`);
    return async () => false;
  }
  // A worker of its own, that starts while the code is made and ends with the check.
  const pool = new Pool();
  pool.begin(1);
  const made = makeCheck();
  const generated = await inTurns(codeOf(made));
  const bytes = await inTurns(generated.module.encoding());
  const verdict = switchOn({ made, generated, bytes, pool })
    .catch((error) => {
      warnOnce(`wide vectors could not be checked (${error}): going on with narrow ones.`);
      return false;
    })
    .finally(() => pool.end(0));
  return () => verdict;
}

function* codeOf({ graph }: Check): Pieces<Generated> {
  return yield* generating(yield* lowering(yield* preparing({ ...graph, outputs: [] })), wide, false);
}

interface Checked {
  readonly made: Check;
  readonly generated: Generated;
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly pool: Pool;
}

async function switchOn(checked: Checked): Promise<boolean> {
  const v8 = process.getBuiltinModule("node:v8");
  const expected = await train(checked, checked.bytes);
  v8.setFlagsFromString(`--${FLAG}`);
  // What runs often is compiled again by the optimizing compiler, which is the one that pairs vectors: at once, there.
  v8.setFlagsFromString("--wasm-sync-tier-up");
  let same = false;
  try {
    // With an empty section behind it the module is another one, so that it is compiled anew.
    const actual = await train(checked, Uint8Array.from([...checked.bytes, 0, 1, 0]));
    same = actual.every((bits, i) => bits === expected[i]);
    if (!same) warnOnce("wide vectors give other numbers in this version of Node: going on with narrow ones.");
  } finally {
    v8.setFlagsFromString("--no-wasm-sync-tier-up");
    if (!same) v8.setFlagsFromString(`--no-${FLAG}`);
  }
  return same;
}

/** Some training steps in the worker; the bits of all that they leave. */
async function train({ made, generated, pool }: Checked, module: Uint8Array<ArrayBuffer>): Promise<Int32Array> {
  const order = new Uint32Array(SAMPLES).map((_, i) => (i * 7) % 20);
  const work: Work = { inputs: [made.samples(20)], order, batchSize: BATCH };
  const frame = frameOf(generated, 1, MOST_PAGES);
  const places = place(generated, frame, work, checkWork(work, generated.lowered.inputs));
  const host = new MessageHost({ id: nextProgram(), module: await WebAssembly.compile(module) }, pool);
  const image = new Image(generated);
  await host.write(places.pages, image.missing(places));
  const count = cellsOf(generated.lowered.totals);
  let totals: Float64Array = new Float64Array(count);
  for (let done = 0; done < places.plan.steps; ) {
    const block = controlBlock(generated, places, { done, totals, workers: 1, spin: 0, prepared: false });
    const after = await host.run(block, { signal: undefined, progress: () => {} });
    done += after.get("stepsDone");
    totals = after.totals(count);
    // Numbers that are not finite end the run, and are others than the right ones.
    if (after.get("status") === ended.guard) break;
  }
  const bits = [...new Int32Array(totals.buffer)];
  for (const { at, size } of image.updated) {
    const value = new Float32Array(size);
    await host.read(at, value);
    bits.push(...new Int32Array(value.buffer));
  }
  return Int32Array.from(bits);
}
