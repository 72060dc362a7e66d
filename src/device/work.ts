/** Checks a `Work` against the inputs of a program: what every device relies on. */
import { sizeOf } from "../core/array.ts";
import { internalError } from "../core/errors.ts";
import type { Buffer } from "../kernel/kernel.ts";
import type { Work } from "./device.ts";

export interface RunPlan {
  readonly count: number;
  readonly firstStep: number;
  readonly steps: number;
  /** Places that the steps cover. */
  readonly places: number;
}

/** @throws RhytonError `internal`: callers check what users give them before. */
export function checkWork(work: Work, inputs: readonly Buffer[]): RunPlan {
  const problem = (text: string) => internalError({ where: "run", problem: text });
  if (work.inputs.length !== inputs.length) throw problem(`${work.inputs.length} arrays for ${inputs.length} inputs`);
  const length = work.inputs[0]?.shape[0] ?? 0;
  inputs.forEach((buffer, k) => {
    const { data, shape } = work.inputs[k];
    if (shape[0] !== length || data.length !== length * sizeOf(buffer.shape)) {
      throw problem(`input ${buffer.name} has ${data.length} numbers for ${length} samples of [${buffer.shape}]`);
    }
  });
  const count = work.count ?? work.order?.length ?? length;
  const all = Math.ceil(count / work.batchSize);
  const firstStep = work.firstStep ?? 0;
  const steps = work.steps ?? all - firstStep;
  if (
    !(work.batchSize > 0) ||
    firstStep < 0 ||
    steps < 0 ||
    firstStep + steps > all ||
    count > (work.order?.length ?? length)
  ) {
    throw problem(`steps ${firstStep} to ${firstStep + steps} of ${all}, ${count} samples of ${length}`);
  }
  const places = Math.max(0, Math.min(count, (firstStep + steps) * work.batchSize) - firstStep * work.batchSize);
  return { count, firstStep, steps, places };
}
