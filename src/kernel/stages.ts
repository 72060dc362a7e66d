/**
 * Stages: what can run for one sample after another without meeting the other samples, and what must wait for all.
 *
 * Shared stages (even) and sample stages (odd) alternate. A sample stage ends where the samples meet: a partial is
 * collected. Within a shared stage, kernels of one level do not depend on each other.
 */
import { append } from "../core/lists.ts";
import { atOnce, enough, type Pieces } from "../core/pieces.ts";
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

/** The same in pieces: some kernels each. */
export function* planningStages(lowered: Lowered): Pieces<Stage[]> {
  const stageOf = new Map<Kernel, number>();
  const levelOf = new Map<Kernel, number>();
  const written = new Map<Buffer, Kernel[]>();
  const commits = yield* commitKernels(lowered);

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
    const owners = new Set([...readsOf(kernel), kernel.out].map(ownerOf));
    const before = [...owners].flatMap((b) => written.get(b) ?? []);
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
    append(written, ownerOf(kernel.out), kernel);
    if (enough()) yield;
  }

  const stages: Stage[] = [];
  const timely = lowered.kernels.filter((k) => !commits.has(k));
  grouped(timely, stageOf).forEach((kernels, s) => {
    stages.push({ perSample: s % 2 === 1, levels: grouped(kernels, levelOf), commit: false });
  });
  yield;
  const updates = lowered.kernels.filter((k) => commits.has(k));
  if (updates.length > 0)
    stages.push({ perSample: false, levels: grouped(updates, yield* commitLevels(updates)), commit: true });
  return stages;
}

/** Kernels by number, in their order; numbers that no kernel has are holes. */
function grouped(kernels: readonly Kernel[], numberOf: ReadonlyMap<Kernel, number>): Kernel[][] {
  const groups: Kernel[][] = [];
  for (const k of kernels) {
    const number = numberOf.get(k) as number;
    groups[number] ??= [];
    groups[number].push(k);
  }
  return groups;
}

/** Kernels that write variables, and those that read what these wrote. */
function* commitKernels(lowered: Lowered): Pieces<Set<Kernel>> {
  const variables = new Set(lowered.updates.map((u) => u.to));
  const commits = new Set<Kernel>();
  const changed = new Set<Buffer>();
  for (const kernel of lowered.kernels) {
    const out = ownerOf(kernel.out);
    if (variables.has(out) || readsOf(kernel).some((b) => changed.has(ownerOf(b)))) {
      commits.add(kernel);
      changed.add(out);
    }
    if (enough()) yield;
  }
  return commits;
}

/** Levels among updates: a kernel that reads or writes what another of them wrote or read waits for it. */
function* commitLevels(kernels: readonly Kernel[]): Pieces<Map<Kernel, number>> {
  const levels = new Map<Kernel, number>();
  /** The first level after all that wrote, and after all that read a buffer. */
  const [written, read] = [new Map<Buffer, number>(), new Map<Buffer, number>()];
  for (const kernel of kernels) {
    const [reads, out] = [readsOf(kernel).map(ownerOf), ownerOf(kernel.out)];
    const level = Math.max(read.get(out) ?? 0, ...[out, ...reads].map((b) => written.get(b) ?? 0));
    levels.set(kernel, level);
    written.set(out, level + 1);
    for (const b of reads) read.set(b, Math.max(read.get(b) ?? 0, level + 1));
    if (enough()) yield;
  }
  return levels;
}
