/**
 * A whole program as one WebAssembly module: kernels as functions, stages that call them, and around these what `run.ts`
 * makes. `run(worker)` is all that a worker calls.
 */
import { sizeOf } from "../../core/array.ts";
import { internalError } from "../../core/errors.ts";
import { atOnce, type Pieces } from "../../core/pieces.ts";
import { type Buffer, type CollectKernel, type Kernel, type Lowered, ownerOf } from "../../kernel/kernel.ts";
import { type Layout, planLayout } from "../../kernel/layout.ts";
import { packOperands } from "../../kernel/pack.ts";
import { readsOf } from "../../kernel/reads.ts";
import { planStages, type Stage } from "../../kernel/stages.ts";
import { splitUnits } from "../../kernel/units.ts";
import type { Element } from "./access.ts";
import { call, type Func, f32, f32x4, i32, if_, local, Module, memory, type Statement, v128 } from "./assembler.ts";
import { control, controlBytes, inputWord, most, outputWord } from "./control.ts";
import { bump, countedLoop } from "./loops.ts";
import { emitKernel } from "./nest.ts";
import type { Profile } from "./profile.ts";
import { emitBarrier, emitRun, type Part, type Plan, placementOf, scalarCount, word } from "./run.ts";

/** A program ready to be instantiated, and where its data lies. */
export interface Generated {
  readonly module: Module;
  readonly lowered: Lowered;
  readonly layout: Layout;
  readonly shards: number;
  readonly partialStart: number;
  /** First byte after what the program itself needs; arenas and data follow. */
  readonly end: number;
  /** Step scalars that the module reads: the width of a row of their table. */
  readonly scalars: number;
  /** Multiplications and additions of one sample, roughly: to decide where a run is worth waking workers for. */
  readonly costPerSample: number;
}

const PAGE = 65536;
/** Shards of a batch: enough for 8 workers to even out, few enough for their sums to stay small. */
const MOST_SHARDS = 16;
const MOST_PARTIAL_BYTES = 64 << 20;
const elements: readonly Element[] = ["float32", "uint8", "int32"];

const signature = { arena: "i32", partial: "i32", kept: "i32", source: "i32" } as const;
type KernelFunc = Func<typeof signature, "none">;

export const generate = (source: Lowered, profile: Profile, shared: boolean): Generated =>
  atOnce(generating(source, profile, shared));

/** Generates in pieces: a kernel each. */
export function* generating(source: Lowered, profile: Profile, shared: boolean): Pieces<Generated> {
  const lowered = packOperands(source);
  yield;
  const stages = planStages(lowered);
  yield;
  const totalCells = cellsOf(lowered.totals);
  const layout = planLayout(lowered, stages, controlBytes(totalCells));
  yield;
  for (const [name, limit] of Object.entries(most)) {
    const count = lowered[name as keyof typeof most].length;
    if (count > limit)
      throw internalError({ where: "wasm", problem: `${count} ${name}, at most ${limit} are supported` });
  }
  const shards = Math.max(4, Math.min(MOST_SHARDS, Math.floor(MOST_PARTIAL_BYTES / Math.max(1, layout.sizes.partial))));
  const partialStart = layout.sizes.fixed;
  const end = partialStart + shards * layout.sizes.partial;
  const builder = new ModuleBuilder({ lowered, stages, layout, shards, partialStart }, profile);
  builder.module.importMemory("env", "memory", {
    initialPages: Math.ceil(end / PAGE),
    maximumPages: 65536,
    shared,
  });
  yield* builder.build();
  const costPerSample = stages
    .filter((s) => s.perSample)
    .flatMap((s) => s.levels.flat())
    .reduce((sum, k) => sum + costOf(k), 0);
  return {
    module: builder.module,
    lowered,
    layout,
    shards,
    partialStart,
    end,
    scalars: scalarCount(layout),
    costPerSample,
  };
}

/** Cells of all these buffers together. */
export const cellsOf = (buffers: readonly Buffer[]): number => buffers.reduce((sum, b) => sum + sizeOf(b.shape), 0);

/** Iterations of a kernel's innermost body. */
export function costOf(k: Kernel): number {
  if (k.kind === "nest") return [...k.loops, ...k.reduce].reduce((n, l) => n * l.size, 1);
  return sizeOf(k.out.shape);
}

class ModuleBuilder {
  readonly module = new Module();
  private readonly plan: Plan;
  private readonly lowered: Lowered;
  private readonly stages: readonly Stage[];
  private readonly layout: Layout;
  private readonly profile: Profile;

  constructor(plan: Plan, profile: Profile) {
    this.plan = plan;
    this.lowered = plan.lowered;
    this.stages = plan.stages;
    this.layout = plan.layout;
    this.profile = profile;
  }

  *build(): Pieces<void> {
    const barrier = emitBarrier(this.module);
    const parts: Part[] = [];
    for (const [s, stage] of this.stages.entries()) {
      parts.push(stage.perSample ? yield* this.sampleStage(stage, s) : yield* this.sharedStage(stage, s));
    }
    emitRun(this.module, this.plan, barrier, parts);
  }

  // ---- kernels ------------------------------------------------------------------------------------------------------

  private kernel(k: Kernel, name: string, element: Element = "float32", scaleAddress?: number): KernelFunc {
    const func = this.module.func(name, signature) as unknown as KernelFunc;
    if (k.kind === "clear") func.emit(...this.clear(func, k.out));
    else if (k.kind === "collect") func.emit(...this.collect(func as unknown as Func, k));
    else {
      const options = { layout: this.layout, profile: this.profile, bases: func.params, element, scaleAddress };
      func.emit(...emitKernel(func as unknown as Func, k, options));
    }
    return func;
  }

