/**
 * A whole program as one WebAssembly module: kernels as functions, stages that call them, and around these what `run.ts`
 * makes. `run(worker)` is all that a worker calls.
 */
import { sizeOf } from "../../core/array.ts";
import { internalError } from "../../core/errors.ts";
import { enough, type Pieces } from "../../core/pieces.ts";
import { iterationsOf, type Loop } from "../../expr/expr.ts";
import { gainsFromSamples, samplesAtOnce } from "../../kernel/batch.ts";
import { type Buffer, type Kernel, type Lowered, ownerOf } from "../../kernel/kernel.ts";
import { type Layout, planLayout } from "../../kernel/layout.ts";
import { packOperands } from "../../kernel/pack.ts";
import { readsOf, storesOf } from "../../kernel/reads.ts";
import { planningStages, type Stage } from "../../kernel/stages.ts";
import { planWork } from "../../kernel/units.ts";
import type { Element } from "./access.ts";
import { call, type Func, f32, i32, if_, type Local, local, Module, type Statement } from "./assembler.ts";
import { control, controlBytes, inputWord, most, outputWord } from "./control.ts";
import { KernelFuncs } from "./kernels.ts";
import { bump, countedLoop } from "./loops.ts";
import type { Profile } from "./profile.ts";
import { emitBarrier, emitRun, type Level, type Part, type Plan, scalarCount, word } from "./run.ts";

/** What must be known to run a program: where its data lies. */
export interface Outline {
  readonly lowered: Pick<Lowered, "inputs" | "outputs" | "totals" | "updates" | "variables">;
  readonly layout: Pick<Layout, "placements" | "sizes">;
  /** Samples that a worker does at once: an arena holds so many. */
  readonly samples: number;
  /** First byte after what the program itself needs; arenas and data follow. */
  readonly end: number;
  /** Step scalars that the module reads: the width of a row of their table. */
  readonly scalars: number;
}

/** A program ready to be compiled by the engine. */
export interface Generated extends Outline {
  readonly module: Module;
  readonly lowered: Lowered;
  readonly layout: Layout;
  readonly shards: number;
  readonly partialStart: number;
}

const PAGE = 65536;
/**
 * Shards of a batch: enough for 8 workers to even out, few enough for their sums to stay small. Where weights are used a
 * few times a sample, most of the time goes into these.
 */
const MOST_SHARDS = 16;
const FEWEST_SHARDS = 4;
const MOST_PARTIAL_BYTES = 64 << 20;
const MOST_PARTIAL_BYTES_TOGETHER = 24 << 20;
const elements: readonly Element[] = ["float32", "uint8", "int32"];

const unitSignature = { unit: "i32" } as const;
const sampleSignature = { global: "i32", arena: "i32", partial: "i32", kept: "i32" } as const;
const spreadSignature = { ...unitSignature, ...sampleSignature } as const;
/** Where one sample's values lie, and its place in the run; `source` is free for addresses of the caller's arrays. */
type Sample = Readonly<Record<keyof typeof sampleSignature | "source", Local<"i32">>>;

/** Iterations worth a claim: of what is done once a step, and of one sample's kernels. */
const UNIT = 8192;
const SPREAD_UNIT = 1 << 14;
/** Iterations of one sample from which on several workers do it together: about 0.3 ms. */
const WORTH_SPREADING = 8e6;

/**
 * Generates in pieces: a nest each.
 *
 * @param readable - the instructions are kept, for the text.
 */
export function* generating(source: Lowered, profile: Profile, shared: boolean, readable = false): Pieces<Generated> {
  const lowered = yield* packOperands(source);
  const stages = yield* planningStages(lowered);
  const totalCells = cellsOf(lowered.totals);
  const layout = yield* planLayout(lowered, stages, controlBytes(totalCells));
  for (const [name, limit] of Object.entries(most)) {
    const count = lowered[name as keyof typeof most].length;
    if (count > limit)
      throw internalError({ where: "wasm", problem: `${count} ${name}, at most ${limit} are supported` });
  }
  yield;
  const samples = samplesAtOnce(lowered.kernels, layout);
  yield;
  const room = samples > 1 ? MOST_PARTIAL_BYTES_TOGETHER : MOST_PARTIAL_BYTES;
  const fitting = Math.floor(room / Math.max(1, layout.sizes.partial));
  const shards = Math.max(FEWEST_SHARDS, Math.min(MOST_SHARDS, fitting));
  const partialStart = layout.sizes.fixed;
  const end = partialStart + shards * layout.sizes.partial;
  const module = new Module(readable);
  const builder = new ModuleBuilder(module, { lowered, stages, layout, shards, samples, partialStart }, profile);
  module.importMemory("env", "memory", {
    initialPages: Math.ceil(end / PAGE),
    maximumPages: 65536,
    shared,
  });
  yield* builder.build();
  return {
    module,
    lowered,
    layout,
    shards,
    samples,
    partialStart,
    end,
    scalars: scalarCount(layout),
  };
}

