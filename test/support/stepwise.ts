/**
 * Tensors computed one op at a time: every op is a program of its own over leaves, so that nothing fuses. What lowering
 * makes of the whole graph must give the same values.
 */
import { interp } from "../../src/device/interp.ts";
import { topological } from "../../src/graph/graph.ts";
import { apply } from "../../src/graph/op.ts";
import type { Tensor } from "../../src/graph/tensor.ts";
import { type Feed, feed, type RunOptions, run, weight, withSamples } from "./run.ts";

/** The values of `roots`; the whole feeds are one batch. Values between the ops are rounded to float32. */
export async function stepwise(roots: readonly Tensor[], options: RunOptions): Promise<Float32Array[]> {
  const device = interp("float64");
  const { samples } = options.feeds[0];
  const known = new Map<Tensor, Float32Array>();
  for (const t of topological(roots)) {
    if (t.inputs.length === 0) {
      known.set(t, (await run(device, [t], { ...options, batchSize: samples })).values[0]);
      continue;
    }
    const feeds: Feed[] = [];
    const leaves = new Map<Tensor, Tensor>();
    for (const x of t.inputs) {
      if (leaves.has(x)) continue;
      const values = known.get(x) as Float32Array;
      if (x.perSample) {
        feeds.push(feed(`x${feeds.length}`, x.shape, samples, values));
        leaves.set(x, feeds[feeds.length - 1].tensor);
      } else leaves.set(x, weight(`w${leaves.size}`, x.shape, values));
    }
    const alone = apply(
      t.op,
      t.inputs.map((x) => leaves.get(x) as Tensor),
      t.attributes,
    );
    known.set(t, (await run(device, [alone], { feeds: withSamples(feeds, samples) })).values[0]);
  }
  return roots.map((t) => known.get(t) as Float32Array);
}
