/**
 * A whole program as one WebAssembly module: kernels as functions, and around them the step loop, the claiming of
 * shards, the barrier and the guard. `run(worker)` is all that a worker calls.
 */
import { sizeOf } from "../../core/array.ts";
import { internalError } from "../../core/errors.ts";
import { type Buffer, type CollectKernel, type Kernel, type Lowered, ownerOf } from "../../kernel/kernel.ts";
import { type Layout, planLayout } from "../../kernel/layout.ts";
import { packOperands } from "../../kernel/pack.ts";
import { readsOf } from "../../kernel/reads.ts";
import { planStages, type Stage } from "../../kernel/stages.ts";
import { splitUnits } from "../../kernel/units.ts";
import type { Element } from "./access.ts";
import {
  block,
  br,
  brIf,
  call,
  type Expr,
  type Func,
  f32,
  f32x4,
  f64,
  i32,
  if_,
  type Local,
  local,
  loop,
  Module,
  memory,
  return_,
  type Statement,
  v128,
} from "./assembler.ts";
import { CONTROL_BYTES, control, ended, inputWord, most, outputWord, totalAddress } from "./control.ts";
import { bump, countedLoop } from "./loops.ts";
import { emitKernel } from "./nest.ts";
import type { Profile } from "./profile.ts";

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

const word = (address: number): Expr<"i32"> => i32.load(address);
const signature = { arena: "i32", partial: "i32", kept: "i32", source: "i32" } as const;
type KernelFunc = Func<typeof signature, "none">;

export function generate(source: Lowered, profile: Profile, shared: boolean): Generated {
  const lowered = packOperands(source);
  const stages = planStages(lowered);
  const layout = planLayout(lowered, stages, CONTROL_BYTES);
  for (const [name, limit] of Object.entries(most)) {
    const count = lowered[name as keyof typeof most].length;
    if (count > limit)
      throw internalError({ where: "wasm", problem: `${count} ${name}, at most ${limit} are supported` });
  }
  const shards = Math.max(4, Math.min(MOST_SHARDS, Math.floor(MOST_PARTIAL_BYTES / Math.max(1, layout.sizes.partial))));
  const partialStart = layout.sizes.fixed;
  const end = partialStart + shards * layout.sizes.partial;
  const builder = new ModuleBuilder(lowered, stages, layout, profile, { shards, partialStart });
  builder.module.importMemory("env", "memory", {
    initialPages: Math.ceil(end / PAGE),
    maximumPages: 65536,
    shared,
  });
  builder.build();
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
    scalars: builder.scalarCount,
    costPerSample,
  };
}

/** Iterations of a kernel's innermost body. */
export function costOf(k: Kernel): number {
  if (k.kind === "nest") return [...k.loops, ...k.reduce].reduce((n, l) => n * l.size, 1);
  return sizeOf(k.out.shape);
}

class ModuleBuilder {
  readonly module = new Module();
  private readonly lowered: Lowered;
  private readonly stages: readonly Stage[];
  private readonly layout: Layout;
  private readonly profile: Profile;
  private readonly shards: number;
  private readonly partialStart: number;

  constructor(
    lowered: Lowered,
    stages: readonly Stage[],
    layout: Layout,
    profile: Profile,
    plan: { shards: number; partialStart: number },
  ) {
    this.lowered = lowered;
    this.stages = stages;
    this.layout = layout;
    this.profile = profile;
    this.shards = plan.shards;
    this.partialStart = plan.partialStart;
  }

  build(): void {
    const barrier = this.barrier();
    const parts = this.stages.map((stage, s) =>
      stage.perSample ? this.sampleStage(stage, s) : this.sharedStage(stage, s),
    );
    this.runFunction(barrier, parts);
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
    const { space, start, bytes } = this.placement(buffer);
    const base = space === "fixed" || space === "source" ? i32.const(start) : i32.add(func.params[space], start);
    return [memory.fill(base, 0, bytes)];
  }

  /** Adds the shards' sums in their order. */
  private collect(func: Func, k: CollectKernel): Statement[] {
    const from = this.placement(k.from);
    const to = this.placement(k.out);
    const [p, q, sum] = [func.local("i32"), func.local("i32"), func.local("v128")];
    const body: Statement[] = [local.set(sum, v128.load(p))];
    for (let s = 1; s < this.shards; s++) {
      body.push(local.set(sum, f32x4.add(sum, v128.load(p, s * this.layout.sizes.partial))));
    }
    body.push(v128.store(q, sum), ...bump(p, 16), ...bump(q, 16));
    return [
      local.set(p, this.partialStart + from.start),
      local.set(q, to.start),
      ...countedLoop(func, Math.ceil(sizeOf(k.out.shape) / 4), body),
    ];
  }

  private placement(buffer: Buffer) {
    const placement = this.layout.placements.get(buffer) ?? this.layout.placements.get(ownerOf(buffer));
    if (!placement) throw internalError({ where: "wasm", problem: `the buffer ${buffer.name} has no place` });
    return placement;
  }

