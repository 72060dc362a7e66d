/**
 * Kernels that do several samples at once. A dense layer uses every weight once a sample, and its gradient adds to every
 * weight's sum once a sample: sample by sample most of their time goes into reading and writing these. With the samples
 * as one more loop a weight is read once for all of them.
 *
 * Each result is added up in the order in which it would be sample by sample, so the bits are the same.
 */
import { sizeOf } from "../core/array.ts";
import { iterationsOf, type Loop } from "../expr/expr.ts";
import { chooseForm } from "./form.ts";
import { type Buffer, belongsToSample, type Kernel, type NestKernel, ownerOf } from "./kernel.ts";
import type { Layout } from "./layout.ts";
import { loadsOf } from "./reads.ts";

/** Samples at once: enough to make reading weights cheap, few enough for small batches to be shared out evenly. */
const MOST_SAMPLES = 4;
/** What the values of these samples may take together: about half of a second-level cache. */
const MOST_BYTES = 512 << 10;
/** Weights from which on it matters, and how often a sample may use each of them. */
const FEWEST_WEIGHTS = 4096;
const MOST_USES = 4;

/** Of all iterations of a sample, the share from which on these kernels are a good part of its time. */
const FEWEST_ITERATIONS = 1 / 16;

/** How many samples a program does at once; 1 where few of its iterations gain from more. */
export function samplesAtOnce(kernels: readonly Kernel[], { sizes }: Pick<Layout, "sizes">): number {
  const nests = kernels.filter((k): k is NestKernel => k.kind === "nest" && k.perSample);
  const sum = (of: readonly NestKernel[]): number => of.reduce((n, k) => n + iterations(k), 0);
  if (sum(nests.filter(gainsFromSamples)) <= FEWEST_ITERATIONS * sum(nests)) return 1;
  return Math.max(1, Math.min(MOST_SAMPLES, Math.floor(MOST_BYTES / sizes.arena)));
}

const iterations = ({ loops, reduce }: NestKernel): number => iterationsOf([...loops, ...reduce]);

/** Whether a kernel uses each of many weights, or adds to each of their sums, only a few times a sample. */
export function gainsFromSamples(kernel: Kernel): kernel is NestKernel {
  if (kernel.kind !== "nest" || !kernel.perSample || kernel.combine !== "sum") return false;
  if (kernel.accumulate && kernel.value && kernel.result.kind !== "reduced") return false;
  const uses = iterations(kernel);
  const shared = loadsOf(kernel.value)
    .map((l) => l.source as Buffer)
    .filter((b) => !belongsToSample(ownerOf(b)));
  const rarely = ({ shape }: Buffer): boolean => {
    const weights = sizeOf(shape);
    return weights >= FEWEST_WEIGHTS && uses <= MOST_USES * weights;
  };
  if (!(kernel.accumulate ? [kernel.out] : shared).some(rarely)) return false;
  const loads = loadsOf(kernel.value, kernel.result);
  if (loads.some(({ source, outside }) => ownerOf(source as Buffer).place.kind === "input" || outside === "skip"))
    return false;
  // Along the reduction the order of additions depends on how many results there are.
  return chooseForm(kernel).kind === "across";
}

/** The kernel over `samples`: a loop of results, or of the sum where it adds to what is there. */
export function overSamples(kernel: NestKernel, samples: Loop): NestKernel {
  if (!kernel.accumulate) return { ...kernel, loops: [samples, ...kernel.loops] };
  return {
    ...kernel,
    reduce: [samples, ...kernel.reduce],
    value: kernel.value ?? kernel.result,
    result: { kind: "reduced" },
  };
}
