/**
 * The `wasm` device: generated SIMD code for the whole program, on every core.
 *
 * Long runs happen in workers while the calling thread stays free; a run that is shorter than waking them happens on the
 * calling thread.
 */
import { pagePolicy } from "../../core/errors.ts";
import { atOnce, Breath, inTurns, type Pieces } from "../../core/pieces.ts";
import type { Graph } from "../../graph/graph.ts";
import type { Lowered } from "../../kernel/kernel.ts";
import { lowering } from "../../kernel/lower.ts";
import { preparing } from "../../passes/prepare.ts";
import type { Device, Outcome, Program, Work } from "../device.ts";
import { plain } from "../plain.ts";
import { checkWork, type RunPlan } from "../work.ts";
import { Answers } from "./answers.ts";
import type { Module } from "./assembler.ts";
import { type ControlBlock, ended } from "./control.ts";
import { type Host, LocalHost, SharedHost } from "./host.ts";
import { MessageHost } from "./host-message.ts";
import { Image } from "./image.ts";
import { giveBack, MOST_PAGES, PAGE, type Room, takeRoom } from "./memory.ts";
import { cellsOf, costOf, type Generated, generating, type Outline } from "./module.ts";
import {
  controlBlock,
  type Frame,
  frameOf,
  newControlBlock,
  outlineOf,
  type Places,
  place,
  stepsAtOnce,
} from "./placing.ts";
import { nextProgram, Pool } from "./pool.ts";
import { narrow, type Profile, wide } from "./profile.ts";
import { canShare, cores, hasVectors, notIsolated, noVectors, warnOnce } from "./support.ts";
import { beginWide, wideWanted } from "./wide.ts";

/** Options of `wasm`. */
export interface WasmOptions {
  /** Workers to use; when absent as many as there are cores, at most 8. */
  readonly threads?: number;
  /** Wide vectors, where the engine has them; when absent as the environment's RHYTON_WIDE says. */
  readonly wide?: boolean;
  /** Whether workers share a memory; when absent wherever they can. Without it one worker does all. */
  readonly shared?: boolean;
}

/** Iterations below which a run is not worth waking workers for: about 0.3 ms. */
const WORTH_WAKING = 8e6;
const MOST_THREADS = 8;

/** Workers that run together over shared memories, and one that has memories of its own. */
const team = new Pool();
const loner = new Pool();

const registry = new FinalizationRegistry<{ readonly id: number; readonly room: Room | undefined }>(({ id, room }) => {
  for (const pool of [team, loner]) pool.drop(id);
  if (room) giveBack(room);
});

/** Generated code where the engine can run it, else the plain device. */
export function wasm(options: WasmOptions = {}): Device {
  const compile = (graph: Graph): Program => {
    if (hasVectors()) return new WasmProgram(graph, options);
    warnOnce(noVectors);
    return plain.compile(graph);
  };
  return { name: "wasm", compile };
}

/** Iterations for one sample. */
const costPerSample = ({ kernels }: Lowered): number =>
  kernels.reduce((sum, k) => (k.perSample ? sum + costOf(k) : sum), 0);

interface Loaded {
  readonly module: WebAssembly.Module;
  readonly outline: Outline;
  /** Iterations for one sample. */
  readonly cost: number;
}

/** A host, and what its memory holds. */
interface Place {
  readonly host: Host;
  readonly image: Image;
  readonly frame: Frame;
  readonly workers: number;
}

export class WasmProgram implements Program {
  private readonly graph: Graph;
  private profile: Profile;
  private readonly shared: boolean;
  private readonly wantedThreads: number | undefined;
  private loaded: Loaded | undefined;
  private block: ControlBlock | undefined;
  private cores = 1;
  private threads = 1;
  private id = nextProgram();
  private here: Place | undefined;
  private away: Place | undefined;
  private last: Promise<unknown> = Promise.resolve();

  constructor(graph: Graph, options: WasmOptions = {}) {
    this.shared = options.shared ?? canShare();
    this.wantedThreads = options.threads;
    this.profile = (options.wide ?? wideWanted()) ? wide : narrow;
    this.graph = graph;
  }

  /** The generated code, to look at; it is not kept. */
  get generated(): Generated {
    return atOnce(this.generating());
  }

  /** The module with its instructions, for its text. */
  get readable(): Module {
    return atOnce(generating(atOnce(this.lowering()), this.profile, this.shared, true)).module;
  }

  private *generating(): Pieces<Generated> {
    return yield* generating(yield* this.lowering(), this.profile, this.shared);
  }

  private *lowering(): Pieces<Lowered> {
    return yield* lowering(yield* preparing(this.graph));
  }

  /** Runs are done one after the other. */
  run(work: Work): Promise<Outcome> {
    const mine = this.last.then(() => this.runAlone(work));
    this.last = mine.catch(() => {});
    return mine;
  }

  private async runAlone(work: Work): Promise<Outcome> {
    this.loaded ??= await this.load(work);
    const { outline, cost } = this.loaded;
    const plan = checkWork(work, outline.lowered.inputs);
    const long = plan.places * cost >= WORTH_WAKING;
    try {
      const place = long ? await this.placeAway(this.loaded) : (this.here ?? (await this.placeHere(this.loaded)));
      return await this.runAt(place, work, plan);
    } catch (error) {
      // Who knows what memory holds, and whether nobody writes it any more.
      this.forget();
      throw error;
    }
  }

