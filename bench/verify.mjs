/** Whether a result may be timed: what an engine answers must be what Rhyton answers, and that what the definition says. */
import { numbersFor, sumOf } from "./layers.mjs";
import { readFloats } from "./material.mjs";
import { size } from "./networks.mjs";
import { predictOne } from "./reference.mjs";

/** Outputs: the largest difference, relative to the largest expected value. */
const OUTPUTS = 1e-4;
/** Losses of the first steps, relative. Optimizers differ by where they add a tiny number. */
const LOSSES = 1e-4;
/** Sums over a layer's result, relative: of hundreds of thousands of numbers in float32. */
const SUMS = 1e-4;

/** Judges the answers to `check` of one job; the first output that is right becomes what all others must be. */
export class Judge {
  #job;
  #material;
  #outputs = new Map();
  #sums = new Map();

  constructor(job, material) {
    this.#job = job;
    this.#material = material;
  }

  /** @throws Error when the answer is wrong. */
  judge(measure, { losses, output, sum }) {
    if (losses !== undefined) this.#judgeLosses(measure, losses);
    if (output !== undefined) this.#judgeOutput(measure, readFloats(output));
    if (sum !== undefined) this.#judgeSum(measure, sum);
  }

  #judgeLosses({ batch }, losses) {
    const { losses: known } = this.#job;
    if (known === undefined && !(losses.at(-1) < losses[0])) throw new Error(`wrong: the losses are ${losses}`);
    (known ?? [this.#lossOf(batch)]).slice(0, losses.length).forEach((expected, step) => {
      if (!(Math.abs(losses[step] - expected) <= LOSSES * expected)) {
        throw new Error(`wrong: the loss of step ${step + 1} is ${losses[step]}, expected ${expected}`);
      }
    });
  }

  /** Binary cross-entropy of the output that was judged for this batch. */
  #lossOf(batch) {
    const output = this.#outputs.get(batch);
    const sum = output.reduce((total, p, i) => {
      const x = this.#material.samples[i];
      return total - x * Math.log(p) - (1 - x) * Math.log(1 - p);
    }, 0);
    return sum / output.length;
  }

  #judgeOutput(measure, output) {
    const expected = this.#outputs.get(measure.batch);
    if (expected !== undefined) {
      compare(output, expected, "from that of Rhyton");
      return;
    }
    const { network } = this.#job;
    const { weights, samples } = this.#material;
    const one = predictOne(network, weights, samples.subarray(0, size(network.input)));
    compare(output.subarray(0, one.length), one, "from the definition");
    if (output.length !== one.length * measure.batch) throw new Error(`wrong: ${output.length} numbers`);
    this.#outputs.set(measure.batch, output);
  }

  #judgeSum({ name, layer, batch }, sum) {
    if (!this.#sums.has(name)) this.#sums.set(name, sumOf(layer, batch, numbersFor(layer, batch)));
    const expected = this.#sums.get(name);
    if (!(Math.abs(sum - expected) <= SUMS * Math.abs(expected))) {
      throw new Error(`wrong: the result adds up to ${sum}, expected ${expected}`);
    }
  }
}

function compare(actual, expected, what) {
  if (actual.length !== expected.length) throw new Error(`wrong: ${actual.length} numbers for ${expected.length}`);
  let [worst, most] = [0, 0];
  expected.forEach((value, i) => {
    worst = Math.max(worst, Math.abs(actual[i] - value));
    most = Math.max(most, Math.abs(value));
  });
  // NaN is no number that is small enough.
  if (actual.some((value) => !Number.isFinite(value)) || !(worst <= OUTPUTS * most)) {
    throw new Error(`wrong: the output is ${worst} ${what}, whose largest is ${most}; allowed are ${OUTPUTS * most}`);
  }
}