  private clear(func: KernelFunc, buffer: Buffer): Statement[] {
    const { space, start, bytes } = placementOf(this.layout, buffer);
    const base = space === "fixed" || space === "source" ? i32.const(start) : i32.add(func.params[space], start);
    return [memory.fill(base, 0, bytes)];
  }

  /** Adds the shards' sums in their order. */
  private collect(func: Func, k: CollectKernel): Statement[] {
    const from = placementOf(this.layout, k.from);
    const to = placementOf(this.layout, k.out);
    const [p, q, sum] = [func.local("i32"), func.local("i32"), func.local("v128")];
    const body: Statement[] = [local.set(sum, v128.load(p))];
    for (let s = 1; s < this.plan.shards; s++) {
      body.push(local.set(sum, f32x4.add(sum, v128.load(p, s * this.layout.sizes.partial))));
    }
    body.push(v128.store(q, sum), ...bump(p, 16), ...bump(q, 16));
    return [
      local.set(p, this.plan.partialStart + from.start),
      local.set(q, to.start),
      ...countedLoop(func, Math.ceil(sizeOf(k.out.shape) / 4), body),
    ];
  }

  // ---- stages -------------------------------------------------------------------------------------------------------

  /** `stage(place, global, arena, partial, kept)`: everything of one stage for one sample. */
  private *sampleStage(stage: Stage, s: number): Pieces<Func> {
    const params = { place: "i32", global: "i32", arena: "i32", partial: "i32", kept: "i32" } as const;
    const func = this.module.func(`samples_${s}`, params);
    const { global: at, arena, partial, kept } = func.params;
    const source = func.local("i32", "source");
    for (const [b, { space, offset }] of this.layout.placements) {
      if (b.place.kind === "sampleIndex" && (space === "arena" || space === "kept")) {
        func.emit(f32.store(i32.add(func.params[space], offset), f32.convertI32U(at)));
      }
    }
    for (const k of stage.levels.flat()) {
      yield;
      const input = k.kind === "nest" ? readsOf(k).find((b) => b.place.kind === "input") : undefined;
      if (input?.place.kind !== "input") {
        func.emit(call(this.kernel(k, k.name), arena, partial, kept, 0));
        continue;
      }
      const { position } = input.place;
      const order = word(control.order);
      const index = if_("i32", order, [i32.load(i32.add(order, i32.shl(at, 2)))], [at.read]);
      func.emit(local.set(source, i32.add(word(inputWord(position, 0)), i32.mul(index, word(inputWord(position, 1))))));
      elements.forEach((element, code) => {
        const load = this.kernel(k, `${k.name}.${element}`, element, inputWord(position, 3));
        func.emit(if_(i32.eq(word(inputWord(position, 2)), code), [call(load, arena, partial, kept, source)]));
      });
    }
    this.lowered.outputs.forEach((b, position) => {
      if (this.lastWriter(b) !== s) return;
      const bytes = sizeOf(b.shape) * 4;
      const first = i32.mul(word(control.firstStep), word(control.batchSize));
      func.emit(
        local.set(source, i32.add(word(outputWord(position)), i32.mul(i32.sub(at, first), i32.const(bytes)))),
        call(this.copyOut(b, position), arena, partial, kept, source),
      );
    });
    return func as unknown as Func;
  }

  private lastWriter(buffer: Buffer): number {
    return this.stages.findLastIndex((stage) => stage.levels.flat().some((k) => ownerOf(k.out) === ownerOf(buffer)));
  }

  /** Copies an output's cells, row by row where a halo lies between them. */
  private copyOut(buffer: Buffer, position: number): KernelFunc {
    const func = this.module.func(`output_${position}`, signature) as unknown as KernelFunc;
    const { space, offset, strides } = placementOf(this.layout, buffer);
    const { shape } = buffer;
    let axis = shape.length;
    let run = 4;
    while (axis > 0 && (strides[axis - 1] === run || shape[axis - 1] === 1)) run *= shape[--axis];
    const [p, q] = [func.local("i32"), func.params.source];
    const base = space === "arena" || space === "kept" ? func.params[space] : func.params.arena;
    let code: Statement[] = [memory.copy(q, p, run), ...bump(q, run)];
    for (let a = axis - 1; a >= 0; a--) {
      const inside = a + 1 < axis ? strides[a + 1] * shape[a + 1] : 0;
      code = countedLoop(func as unknown as Func, shape[a], [...code, ...bump(p, strides[a] - inside)]);
    }
    func.emit(local.set(p, i32.add(base, offset)), ...code);
    return func;
  }

  /** `level(unit)` for each level; a unit is a claimable piece of work. */
  private *sharedStage(stage: Stage, s: number): Pieces<{ func: Func; units: number }[]> {
    const parts: { func: Func; units: number }[] = [];
    for (const [l, level] of stage.levels.entries()) {
      const units = splitUnits(level, costOf);
      const bodies: KernelFunc[][] = [];
      for (const [u, kernels] of units.entries()) {
        yield;
        bodies.push(kernels.map((k, i) => this.kernel(k, `${k.name}@${s}.${l}.${u}.${i}`)));
      }
      const func = this.module.func(`level_${s}_${l}`, { unit: "i32" });
      const calls = (kernels: readonly KernelFunc[]): Statement[] => kernels.map((k) => call(k, 0, 0, 0, 0));
      if (units.length === 1) func.emit(...calls(bodies[0]));
      else func.emit(...bodies.map((kernels, u) => if_(i32.eq(func.params.unit, u), calls(kernels))));
      parts.push({ func: func as unknown as Func, units: units.length });
    }
    return parts;
  }
}
