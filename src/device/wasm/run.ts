/** What every worker runs: the loop over steps, the claiming of shards and units, the barrier and the guard. */
import { sizeOf } from "../../core/array.ts";
import { internalError } from "../../core/errors.ts";
import type { Pieces } from "../../core/pieces.ts";
import { type Buffer, type Lowered, ownerOf } from "../../kernel/kernel.ts";
import type { Layout } from "../../kernel/layout.ts";
import { readsOf } from "../../kernel/reads.ts";
import type { Stage } from "../../kernel/stages.ts";
import {
  block,
  br,
  brIf,
  call,
  type Expr,
  type Func,
  f32,
  f64,
  i32,
  if_,
  type Local,
  local,
  loop,
  type Module,
  memory,
  return_,
  type Statement,
} from "./assembler.ts";
import { control, ended, totalAddress } from "./control.ts";
import { bump, countedLoop } from "./loops.ts";

/** What is known of a program before its code. */
export interface Plan {
  readonly lowered: Lowered;
  readonly stages: readonly Stage[];
  readonly layout: Layout;
  readonly shards: number;
  /** Samples that a worker does at once where there are so many. */
  readonly samples: number;
  readonly partialStart: number;
}

/** Kernels that do not wait for each other: units that are claimed. */
export interface Level {
  readonly func: Func;
  readonly units: number;
}

/**
 * The code of a stage: its levels; or that of one sample, that of several at once where this pays, and the levels of one
 * sample for when there are fewer samples than workers (none where that is not worth it).
 */
export type Part =
  | readonly Level[]
  | { readonly sample: Func; readonly batch: Func | undefined; readonly spread: readonly Level[] };

/** The word at an address of the control block. */
export const word = (address: number): Expr<"i32"> => i32.load(address);

/** Where a buffer lies. */
export function placementOf(layout: Layout, buffer: Buffer) {
  const placement = layout.placements.get(buffer) ?? layout.placements.get(ownerOf(buffer));
  if (!placement) throw internalError({ where: "wasm", problem: `the buffer ${buffer.name} has no place` });
  return placement;
}

/** All workers meet. The last to arrive opens the way; the others look for a while and then sleep. */
export function emitBarrier(module: Module): Func {
  // In a function of its own: V8's baseline compiler loses live values across the wait otherwise.
  const wait = module.func("wait", { address: "i32", expected: "i32" }, ["i32"]);
  wait.emit(memory.atomicWait32(wait.params.address, wait.params.expected, -1n));
  const func = module.func("barrier", {});
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
  return module.finish(func);
}

