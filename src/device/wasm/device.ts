/**
 * The `wasm` device: generated SIMD code for the whole program, on every core.
 *
 * Long runs happen in workers over one shared memory while the calling thread stays free; a run that is shorter than
 * waking them happens on the calling thread.
 */
import { dtypeOf, type NdArray, sizeOf, type TypedArray } from "../../core/array.ts";
import type { Graph } from "../../graph/graph.ts";
import { ownerOf } from "../../kernel/kernel.ts";
import { lower } from "../../kernel/lower.ts";
import { prepare } from "../../passes/prepare.ts";
import type { Device, Outcome, Program, Work } from "../device.ts";
import { checkWork, type RunPlan } from "../work.ts";
import { control, ended, inputWord, outputWord, totalAddress } from "./control.ts";
import { cellsOf, type Generated, generate } from "./module.ts";
import { giveBack, pool, takeMemory } from "./pool.ts";
import { narrow } from "./profile.ts";

export interface WasmOptions {
  /** Workers to use; when absent as many as there are cores, at most 8. */
  readonly threads?: number;
}

const PAGE = 65536;
/** Iterations below which a run is not worth waking workers for: about 0.3 ms. */
const WORTH_WAKING = 8e6;
const PROGRESS_MS = 50;
const MOST_THREADS = 8;
const MOST_RESIDENT_BYTES = 1 << 30;
const CHUNK_BYTES = 256 << 20;

/** Cores that this process may use. */
async function cores(): Promise<number> {
  if (typeof process === "undefined" || process.versions?.node === undefined) return navigator.hardwareConcurrency ?? 1;
  return (await import("node:os")).availableParallelism();
}

export function wasm(options: WasmOptions = {}): Device {
  return { name: "wasm", compile: (graph: Graph) => new WasmProgram(graph, options.threads) };
}

const align = (n: number): number => Math.ceil(n / 64) * 64;
const registry = new FinalizationRegistry<{ id: number; memory: WebAssembly.Memory }>(({ id, memory }) => {
  pool.drop(id);
  giveBack(memory);
});

/** Where the parts lie whose size a run decides. */
interface Places {
  readonly kept: number;
  readonly order: number;
  readonly scalars: number;
  readonly inputs: readonly number[];
  readonly outputs: readonly number[];
  readonly end: number;
}

export class WasmProgram implements Program {
  readonly generated: Generated;
  private readonly wanted: number | undefined;
  private threads = 1;
  private cores = 1;
  private readonly id = pool.nextProgram();
  private module: WebAssembly.Module | undefined;
  private memory: WebAssembly.Memory | undefined;
  private local: ((worker: number) => void) | undefined;
  private readonly versions = new Map<object, number>();
  private readonly arenaStart: number;
  private keptStart = 0;
  private keptBytes = 0;

  constructor(graph: Graph, threads: number | undefined) {
    this.generated = generate(lower(prepare(graph)), narrow, true);
    this.wanted = threads;
    this.arenaStart = align(this.generated.end);
  }

  async run(work: Work): Promise<Outcome> {
    const { lowered } = this.generated;
    const plan = checkWork(work, lowered.inputs);
    await this.prepare();
    const totals = new Float64Array(cellsOf(lowered.totals));
    const outputs = lowered.outputs.map((b) => new Float32Array(plan.places * sizeOf(b.shape)));
    const chunk = this.stepsAtOnce(work, plan);
    let done = 0;
    let reason: Outcome["ended"] = "done";
    this.writeVariables();
    while (done < plan.steps && reason === "done") {
      const steps = Math.min(chunk, plan.steps - done);
      const part = await this.runChunk(
        work,
        { ...plan, firstStep: plan.firstStep + done, steps },
        totals,
        done,
        outputs,
      );
      done += part.steps;
      reason = part.ended;
    }
    this.readVariables();
    return { steps: done, totals, outputs, ended: reason };
  }

  /** The text of the generated module. */
  text(): string {
    return this.generated.module.toText();
  }

  private async prepare(): Promise<void> {
    if (this.memory) return;
    this.cores = await cores();
    this.threads = this.wanted ?? Math.min(this.cores, MOST_THREADS);
    this.keptStart = align(this.arenaStart + this.threads * this.generated.layout.sizes.arena + 64);
    this.module = await WebAssembly.compile(this.generated.module.toBytes());
    this.memory = takeMemory(Math.ceil(this.keptStart / PAGE));
    registry.register(this, { id: this.id, memory: this.memory });
    new Uint8Array(this.memory.buffer, 0, this.keptStart).fill(0);
    for (const [buffer, { offset }] of this.generated.layout.placements) {
      if (buffer.place.kind === "constant" && !buffer.aliasOf)
        this.floats(offset, buffer.place.data.length).set(buffer.place.data);
    }
  }