  private async runAt(at: Place, work: Work, plan: RunPlan): Promise<Outcome> {
    const { outline } = at.image;
    const { lowered } = outline;
    const totals = new Float64Array(cellsOf(lowered.totals));
    const answers = new Answers(lowered.outputs, plan.places);
    const chunk = stepsAtOnce(outline, at.frame, work, plan);
    let steps = 0;
    let reason: Outcome["ended"] = "done";
    while (steps < plan.steps && reason === "done") {
      const part = { ...plan, firstStep: plan.firstStep + steps, steps: Math.min(chunk, plan.steps - steps) };
      const places = place(outline, at.frame, work, part);
      const before = steps;
      await at.host.write(places.pages, at.image.missing(places));
      const start = before * work.batchSize;
      let reported = 0;
      const report = (done: number, sums: Float64Array) => {
        answers.take(at.host, places, start, done);
        if (done > reported) work.onProgress?.(before + done, sums);
        reported = done;
      };
      const result = await this.runSteps(at, places, totals, report);
      await answers.done();
      steps += result.done;
      reason = result.ended;
    }
    // Each of many variables may be small.
    const breath = new Breath();
    for (const { variable, at: address, size } of at.image.updated) {
      const value = new Float32Array(size);
      await at.host.read(address, value);
      variable.assign(value);
      at.image.holds(variable);
      if (breath.due) await breath.take();
    }
    return { steps, totals, outputs: answers.arrays, ended: reason };
  }

  /** The steps whose data was placed; `totals` go on. */
  private async runSteps(
    { host, image, workers }: Place,
    places: Places,
    totals: Float64Array,
    report: (done: number, totals: Float64Array) => void,
  ): Promise<{ done: number; ended: Outcome["ended"] }> {
    const { signal } = places.work;
    const count = totals.length;
    const spin = workers <= this.cores ? 200_000 : 200;
    let done = 0;
    while (done < places.plan.steps) {
      if (signal?.aborted) return { done, ended: "aborted" };
      const { prepared } = image;
      this.block ??= newControlBlock(totals);
      const block = controlBlock(image.outline, places, { done, totals, workers, spin, prepared }, this.block);
      const before = done;
      const after = await host.run(block, {
        signal,
        progress: (now) => report(before + now.get("stepsDone"), now.totals(count)),
      });
      done += after.get("stepsDone");
      totals.set(after.totals(count));
      image.prepared = after.get("prepared") === 1;
      report(done, totals);
      if (after.get("status") === ended.guard) return { done, ended: "guard" };
    }
    return { done, ended: "done" };
  }

  private async load(work: Work): Promise<Loaded> {
    this.cores = await cores();
    this.threads = this.wantedThreads ?? Math.min(this.cores, MOST_THREADS);
    const isWide = this.profile === wide ? await beginWide() : undefined;
    const lowered = await inTurns(this.lowering());
    // Workers start while the code is made.
    const cost = costPerSample(lowered);
    const { places } = checkWork(work, lowered.inputs);
    if (this.shared && places * cost >= WORTH_WAKING) team.begin(this.threads);
    let generated = await inTurns(generating(lowered, this.profile, this.shared));
    if (isWide && !(await isWide())) {
      this.profile = narrow;
      generated = await inTurns(this.generating());
    }
    try {
      const module = await WebAssembly.compile(await inTurns(generated.module.encoding()));
      return { module, outline: outlineOf(generated), cost };
    } catch (error) {
      if (!/Content.Security.Policy|unsafe-eval/i.test(String(error))) throw error;
      const directive = "script-src 'wasm-unsafe-eval'";
      throw pagePolicy({ what: "WebAssembly that is made as the page runs", directive, reason: String(error) });
    }
  }

  /** Where short runs happen. */
  private async placeHere({ module, outline }: Loaded): Promise<Place> {
    if (this.here) return this.here;
    const workers = this.shared ? this.threads : 1;
    const wanted = frameOf(outline, workers, MOST_PAGES);
    const room = await takeRoom(Math.ceil(wanted.kept / PAGE), this.shared);
    registry.register(this, { id: this.id, room }, this);
    const local = new LocalHost({ id: this.id, module, memory: room.memory }, room);
    const frame = { ...wanted, mostPages: room.mostPages };
    const image = new Image(outline);
    this.here = { host: local, image, frame, workers: 1 };
    if (this.shared) this.away = { host: new SharedHost(local, team), image, frame, workers };
    return this.here;
  }

  /** Where long runs happen. */
  private async placeAway(loaded: Loaded): Promise<Place> {
    if (this.shared) await this.placeHere(loaded);
    if (this.away) return this.away;
    if (!canShare()) warnOnce(notIsolated(this.threads));
    registry.register(this, { id: this.id, room: undefined }, this);
    const host = new MessageHost({ id: this.id, module: loaded.module }, loner);
    this.away = {
      host,
      image: new Image(loaded.outline),
      frame: frameOf(loaded.outline, 1, MOST_PAGES),
      workers: 1,
    };
    return this.away;
  }

  private forget(): void {
    registry.unregister(this);
    for (const pool of [team, loner]) pool.drop(this.id);
    this.id = nextProgram();
    this.here = undefined;
    this.away = undefined;
  }
}