/** `run(worker)`: the steps of a run. In pieces, a stage each. */
export function* emitRun(module: Module, plan: Plan, barrier: Func, parts: readonly Part[]): Pieces<void> {
  const func = module.func("run", { worker: "i32" }, [], { export: "run" });
  const { worker } = func.params;
  const names = ["step", "arena", "claim", "place", "end", "samples", "first", "partial"] as const;
  const l = Object.fromEntries(names.map((n) => [n, func.local("i32", n)])) as Record<
    (typeof names)[number],
    Local<"i32">
  >;
  const meet = (): Statement => call(barrier) as Statement;
  const claims = (limit: number, body: readonly Statement[]): Statement =>
    block((done) => [
      loop((again) => [
        local.set(l.claim, i32.atomicRmwAdd(control.claim, 1)),
        brIf(done, i32.geU(l.claim, limit)),
        ...body,
        br(again),
      ]),
    ]);
  const stageCode = (stage: Stage, s: number): Statement[] => {
    const part = parts[s];
    if (Array.isArray(part)) {
      const code = part.flatMap(({ func: level, units }) => [
        claims(units, [call(level, l.claim) as Statement]),
        meet(),
      ]);
      if (stage.commit) return [...guard(plan, worker), ...code];
      return preparesOnce(plan, s) ? [if_(i32.eqz(word(control.prepared)), code)] : code;
    }
    const { sample, batch, spread } = part as Exclude<Part, readonly Level[]>;
    const shards = [claims(plan.shards, shard(plan, l, { sample, batch }, s)), meet()];
    if (spread.length === 0) return shards;
    const together = spread.flatMap(({ func: level, units }) => [
      claims(units, [
        call(level, l.claim, i32.add(l.first, l.place), word(control.arena), 0, keptOf(plan, l)) as Statement,
      ]),
      meet(),
    ]);
    const each = [
      local.set(l.place, 0),
      loop((again) => [...together, local.set(l.place, i32.add(l.place, 1)), brIf(again, i32.ltU(l.place, l.samples))]),
    ];
    return [if_(i32.ltU(l.samples, word(control.workers)), each, shards)];
  };
  const stages: Statement[] = [];
  for (const [s, stage] of plan.stages.entries()) {
    stages.push(...stageCode(stage, s));
    yield;
  }
  const committed = plan.stages.some((s) => s.commit);
  func.emit(
    local.set(l.arena, i32.add(word(control.arena), i32.mul(worker, plan.samples * plan.layout.sizes.arena))),
    loop((again) => [
      if_(i32.eqz(worker), beginStep(plan, l)),
      meet(),
      if_(i32.eqz(word(control.go)), [return_()]),
      local.set(l.samples, word(control.samples)),
      local.set(l.first, i32.mul(i32.add(word(control.firstStep), l.step), word(control.batchSize))),
      ...stages,
      ...(committed ? [] : guard(plan, worker)),
      if_(i32.eqz(worker), endStep(plan, func as unknown as Func, l)),
      local.set(l.step, i32.add(l.step, 1)),
      br(again),
    ]),
  );
}

/** Whether a stage depends on nothing but the variables of a program that does not change them. */
function preparesOnce(plan: Plan, s: number): boolean {
  if (s > 0 || plan.lowered.updates.length > 0) return false;
  const changing = (b: Buffer): boolean => ["stepScalar", "batchSize"].includes(ownerOf(b).place.kind);
  return !plan.stages[s].levels.flat().some((k) => readsOf(k).some(changing));
}

/** Worker 0 alone: decides whether there is a step to do and sets its scalars. */
function beginStep(plan: Plan, l: Record<"step" | "first", Local<"i32">>): Statement[] {
  const { step, first } = l;
  const left = i32.sub(word(control.count), first);
  const scalars = fixedOf(plan.layout, "stepScalar");
  const row = 4 * scalarCount(plan.layout);
  const sizes = fixedOf(plan.layout, "batchSize");
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
              f32.store(address, f32.load(i32.add(word(control.scalars), i32.mul(step, row)), 4 * position)),
            ),
            i32.store(control.go, 1),
          ],
        ),
      ],
    ),
  ];
}

/** Step scalars that the module reads. */
export function scalarCount(layout: Layout): number {
  return Math.max(0, ...fixedOf(layout, "stepScalar").map((s) => s.position + 1));
}

function fixedOf(layout: Layout, kind: "stepScalar" | "batchSize"): { address: number; position: number }[] {
  const found: { address: number; position: number }[] = [];
  for (const [b, p] of layout.placements) {
    if (b.place.kind === kind)
      found.push({ address: p.offset, position: b.place.kind === "stepScalar" ? b.place.position : 0 });
  }
  return found;
}

/** Where the values lie that are kept for a sample of the step. */
const keptOf = (plan: Plan, { place }: Record<"place", Local<"i32">>): Expr<"i32"> =>
  i32.add(word(control.kept), i32.mul(place, plan.layout.sizes.kept));

type Count = Expr<"i32"> | Local<"i32">;

/** Shards from which on the first is no more than the part of a worker, of the eight that there are by default at most. */
const ENOUGH_TO_TAPER = 15;

/**
 * How much of a batch the first `n` shards are: `of(n)` of `whole`. They taper as 16, 15, … 1, so that all workers end at
 * about the same time, however many claim them (trapezoid self-scheduling, Tzen and Ni 1993). Few of them are alike: a
 * worker would still be in the first when all others have ended.
 */