/** Cells of all these buffers together. */
export const cellsOf = (buffers: readonly Buffer[]): number => buffers.reduce((sum, b) => sum + sizeOf(b.shape), 0);

/** Iterations of a kernel's innermost body. */
export function costOf(k: Kernel): number {
  if (k.kind === "nest") return iterationsOf([...k.loops, ...k.reduce]) * storesOf(k).length;
  return sizeOf(k.out.shape);
}

/** The position of the caller's array that a kernel reads. */
function inputOf(k: Kernel): number | undefined {
  const input = k.kind === "nest" ? readsOf(k).find((b) => b.place.kind === "input") : undefined;
  return input?.place.kind === "input" ? input.place.position : undefined;
}

class ModuleBuilder {
  private readonly module: Module;
  private readonly plan: Plan;
  private readonly lowered: Lowered;
  private readonly stages: readonly Stage[];
  private readonly layout: Layout;
  private readonly funcs: KernelFuncs;
  /** Where a sample's place in the run is written. */
  private readonly placesInRun: readonly { readonly space: "arena" | "kept"; readonly offset: number }[];

  constructor(module: Module, plan: Plan, profile: Profile) {
    this.module = module;
    this.plan = plan;
    this.lowered = plan.lowered;
    this.stages = plan.stages;
    this.layout = plan.layout;
    this.funcs = new KernelFuncs(module, plan, profile);
    this.placesInRun = [...plan.layout.placements].flatMap(([b, { space, offset }]) =>
      b.place.kind === "sampleIndex" && (space === "arena" || space === "kept") ? [{ space, offset }] : [],
    );
  }

  *build(): Pieces<void> {
    const barrier = emitBarrier(this.module);
    yield;
    const parts: Part[] = [];
    for (const [s, stage] of this.stages.entries()) {
      if (stage.perSample) {
        const sample = yield* this.sampleStage(stage, s);
        const batch = yield* this.batchStage(stage, s);
        parts.push({ sample, batch, spread: this.spreads(stage) ? yield* this.spreadStage(stage, s) : [] });
      } else parts.push(yield* this.sharedStage(stage, s));
    }
    yield* emitRun(this.module, this.plan, barrier, parts);
  }

  /** `stage(global, arena, partial, kept)`: everything of one stage for one sample. */
  private *sampleStage(stage: Stage, s: number): Pieces<Func> {
    const func = this.module.func(`samples_${s}`, sampleSignature);
    const at = { ...func.params, source: func.local("i32", "source") };
    func.emit(...this.indices(at));
    for (const k of stage.levels.flat()) {
      if (enough()) yield;
      func.emit(...(yield* this.once(k, at)));
    }
    func.emit(...this.copiesOut(s, at));
    return this.module.finish(func);
  }

  /** The same for several samples: kernels that gain from it do them at once, the others one after the other. */
  private *batchStage(stage: Stage, s: number): Pieces<Func | undefined> {
    const kernels = stage.levels.flat();
    const samples: Loop = { name: "sample", size: this.plan.samples };
    if (samples.size === 1 || !kernels.some(gainsFromSamples)) return undefined;
    const func = this.module.func(`batch_${s}`, sampleSignature);
    const { global, arena, partial, kept } = func.params;
    const [g, a, k, source] = ["global", "arena", "kept", "source"].map((name) => func.local("i32", `${name}_1`));
    const at: Sample = { global: g, arena: a, partial, kept: k, source };
    let each = this.indices(at);
    const oneByOne = (): void => {
      if (each.length === 0) return;
      const { sizes } = this.layout;
      const moves = [...bump(g, 1), ...bump(a, sizes.arena), ...bump(k, sizes.kept)];
      const loop = countedLoop(func as unknown as Func, samples.size, [...each, ...moves]);
      func.emit(local.set(g, global), local.set(a, arena), local.set(k, kept), ...loop);
      each = [];
    };
    for (const kernel of kernels) {
      if (enough()) yield;
      if (gainsFromSamples(kernel)) {
        oneByOne();
        func.emit(call(yield* this.funcs.batch(kernel, samples), arena, partial, kept, 0));
      } else each.push(...(yield* this.once(kernel, at)));
    }
    each.push(...this.copiesOut(s, at));
    oneByOne();
    return this.module.finish(func);
  }

  /** Whether all workers can do one sample of a stage together: worth it only where there is much to do. */
  private spreads(stage: Stage): boolean {
    const kernels = stage.levels.flat();
    const together = kernels.every((k) => k.out.place.kind !== "partial");
    return together && kernels.reduce((sum, k) => sum + costOf(k), 0) >= WORTH_SPREADING;
  }