  private floats(address: number, length: number): Float32Array {
    return new Float32Array((this.memory as WebAssembly.Memory).buffer, address, length);
  }

  private get words(): Int32Array {
    return new Int32Array((this.memory as WebAssembly.Memory).buffer, 0, 512);
  }

  private writeVariables(): void {
    let changed = false;
    for (const [variable, buffer] of this.generated.lowered.variables) {
      if (this.versions.get(variable) === variable.version) continue;
      const placement = this.generated.layout.placements.get(buffer);
      if (placement) this.floats(placement.offset, sizeOf(buffer.shape)).set(variable.value as Float32Array);
      this.versions.set(variable, variable.version);
      changed = true;
    }
    if (changed) this.words[control.prepared / 4] = 0;
  }

  private readVariables(): void {
    for (const { variable, to } of this.generated.lowered.updates) {
      const placement = this.generated.layout.placements.get(ownerOf(to));
      if (!placement) continue;
      variable.assign(this.floats(placement.offset, sizeOf(to.shape)).slice());
      this.versions.set(variable, variable.version);
    }
  }

  /** Steps whose samples are brought in together; all of them unless the arrays are very large. */
  private stepsAtOnce(work: Work, plan: RunPlan): number {
    const { lowered } = this.generated;
    const resident = work.inputs.reduce((sum, x) => sum + x.data.byteLength, 0);
    const perPlace =
      lowered.outputs.reduce((sum, b) => sum + 4 * sizeOf(b.shape), 0) +
      (resident > MOST_RESIDENT_BYTES ? work.inputs.reduce((sum, x) => sum + x.data.byteLength / x.shape[0], 0) : 0);
    if (perPlace * plan.places <= CHUNK_BYTES) return Math.max(1, plan.steps);
    return Math.max(1, Math.floor(CHUNK_BYTES / (perPlace * work.batchSize)));
  }

  private async runChunk(
    work: Work,
    plan: RunPlan,
    totals: Float64Array,
    doneBefore: number,
    outputs: readonly Float32Array[],
  ): Promise<{ steps: number; ended: Outcome["ended"] }> {
    const { lowered, costPerSample } = this.generated;
    const first = plan.firstStep * work.batchSize;
    const last = Math.min(plan.count, first + plan.steps * work.batchSize);
    const places = this.place(work, plan, first, last);
    this.writeControl(work, plan, places, first);
    const words = this.words;
    const before = Float64Array.from(totals);
    const progress = () => {
      for (let k = 0; k < totals.length; k++) totals[k] = before[k] + this.total(k);
    };
    const inPlace = (last - first) * costPerSample < WORTH_WAKING;
    const workers = inPlace ? 1 : this.threads;
    words[control.workers / 4] = workers;
    words[control.spin / 4] = workers <= this.cores ? 20000 : 200;
    if (inPlace) this.here()(0);
    else
      await this.inWorkers(work, workers, () => {
        progress();
        work.onProgress?.(doneBefore + Atomics.load(words, control.stepsDone / 4), totals);
      });
    progress();
    const steps = this.words[control.stepsDone / 4];
    if (steps > 0) work.onProgress?.(doneBefore + steps, totals);
    lowered.outputs.forEach((b, k) => {
      const size = sizeOf(b.shape);
      outputs[k].set(this.floats(places.outputs[k], (last - first) * size), doneBefore * work.batchSize * size);
    });
    const status = this.words[control.status / 4];
    return { steps, ended: status === ended.guard ? "guard" : status === ended.aborted ? "aborted" : "done" };
  }

  private total(k: number): number {
    return new Float64Array((this.memory as WebAssembly.Memory).buffer, totalAddress(k), 1)[0];
  }

  private here(): (worker: number) => void {
    if (!this.local) {
      const instance = new WebAssembly.Instance(this.module as WebAssembly.Module, {
        env: { memory: this.memory as WebAssembly.Memory },
      });
      this.local = instance.exports.run as (worker: number) => void;
    }
    return this.local;
  }

  private async inWorkers(work: Work, workers: number, report: () => void): Promise<void> {
    const { words } = this;
    const stop = () => Atomics.store(words, control.abort / 4, 1);
    const died = () => {
      Atomics.store(words, control.abort / 4, 2);
      Atomics.add(words, control.generation / 4, 1);
      Atomics.notify(words, control.generation / 4);
    };
    if (work.signal?.aborted) stop();
    work.signal?.addEventListener("abort", stop);
    const timer = work.onProgress ? setInterval(report, PROGRESS_MS) : undefined;
    try {
      const program = {
        id: this.id,
        module: this.module as WebAssembly.Module,
        memory: this.memory as WebAssembly.Memory,
      };
      await pool.run(program, workers, died);
    } finally {
      clearInterval(timer);
      work.signal?.removeEventListener("abort", stop);
    }
  }

