/** Whether a device gives the numbers of `interp`: every op, its values and its gradients, on this machine. */
import type { NdArray } from "../core/array.ts";
import type { Device } from "../device/device.ts";
import { interp } from "../device/interp.ts";
import { makeCheck } from "../device/wasm/self-check.ts";
import type { Tensor } from "../graph/tensor.ts";
import { stepScalar } from "../ops/index.ts";
import { gradients } from "../passes/gradient.ts";
import { type OpCase, opCases } from "./cases.ts";
import { forEachSample, lossOf, makeOperands } from "./operands.ts";
import { type RunOptions, run, withSamples } from "./run.ts";
import { difference, largest, type Numbers } from "./values.ts";

/** A result that is not that of `interp`. */
export interface Disagreement {
  /** The op as the compiler prints it, and which case of it. */
  readonly op: string;
  /** Which case it was. */
  readonly case: string;
  /** `"values"`, `"gradient 0"`, `"loss"`, or the message of an error. */
  readonly what: string;
  /** The largest difference, in parts of the largest value. */
  readonly difference: number;
}

/** What the self-test of every op came to. */
export interface SelfTest {
  /** Different ops, and cases of them. */
  readonly ops: number;
  /** How many cases ran. */
  readonly cases: number;
  /** Arrays that were compared. */
  readonly compared: number;
  /** Those in which devices differ. */
  readonly disagreements: readonly Disagreement[];
  /** How long it took. */
  readonly seconds: number;
}

/** What may differ after one op in float32, in parts of the largest value of an array. */
export const TOLERANCE = 2e-5;

const SAMPLES = 5;
/** The last batch is short. */
const BATCH = 3;
const STEP_SCALAR = 1.5;

const reference = interp("float64");

/** A result alone, then with its gradients, since other tensors fuse then. */
export async function compareCase(
  device: Device,
  subject: Pick<OpCase, "operands" | "build" | "order">,
  compared: (what: string, actual: Numbers, expected: Numbers) => void,
): Promise<void> {
  const { tensors, feeds } = makeOperands(subject.operands, SAMPLES, 11);
  const scalar = stepScalar("scalar");
  const scalars = [[scalar, STEP_SCALAR]] as const;
  const options: RunOptions = { feeds: withSamples(feeds, SAMPLES), batchSize: BATCH, scalars };
  const y = subject.build(tensors, scalar);
  const loss = lossOf(y, 2, true);
  const like = options.feeds[0].tensor;
  const slopes = subject.order === 0 ? [] : gradients(loss, tensors);
  const all: Tensor[] = [y, ...slopes.map((g, i) => (tensors[i].perSample ? forEachSample(g, like) : g))];
  for (const wanted of [[y], all]) {
    const expected = await run(reference, wanted, options, [loss]);
    const actual = await run(device, wanted, options, [loss]);
    for (const i of wanted.keys()) {
      compared(i === 0 ? "values" : `gradient ${i - 1}`, actual.values[i], expected.values[i]);
    }
    compared("loss", actual.totals, expected.totals);
  }
}

/** Lets the page or the process do other things, now and then. */
class Breath {
  #since = performance.now();

  async take(): Promise<void> {
    if (performance.now() - this.#since < 30) return;
    await new Promise((resolve) => setTimeout(resolve, 0));
    this.#since = performance.now();
  }
}

/** @param onProgress - told after each case how many are done, and how many there are. */
export async function selfTest(device: Device, onProgress?: (done: number, all: number) => void): Promise<SelfTest> {
  const start = performance.now();
  const breath = new Breath();
  const cases = opCases();
  const disagreements: Disagreement[] = [];
  let compared = 0;
  for (const [i, c] of cases.entries()) {
    const wrong = (what: string, by: number): void => {
      disagreements.push({ op: c.op.name, case: c.name, what, difference: by });
    };
    try {
      await compareCase(device, c, (what, actual, expected) => {
        compared++;
        const by = difference(actual, expected) / Math.max(largest(expected), 1e-30);
        if (!(by <= TOLERANCE)) wrong(what, by);
      });
    } catch (error) {
      wrong(error instanceof Error ? error.message : String(error), Number.POSITIVE_INFINITY);
    }
    onProgress?.(i + 1, cases.length);
    await breath.take();
  }
  const ops = new Set(cases.map((c) => c.op)).size;
  return { ops, cases: cases.length, compared, disagreements, seconds: (performance.now() - start) / 1000 };
}

/** Enough for workers to be worth waking. */
const CHECK_SAMPLES = 200;

/** Whether training steps of a small network leave the same bits on two devices. */
export async function sameTraining(one: Device, other: Device): Promise<boolean> {
  const [a, b] = [await trained(one), await trained(other)];
  return a.length === b.length && a.every((value, i) => Object.is(value, b[i]));
}

async function trained(device: Device): Promise<number[]> {
  const { graph, weights, samples } = makeCheck();
  const x: NdArray = samples(20);
  const order = Uint32Array.from({ length: CHECK_SAMPLES }, (_, i) => (i * 7) % 20);
  const { totals } = await device.compile({ ...graph, outputs: [] }).run({ inputs: [x], order, batchSize: 50 });
  return [...totals, ...weights.flatMap(({ value }) => [...(value ?? [])])];
}