  /** `level(unit, global, arena, partial, kept)` for each kernel of one sample; a unit is a claimable piece of work. */
  private *spreadStage(stage: Stage, s: number): Pieces<Level[]> {
    const levels: Level[] = [];
    const level = (name: string) => {
      const func = this.module.func(name, spreadSignature);
      const done = (units: number) => levels.push({ func: this.module.finish(func), units });
      return { func, at: { ...func.params, source: func.local("i32", "source") }, unit: func.params.unit, done };
    };
    const first = level(`spread_${s}`);
    first.func.emit(...this.indices(first.at));
    first.done(1);
    for (const [i, k] of stage.levels.flat().entries()) {
      if (enough()) yield;
      const [{ parts }] = planWork([k], costOf, SPREAD_UNIT);
      const whole = parts === 1 || inputOf(k) !== undefined;
      const { func, at, unit, done } = level(`spread_${s}_${i}`);
      if (whole) func.emit(...(yield* this.once(k, at)));
      else {
        const part = yield* this.funcs.part(k, `${k.name}.part`);
        func.emit(call(part, at.arena, at.partial, at.kept, 0, unit, parts));
      }
      done(whole ? 1 : parts);
    }
    const last = level(`spread_${s}_outputs`);
    last.func.emit(...this.copiesOut(s, last.at));
    last.done(1);
    return levels;
  }

  /** Tells a sample's kernels its place in the run. */
  private indices(at: Sample): Statement[] {
    return this.placesInRun.map(({ space, offset }) =>
      f32.store(i32.add(at[space], offset), f32.convertI32U(at.global)),
    );
  }

  /** All of a kernel for one sample. What reads the caller's arrays comes in one form for each element type. */
  private *once(k: Kernel, at: Sample): Pieces<Statement[]> {
    const { arena, partial, kept, source, global } = at;
    const input = inputOf(k);
    if (input === undefined) return [call(yield* this.funcs.kernel(k, k.name), arena, partial, kept, 0)];
    const order = word(control.order);
    const index = if_("i32", order, [i32.load(i32.add(order, i32.shl(global, 2)))], [global.read]);
    const address = i32.add(word(inputWord(input, 0)), i32.mul(index, word(inputWord(input, 1))));
    const statements: Statement[] = [local.set(source, address)];
    for (const [code, element] of elements.entries()) {
      const load = yield* this.funcs.kernel(k, `${k.name}.${element}`, element, inputWord(input, 3));
      statements.push(if_(i32.eq(word(inputWord(input, 2)), code), [call(load, arena, partial, kept, source)]));
    }
    return statements;
  }

  /** Copies the outputs that a stage finishes. */
  private copiesOut(s: number, { arena, partial, kept, source, global }: Sample): Statement[] {
    return this.lowered.outputs.flatMap((b, position) => {
      if (this.lastWriter(b) !== s) return [];
      const bytes = sizeOf(b.shape) * 4;
      const first = i32.mul(word(control.firstStep), word(control.batchSize));
      const address = i32.add(word(outputWord(position)), i32.mul(i32.sub(global, first), i32.const(bytes)));
      return [local.set(source, address), call(this.funcs.copyOut(b, position), arena, partial, kept, source)];
    });
  }

  private lastWriter(buffer: Buffer): number {
    return this.stages.findLastIndex((stage) => stage.levels.flat().some((k) => ownerOf(k.out) === ownerOf(buffer)));
  }

  /** `level(unit)` for each level; a unit is a claimable piece of work. */
  private *sharedStage(stage: Stage, s: number): Pieces<Level[]> {
    const levels: Level[] = [];
    for (const [l, level] of stage.levels.entries()) {
      const func = this.module.func(`level_${s}_${l}`, unitSignature);
      const { unit } = func.params;
      let units = 0;
      for (const [w, { kernels, parts }] of planWork(level, costOf, UNIT).entries()) {
        if (enough()) yield;
        const name = (k: Kernel) => `${k.name}@${s}.${l}.${w}`;
        const code: Statement[] = [];
        if (parts > 1) {
          const part = yield* this.funcs.part(kernels[0], name(kernels[0]));
          code.push(call(part, 0, 0, 0, 0, i32.sub(unit, units), parts));
        } else {
          for (const [i, k] of kernels.entries())
            code.push(call(yield* this.funcs.kernel(k, `${name(k)}.${i}`), 0, 0, 0, 0));
        }
        func.emit(if_(i32.ltU(i32.sub(unit, units), parts), code));
        units += parts;
      }
      levels.push({ func: this.module.finish(func), units });
    }
    return levels;
  }
}