  /** Decides where the run's data goes, makes room and writes it. */
  private place(work: Work, plan: RunPlan, first: number, last: number): Places {
    const { lowered, layout } = this.generated;
    const samples = last - first;
    const kept = this.keptStart;
    const keptBytes = work.batchSize * layout.sizes.kept;
    let top = align(kept + keptBytes);
    const take = (bytes: number): number => {
      const at = top;
      top = align(top + bytes + 16);
      return at;
    };
    // A run over a small part of the data brings just that part, in its order.
    const gather = this.gathers(work, samples);
    const order = work.order && !gather ? take(4 * samples) : 0;
    const scalars = take(4 * plan.steps * this.generated.scalars);
    const inputs = work.inputs.map((x) =>
      take(gather ? samples * (x.data.byteLength / x.shape[0]) : x.data.byteLength),
    );
    const outputs = lowered.outputs.map((b) => take(4 * samples * sizeOf(b.shape)));
    const places = { kept, order, scalars, inputs, outputs, end: top };
    const memory = this.memory as WebAssembly.Memory;
    const missing = Math.ceil(top / PAGE) - memory.buffer.byteLength / PAGE;
    if (missing > 0) memory.grow(missing);
    if (keptBytes > this.keptBytes) {
      new Uint8Array(memory.buffer, kept, keptBytes).fill(0);
      this.keptBytes = keptBytes;
    } else if (keptBytes < this.keptBytes) this.keptBytes = keptBytes;
    for (const [k, x] of work.inputs.entries())
      this.writeInput(x, inputs[k], gather ? work.order : undefined, gather, first, last);
    if (order > 0)
      new Uint32Array(memory.buffer, order, samples).set((work.order as Uint32Array).subarray(first, last));
    return places;
  }

  private gathers(work: Work, samples: number): boolean {
    const resident = work.inputs.reduce((sum, x) => sum + x.data.byteLength, 0);
    const length = work.inputs[0]?.shape[0] ?? 0;
    return resident > MOST_RESIDENT_BYTES || 4 * samples <= length || (work.order === undefined && samples < length);
  }

  private writeInput(
    x: NdArray,
    address: number,
    order: Uint32Array | undefined,
    gather: boolean,
    first: number,
    last: number,
  ): void {
    const { buffer } = this.memory as WebAssembly.Memory;
    const size = x.data.length / x.shape[0];
    const make = x.data.constructor as new (b: ArrayBufferLike, at: number, n: number) => TypedArray;
    const target = new make(buffer, address, gather ? (last - first) * size : x.data.length);
    if (!gather) target.set(x.data);
    else if (!order) target.set(x.data.subarray(first * size, last * size));
    else
      for (let p = first; p < last; p++)
        target.set(x.data.subarray(order[p] * size, (order[p] + 1) * size), (p - first) * size);
  }

  private writeControl(work: Work, plan: RunPlan, places: Places, first: number): void {
    const { words } = this;
    const floats = this.floats(0, 512);
    const { lowered } = this.generated;
    const set = (address: number, value: number) => {
      words[address / 4] = value;
    };
    for (const name of ["arrived", "sleepers", "claim", "abort", "stepsDone", "status"] as const) set(control[name], 0);
    set(control.firstStep, plan.firstStep);
    set(control.steps, plan.steps);
    set(control.batchSize, work.batchSize);
    set(control.count, plan.count);
    set(control.arena, this.arenaStart);
    set(control.kept, places.kept);
    set(control.scalars, places.scalars);
    set(control.order, places.order > 0 ? places.order - 4 * first : 0);
    const gather = this.gathers(work, Math.min(plan.count - first, plan.steps * work.batchSize));
    work.inputs.forEach((x, k) => {
      const bytes = x.data.byteLength / x.shape[0];
      set(inputWord(k, 0), places.inputs[k] - (gather ? first * bytes : 0));
      set(inputWord(k, 1), bytes);
      set(inputWord(k, 2), ["float32", "uint8", "int32"].indexOf(dtypeOf(x.data)));
      floats[inputWord(k, 3) / 4] = x.scale ?? 1;
    });
    for (const [k, address] of places.outputs.entries()) set(outputWord(k), address);
    new Float64Array((this.memory as WebAssembly.Memory).buffer, totalAddress(0), cellsOf(lowered.totals)).fill(0);
    if (work.scalars) {
      const width = this.generated.scalars;
      for (let k = 0; k < plan.steps; k++)
        this.floats(places.scalars + 4 * k * width, width).set(work.scalars(plan.firstStep + k).slice(0, width));
    }
  }
}