  // ---- stages -------------------------------------------------------------------------------------------------------

  /** `stage(place, global, arena, partial, kept)`: everything of one stage for one sample. */
  private sampleStage(stage: Stage, s: number): Func {
    const params = { place: "i32", global: "i32", arena: "i32", partial: "i32", kept: "i32" } as const;
    const func = this.module.func(`samples_${s}`, params);
    const { global: at, arena, partial, kept } = func.params;
    const source = func.local("i32", "source");
    for (const k of stage.levels.flat()) {
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
    const { space, offset, strides } = this.placement(buffer);
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
  private sharedStage(stage: Stage, s: number): { func: Func; units: number }[] {
    return stage.levels.map((level, l) => {
      const units = splitUnits(level, costOf);
      const bodies = units.map((kernels, u) => kernels.map((k, i) => this.kernel(k, `${k.name}@${s}.${l}.${u}.${i}`)));
      const func = this.module.func(`level_${s}_${l}`, { unit: "i32" });
      const calls = (kernels: readonly KernelFunc[]): Statement[] => kernels.map((k) => call(k, 0, 0, 0, 0));
      if (units.length === 1) func.emit(...calls(bodies[0]));
      else func.emit(...bodies.map((kernels, u) => if_(i32.eq(func.params.unit, u), calls(kernels))));
      return { func: func as unknown as Func, units: units.length };
    });
  }

  // ---- the step loop ------------------------------------------------------------------------------------------------

  /** All workers meet. The last to arrive opens the way; the others look for a while and then sleep. */
  private barrier(): Func {
    // In a function of its own: V8's baseline compiler loses live values across the wait otherwise.
    const wait = this.module.func("wait", { address: "i32", expected: "i32" }, ["i32"]);
    wait.emit(memory.atomicWait32(wait.params.address, wait.params.expected, -1n));
    const func = this.module.func("barrier", {});
    const [generation, looks] = [func.local("i32", "generation"), func.local("i32", "looks")];
    const now = () => i32.atomicLoad(control.generation);
    func.emit(
      if_(i32.eq(word(control.workers), 1), [i32.store(control.claim, 0), return_()]),
      local.set(generation, now()),
      if_(i32.eq(i32.atomicRmwAdd(control.arrived, 1), i32.sub(word(control.workers), 1)), [
        i32.atomicStore(control.arrived, 0),
        i32.atomicStore(control.claim, 0),
        local.set(looks, i32.atomicRmwAdd(control.generation, 1)),
        if_(i32.atomicLoad(control.sleepers), [local.set(looks, memory.atomicNotify(control.generation, -1))]),
        return_(),
      ]),
      local.set(looks, word(control.spin)),
      block((asleep) => [
        loop((again) => [
          brIf(asleep, i32.eqz(looks)),
          if_(i32.ne(now(), generation), [return_()]),
          local.set(looks, i32.sub(looks, 1)),
          br(again),
        ]),
      ]),
      local.set(looks, i32.atomicRmwAdd(control.sleepers, 1)),
      loop((again) => [
        if_(i32.eq(now(), generation), [local.set(looks, call(wait, control.generation, generation)), br(again)]),
      ]),
      local.set(looks, i32.atomicRmwSub(control.sleepers, 1)),
    );
    return func as unknown as Func;
  }

  private runFunction(barrier: Func, parts: readonly (Func | { func: Func; units: number }[])[]): void {
    const func = this.module.func("run", { worker: "i32" }, [], { export: "run" });
    const { worker } = func.params;
    const names = ["step", "arena", "claim", "place", "end", "samples", "first", "partial"] as const;
    const l = Object.fromEntries(names.map((n) => [n, func.local("i32", n)])) as Record<
      (typeof names)[number],
      Local<"i32">
    >;
    /** Meets the others; leaves for good when a worker died. */
    const meet = (): Statement[] => [
      call(barrier) as Statement,
      if_(i32.eq(i32.atomicLoad(control.abort), 2), [return_()]),
    ];
    const claims = (limit: number, body: readonly Statement[]): Statement =>
      block((done) => [
        loop((again) => [
          local.set(l.claim, i32.atomicRmwAdd(control.claim, 1)),
          brIf(done, i32.geU(l.claim, limit)),
          ...body,
          br(again),
        ]),
      ]);
    const stages = this.stages.flatMap((stage, s): Statement[] => {
      const part = parts[s];
      if (Array.isArray(part)) {
        const code = part.flatMap(({ func: level, units }) => [
          claims(units, [call(level, l.claim) as Statement]),
          ...meet(),
        ]);
        if (stage.commit) return [...this.guard(worker), ...code];
        return this.preparesOnce(s) ? [if_(i32.eqz(word(control.prepared)), code)] : code;
      }
      return [claims(this.shards, this.shard(l, part, s)), ...meet()];
    });
    const committed = this.stages.some((s) => s.commit);
    func.emit(
      local.set(l.arena, i32.add(word(control.arena), i32.mul(worker, this.layout.sizes.arena))),
      loop((again) => [
        if_(i32.eqz(worker), this.beginStep(l)),
        ...meet(),
        if_(i32.eqz(word(control.go)), [return_()]),
        local.set(l.samples, word(control.samples)),
        local.set(l.first, i32.mul(i32.add(word(control.firstStep), l.step), word(control.batchSize))),
        ...stages,
        ...(committed ? [] : this.guard(worker)),
        if_(i32.eqz(worker), this.endStep(l)),
        local.set(l.step, i32.add(l.step, 1)),
        br(again),
      ]),
    );
  }

  /** Whether a stage depends on nothing but the variables of a program that does not change them. */
  private preparesOnce(s: number): boolean {
    const changing = this.stages[s].levels
      .flat()
      .some((k) => readsOf(k).some((b) => ["stepScalar", "batchSize"].includes(ownerOf(b).place.kind)));
    return s === 0 && this.lowered.updates.length === 0 && !changing;
  }

  /** Worker 0 alone: decides whether there is a step to do and sets its scalars. */
  private beginStep(l: Record<"step" | "first", Local<"i32">>): Statement[] {
    const { step, first } = l;
    const left = i32.sub(word(control.count), first);
    const scalars = this.fixedOf("stepScalar");
    const sizes = this.fixedOf("batchSize");
    return [
      local.set(first, i32.mul(i32.add(word(control.firstStep), step), word(control.batchSize))),
      i32.store(control.samples, if_("i32", i32.ltU(left, word(control.batchSize)), [left], [word(control.batchSize)])),
      ...sizes.map(({ address }) => f32.store(address, f32.convertI32U(word(control.samples)))),
      if_(
        i32.eq(step, word(control.steps)),
        [i32.store(control.status, ended.done), i32.store(control.go, 0)],
        [
          if_(
            i32.atomicLoad(control.abort),
            [i32.store(control.status, ended.aborted), i32.store(control.go, 0)],
            [
              ...scalars.map(({ address, position }) =>
                f32.store(
                  address,
                  f32.load(i32.add(word(control.scalars), i32.mul(step, 4 * this.scalarCount)), 4 * position),
                ),
              ),
              i32.store(control.go, 1),
            ],
          ),
        ],
      ),
    ];
  }

  get scalarCount(): number {
    return Math.max(0, ...this.fixedOf("stepScalar").map((s) => s.position + 1));
  }

  private fixedOf(kind: "stepScalar" | "batchSize"): { address: number; position: number }[] {
    const found: { address: number; position: number }[] = [];
    for (const [b, p] of this.layout.placements) {
      if (b.place.kind === kind)
        found.push({ address: p.offset, position: b.place.kind === "stepScalar" ? b.place.position : 0 });
    }
    return found;
  }

  private shard(
    l: Record<"claim" | "place" | "end" | "samples" | "first" | "partial" | "arena", Local<"i32">>,
    stage: Func,
    s: number,
  ): Statement[] {
    const bound = (n: Expr<"i32"> | Local<"i32">) => i32.divU(i32.mul(n, l.samples), this.shards);
    const [start, stop] = this.layout.partialOfStage[s];
    return [
      local.set(l.partial, i32.add(this.partialStart, i32.mul(l.claim, this.layout.sizes.partial))),
      ...(stop > start ? [memory.fill(i32.add(l.partial, start), 0, stop - start)] : []),
      local.set(l.place, bound(l.claim)),
      local.set(l.end, bound(i32.add(l.claim, 1))),
      block((done) => [
        loop((again) => [
          brIf(done, i32.geU(l.place, l.end)),
          call(
            stage,
            l.place,
            i32.add(l.first, l.place),
            l.arena,
            l.partial,
            i32.add(word(control.kept), i32.mul(l.place, this.layout.sizes.kept)),
          ) as Statement,
          local.set(l.place, i32.add(l.place, 1)),
          br(again),
        ]),
      ]),
    ];
  }

  /** Leaves when the guard is NaN or infinite. */
  private guard(worker: Local<"i32">): Statement[] {
    const { guard } = this.lowered;
    if (!guard) return [];
    const value = () => f32.load(this.placement(guard).offset);
    return [
      if_(f32.ne(f32.sub(value(), value()), 0), [
        if_(i32.eqz(worker), [i32.store(control.status, ended.guard)]),
        return_(),
      ]),
    ];
  }

  private endStep(l: Record<"step", Local<"i32">>): Statement[] {
    return [
      ...this.lowered.totals.map((b, k) => {
        const address = totalAddress(k);
        return f64.store(address, f64.add(f64.load(address), f64.promoteF32(f32.load(this.placement(b).offset))));
      }),
      i32.store(control.prepared, 1),
      i32.atomicStore(control.stepsDone, i32.add(l.step, 1)),
    ];
  }
}