function portions(shards: number): { of: (n: Count) => Count; whole: number } {
  if (shards < ENOUGH_TO_TAPER) return { of: (n) => n, whole: shards };
  return {
    of: (n) => i32.divU(i32.mul(n, i32.sub(2 * shards + 1, n)), 2),
    whole: (shards * (shards + 1)) / 2,
  };
}

function shard(
  plan: Plan,
  l: Record<"claim" | "place" | "end" | "samples" | "first" | "partial" | "arena", Local<"i32">>,
  { sample, batch }: { readonly sample: Func; readonly batch: Func | undefined },
  s: number,
): Statement[] {
  const together = plan.samples;
  // A shard is whole groups of the samples that are done at once; the last ends with the step's samples.
  const groups = i32.divU(i32.add(l.samples, together - 1), together);
  const { of, whole } = portions(plan.shards);
  const share = (n: Count) =>
    // In two steps: the product with all groups may not fit.
    i32.mul(
      i32.add(i32.mul(i32.divU(groups, whole), of(n)), i32.divU(i32.mul(i32.remU(groups, whole), of(n)), whole)),
      together,
    );
  const bound = (n: Count) =>
    together === 1 ? share(n) : if_("i32", i32.ltU(share(n), l.samples), [share(n)], [l.samples.read]);
  const next = (stage: Func, count: number): Statement[] => [
    call(stage, i32.add(l.first, l.place), l.arena, l.partial, keptOf(plan, l)) as Statement,
    local.set(l.place, i32.add(l.place, count)),
  ];
  const [start, stop] = plan.layout.partialOfStage[s];
  return [
    local.set(l.partial, i32.add(plan.partialStart, i32.mul(l.claim, plan.layout.sizes.partial))),
    ...(stop > start ? [memory.fill(i32.add(l.partial, start), 0, stop - start)] : []),
    local.set(l.place, bound(l.claim)),
    local.set(l.end, bound(i32.add(l.claim, 1))),
    block((done) => [
      loop((again) => [
        brIf(done, i32.geU(l.place, l.end)),
        ...(batch
          ? [if_(i32.geU(i32.sub(l.end, l.place), together), next(batch, together), next(sample, 1))]
          : next(sample, 1)),
        br(again),
      ]),
    ]),
  ];
}

/** Leaves when the guard is NaN or infinite. */
function guard(plan: Plan, worker: Local<"i32">): Statement[] {
  const { guard } = plan.lowered;
  if (!guard) return [];
  const value = () => f32.load(placementOf(plan.layout, guard).offset);
  return [
    if_(f32.ne(f32.sub(value(), value()), 0), [
      if_(i32.eqz(worker), [i32.store(control.status, ended.guard)]),
      return_(),
    ]),
  ];
}

/** Worker 0 alone: adds the step's totals to those of the run. */
function endStep(plan: Plan, func: Func, l: Record<"step", Local<"i32">>): Statement[] {
  let cell = 0;
  return [
    ...plan.lowered.totals.flatMap((b) => {
      const first = cell;
      cell += sizeOf(b.shape);
      return addTotal(plan.layout, func, b, totalAddress(first));
    }),
    i32.store(control.prepared, 1),
    i32.atomicStore(control.stepsDone, i32.add(l.step, 1)),
  ];
}

/** Adds the cells of `b`, widened, to as many numbers from `address` on. */
function addTotal(layout: Layout, func: Func, b: Buffer, address: number): Statement[] {
  const { offset, bytes } = placementOf(layout, b);
  const cells = sizeOf(b.shape);
  if (bytes !== 4 * cells) throw internalError({ where: "wasm", problem: `the total ${b.name} has gaps` });
  if (cells === 1) return [f64.store(address, f64.add(f64.load(address), f64.promoteF32(f32.load(offset))))];
  const [p, q] = [func.local("i32"), func.local("i32")];
  const body = [f64.store(q, f64.add(f64.load(q), f64.promoteF32(f32.load(p)))), ...bump(p, 4), ...bump(q, 8)];
  return [local.set(p, offset), local.set(q, address), ...countedLoop(func, cells, body)];
}
