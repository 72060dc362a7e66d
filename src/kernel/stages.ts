/**
 * Stages: what can run for one sample after another without meeting the other samples, and what must wait for all.
 *
 * Shared stages (even) and sample stages (odd) alternate. A sample stage ends where the samples meet: a partial is
 * collected. Within a shared stage, kernels of one level do not depend on each other.
 */
import { atOnce, type Pieces } from "../core/pieces.ts";
import { type Buffer, type Kernel, type Lowered, ownerOf } from "./kernel.ts";
import { readsOf } from "./reads.ts";

export interface Stage {
  readonly perSample: boolean;
  /** Sample stages have one level, in order; shared stages one for each wait. */
  readonly levels: readonly (readonly Kernel[])[];
  /** The stage that changes variables: it runs after the guard has been looked at. */
  readonly commit: boolean;
}

export const planStages = (lowered: Lowered): Stage[] => atOnce(planningStages(lowered));

/** The same in pieces: a kernel each. */
export function* planningStages(lowered: Lowered): Pieces<Stage[]> {
  const stageOf = new Map<Kernel, number>();
  const levelOf = new Map<Kernel, number>();
  const written = new Map<Buffer, Kernel[]>();
  const commits = commitKernels(lowered);

  // A clear belongs right before what is added to it: between stages its zeros would have to be kept.
  const clears = new Map<Buffer, Kernel>();
  for (const kernel of lowered.kernels) {
    if (commits.has(kernel)) continue;
    if (kernel.kind === "clear") {
      clears.set(ownerOf(kernel.out), kernel);
      stageOf.set(kernel, kernel.perSample ? 1 : 0);
      levelOf.set(kernel, 0);
      continue;
    }
    const owners = [...new Set(readsOf(kernel).map(ownerOf))];
    const before = [...owners.flatMap((b) => written.get(b) ?? []), ...(written.get(ownerOf(kernel.out)) ?? [])];
    let stage = kernel.perSample ? 1 : 0;
    for (const b of before) {
      const other = stageOf.get(b) as number;
      stage = Math.max(stage, b.perSample === kernel.perSample ? other : other + 1);
    }
    const same = before.filter((b) => stageOf.get(b) === stage);
    stageOf.set(kernel, stage);
    levelOf.set(kernel, kernel.perSample ? 0 : Math.max(-1, ...same.map((b) => levelOf.get(b) as number)) + 1);
    const clear = clears.get(ownerOf(kernel.out));
    if (clear) {
      clears.delete(ownerOf(kernel.out));
      const level = levelOf.get(kernel) as number;
      stageOf.set(clear, stage);
      levelOf.set(clear, level);
      if (!kernel.perSample) levelOf.set(kernel, level + 1);
    }
    written.set(ownerOf(kernel.out), [...(written.get(ownerOf(kernel.out)) ?? []), kernel]);
    yield;
  }

  const last = Math.max(0, ...stageOf.values());
  const stages: Stage[] = [];
  for (let s = 0; s <= last; s++) {
    const kernels = lowered.kernels.filter((k) => stageOf.get(k) === s);
    if (kernels.length > 0) stages.push({ perSample: s % 2 === 1, levels: byLevel(kernels, levelOf), commit: false });
  }
  const updates = lowered.kernels.filter((k) => commits.has(k));
  if (updates.length > 0)
    stages.push({ perSample: false, levels: byLevel(updates, commitLevels(updates)), commit: true });
  return stages;
}

function byLevel(kernels: readonly Kernel[], levelOf: ReadonlyMap<Kernel, number>): Kernel[][] {
  const levels: Kernel[][] = [];
  for (const k of kernels) {
    const level = levelOf.get(k) as number;
    levels[level] = [...(levels[level] ?? []), k];
  }
  return levels;
}

/** Kernels that write variables, and those that read what these wrote. */
function commitKernels(lowered: Lowered): Set<Kernel> {
  const variables = new Set(lowered.updates.map((u) => u.to));
  const commits = new Set<Kernel>();
  const changed = new Set<Buffer>();
  for (const kernel of lowered.kernels) {
    const out = ownerOf(kernel.out);
    if (variables.has(out) || readsOf(kernel).some((b) => changed.has(ownerOf(b)))) {
      commits.add(kernel);
      changed.add(out);
    }
  }
  return commits;
}

/** Levels among updates: a kernel that reads or writes what another of them wrote or read waits for it. */
function commitLevels(kernels: readonly Kernel[]): Map<Kernel, number> {
  const levels = new Map<Kernel, number>();
  kernels.forEach((kernel, i) => {
    const [reads, out] = [new Set(readsOf(kernel).map(ownerOf)), ownerOf(kernel.out)];
    let level = 0;
    for (const other of kernels.slice(0, i)) {
      const meets =
        reads.has(ownerOf(other.out)) || ownerOf(other.out) === out || readsOf(other).some((b) => ownerOf(b) === out);
      if (meets) level = Math.max(level, (levels.get(other) as number) + 1);
    }
    levels.set(kernel, level);
  });
  return levels;
}
