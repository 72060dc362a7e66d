/**
 * The plain definition of a program: the same kernels as every device, one cell at a time, without schedule, halo or
 * threads. Where a device disagrees with `interp`, `interp` is right or is mended first.
 *
 * In "float32" every operation is rounded to float32; in "float64" nothing is rounded (for finite differences).
 */
import { sizeOf } from "../core/array.ts";
import { internalError } from "../core/errors.ts";
import { bits } from "../core/random.ts";
import { type Affine, type BinaryName, type Loop, rangeOf, type UnaryName } from "../expr/expr.ts";
import type { Graph } from "../graph/graph.ts";
import {
  type Buffer,
  belongsToSample,
  type Kernel,
  type KernelExpr,
  type Lowered,
  type NestKernel,
  ownerOf,
  type RouteKernel,
} from "../kernel/kernel.ts";
import { lower } from "../kernel/lower.ts";
import { readsOf, sharedNodes, storesOf } from "../kernel/reads.ts";
import { planStages, type Stage } from "../kernel/stages.ts";
import { prepare } from "../passes/prepare.ts";
import type { Device, Outcome, Program, Work } from "./device.ts";
import { checkWork } from "./work.ts";

export type Precision = "float32" | "float64";
type Values = Float32Array | Float64Array;

/** The plain definition of everything: runs kernels one cell at a time, in float32 or float64. Slow. */
export function interp(precision: Precision = "float32"): Device {
  return { name: `interp ${precision}`, compile: (graph: Graph) => interpret(graph, precision) };
}

/** As `interp` compiles it: a program that can also run while the caller waits. */
export const interpret = (graph: Graph, precision: Precision = "float32"): InterpProgram =>
  new InterpProgram(lower(prepare(graph)), precision);

/** What kernels see while they run: the loop counters and which sample it is. */
interface State {
  readonly counters: Int32Array;
  sample: number;
  reduced: number;
  /** Counts evaluations: what was computed in this one holds for all who share it. */
  time: number;
}
type Evaluate = (state: State) => number;

export class InterpProgram implements Program {
  private readonly lowered: Lowered;
  private readonly stages: readonly Stage[];
  private readonly allocate: (size: number) => Values;
  private readonly round: (x: number) => number;
  private readonly shared = new Map<Buffer, Values>();
  private readonly samples = new Map<Buffer, Values[]>();
  private readonly runners = new Map<Kernel, (sample: number) => void>();
  private readonly buffers: ReadonlySet<Buffer>;
  private batch = 0;

  constructor(lowered: Lowered, precision: Precision) {
    this.lowered = lowered;
    this.stages = planStages(lowered);
    this.allocate = precision === "float32" ? (n) => new Float32Array(n) : (n) => new Float64Array(n);
    this.round = precision === "float32" ? Math.fround : (x) => x;
    const { kernels, inputs, totals, guard } = lowered;
    const named = [...kernels.flatMap((k) => [k.out, ...readsOf(k)]), ...inputs, ...totals, ...(guard ? [guard] : [])];
    this.buffers = new Set(named.map(ownerOf));
    for (const kernel of kernels) this.runners.set(kernel, this.compileKernel(kernel));
  }

  async run(work: Work): Promise<Outcome> {
    const steps = this.steps(work);
    let lastPause = Date.now();
    for (let turn = steps.next(); ; turn = steps.next()) {
      if (turn.done) return turn.value;
      if (Date.now() - lastPause <= 8) continue;
      await new Promise((resolve) => setTimeout(resolve, 0));
      lastPause = Date.now();
    }
  }

  /** As `run`, before it returns: nobody else gets a turn meanwhile. */
  runNow(work: Work): Outcome {
    const steps = this.steps(work);
    for (let turn = steps.next(); ; turn = steps.next()) if (turn.done) return turn.value;
  }

  /** Pauses after each step. */
  private *steps(work: Work): Generator<void, Outcome> {
    const plan = checkWork(work, this.lowered.inputs);
    const { lowered } = this;
    for (const [variable, buffer] of lowered.variables) this.valuesOf(buffer, 0).set(variable.value as Float32Array);
    const totals = new Float64Array(lowered.totals.reduce((cells, b) => cells + sizeOf(b.shape), 0));
    const outputs = lowered.outputs.map((b) => new Float32Array(plan.places * sizeOf(b.shape)));
    let done = 0;
    let ended: Outcome["ended"] = "done";
    for (; done < plan.steps; done++) {
      if (work.signal?.aborted) {
        ended = "aborted";
        break;
      }
      const step = plan.firstStep + done;
      const first = step * work.batchSize;
      this.batch = Math.min(work.batchSize, plan.count - first);
      this.load(work, first, work.scalars?.(step) ?? []);
      if (!this.step(totals)) {
        ended = "guard";
        break;
      }
      lowered.outputs.forEach((b, k) => {
        const size = sizeOf(b.shape);
        for (let n = 0; n < this.batch; n++) {
          outputs[k].set(this.valuesOf(b, n), (first - plan.firstStep * work.batchSize + n) * size);
        }
      });
      work.onProgress?.(done + 1, totals);
      yield;
    }
    for (const { variable, to } of lowered.updates) variable.assign(Float32Array.from(this.valuesOf(to, 0)));
    return { steps: done, totals, outputs, ended };
  }

  private load(work: Work, first: number, scalars: readonly number[]): void {
    for (const buffer of this.buffers) {
      const { place } = buffer;
      if (place.kind === "batchSize") this.valuesOf(buffer, 0)[0] = this.batch;
      if (place.kind === "stepScalar") this.valuesOf(buffer, 0)[0] = scalars[place.position];
      if (place.kind === "sampleIndex") {
        for (let n = 0; n < this.batch; n++) this.valuesOf(buffer, n)[0] = first + n;
      }
      if (place.kind === "partial") this.valuesOf(buffer, 0).fill(0);
      if (place.kind === "input") {
        const { data, scale = 1 } = work.inputs[place.position];
        const size = sizeOf(buffer.shape);
        for (let n = 0; n < this.batch; n++) {
          const sample = work.order ? work.order[first + n] : first + n;
          const values = this.valuesOf(buffer, n);
          for (let i = 0; i < size; i++) values[i] = data[sample * size + i] * this.round(scale);
        }
      }
    }
  }

  /** One step; false when the guard was not finite. */
  private step(totals: Float64Array): boolean {
    const { guard } = this.lowered;
    for (const stage of this.stages) {
      if (stage.commit && guard && !Number.isFinite(this.valuesOf(guard, 0)[0])) return false;
      for (let n = 0; n < (stage.perSample ? this.batch : 1); n++) {
        for (const level of stage.levels) for (const kernel of level) this.runners.get(kernel)?.(n);
      }
    }
    if (guard && !Number.isFinite(this.valuesOf(guard, 0)[0])) return false;
    let at = 0;
    for (const b of this.lowered.totals) for (const value of this.valuesOf(b, 0)) totals[at++] += value;
    return true;
  }

  private valuesOf(buffer: Buffer, sample: number): Values {
    const owner = ownerOf(buffer);
    if (!belongsToSample(owner)) {
      let values = this.shared.get(owner);
      if (!values) {
        values = this.allocate(sizeOf(owner.shape));
        if (owner.place.kind === "constant") values.set(owner.place.data);
        this.shared.set(owner, values);
      }
      return values;
    }
    let list = this.samples.get(owner);
    if (!list) {
      list = [];
      this.samples.set(owner, list);
    }
    list[sample] ??= this.allocate(sizeOf(owner.shape));
    return list[sample];
  }

  private compileKernel(kernel: Kernel): (sample: number) => void {
    switch (kernel.kind) {
      case "nest":
        return this.compileNest(kernel);
      case "clear":
        return (sample) => this.valuesOf(kernel.out, sample).fill(0);
      case "collect":
        return () => this.valuesOf(kernel.out, 0).set(this.valuesOf(kernel.from, 0));
      case "route":
        return this.compileRoute(kernel);
    }
  }

  private compileNest(kernel: NestKernel): (sample: number) => void {
    const slots = new Slots();
    const value = kernel.value && this.compile(kernel.value, slots);
    const skipped = kernel.value ? this.skips(kernel.value, slots) : () => false;
    const stores = storesOf(kernel).map(({ index, result }) => {
      const { flat: at, outside: escapes } = this.place(kernel.out, index, slots);
      if (escapes) throw internalError({ where: `kernel ${kernel.name}`, problem: "it writes outside its buffer" });
      return { at, result: this.compile(result, slots) };
    });
    const outer = kernel.loops.map((l) => [slots.of(l), l.size] as const);
    const inner = kernel.reduce.map((l) => [slots.of(l), l.size] as const);
    const state: State = { counters: new Int32Array(slots.count), sample: 0, reduced: 0, time: 0 };
    const { round } = this;
    return (sample) => {
      state.sample = sample;
      const out = this.valuesOf(kernel.out, kernel.accumulate ? 0 : sample);
      walk(state.counters, outer, () => {
        if (value) {
          let total = kernel.combine === "sum" ? 0 : Number.NEGATIVE_INFINITY;
          walk(state.counters, inner, () => {
            if (skipped(state)) return;
            const v = value(state);
            total = kernel.combine === "sum" ? round(total + v) : Math.max(total, v);
          });
          state.reduced = total;
        }
        for (const { at, result } of stores) {
          const r = result(state);
          const cell = at(state);
          out[cell] = kernel.accumulate ? out[cell] + r : r;
        }
      });
    };
  }

  private compileRoute(kernel: RouteKernel): (sample: number) => void {
    const slots = new Slots();
    const rank = kernel.out.shape.length;
    const slid = kernel.windows.length;
    const cells = kernel.cell.map((l) => [slots.of(l), l.size] as const);
    const result = this.compile(kernel.result, slots);
    const state: State = { counters: new Int32Array(slots.count), sample: 0, reduced: 0, time: 0 };
    const windowSizes = [...kernel.windows.map((w) => w.output), ...kernel.out.shape.slice(slid)];
    const flat = (shape: readonly number[], index: readonly number[]) =>
      index.reduce((sum, i, axis) => sum * shape[axis] + i, 0);
    return (sample) => {
      state.sample = sample;
      const [x, y, dy] = [kernel.x, kernel.y, kernel.dy].map((b) => this.valuesOf(b, sample));
      const out = this.valuesOf(kernel.out, sample);
      const routed = new Float64Array(out.length);
      const counters = new Int32Array(rank + slid);
      const windows = windowSizes.map((size, i) => [i, size] as const);
      const taps = kernel.windows.map((w, i) => [rank + i, w.kernel] as const);
      walk(counters, windows, () => {
        const window = Array.from(counters.subarray(0, rank));
        const at = flat(windowSizes, window);
        let found = false;
        walk(counters, taps, () => {
          const cell = window.map((i, a) => {
            const w = kernel.windows[a];
            return w ? i * w.stride - w.before + counters[rank + a] : i;
          });
          if (found || cell.some((i, a) => i < 0 || i >= kernel.out.shape[a])) return;
          const k = flat(kernel.out.shape, cell);
          if (x[k] !== y[at]) return;
          found = true;
          routed[k] = this.round(routed[k] + dy[at]);
        });
      });
      walk(state.counters, cells, () => {
        const k = flat(
          kernel.out.shape,
          kernel.cell.map((l) => state.counters[slots.of(l)]),
        );
        state.reduced = routed[k];
        out[k] = result(state);
      });
    };
  }

  /** Where an index lies in a buffer, and whether it lies outside. */
  private place(
    buffer: Buffer,
    index: readonly Affine[],
    slots: Slots,
  ): { flat: Evaluate; outside: Evaluate | undefined } {
    const axes = index.map((a) => slots.affine(a));
    const { shape } = buffer;
    const checks = index.flatMap((a, axis) => {
      const { low, high } = rangeOf(a);
      return low < 0 || high >= shape[axis] ? [axis] : [];
    });
    const flat: Evaluate = (s) => {
      let cell = 0;
      for (let i = 0; i < axes.length; i++) cell = cell * shape[i] + axes[i](s.counters);
      return cell;
    };
    if (checks.length === 0) return { flat, outside: undefined };
    const outside: Evaluate = (s) => {
      for (const axis of checks) {
        const i = axes[axis](s.counters);
        if (i < 0 || i >= shape[axis]) return 1;
      }
      return 0;
    };
    return { flat, outside };
  }

  /** Whether any load of the expression that skips lies outside. */
  private skips(e: KernelExpr, slots: Slots): (s: State) => boolean {
    if (e.kind === "load" && e.outside === "skip") {
      const { outside } = this.place(e.source as Buffer, e.index, slots);
      return outside ? (s) => outside(s) === 1 : () => false;
    }
    return () => false;
  }

  /** An expression, whose shared nodes are computed once each time. */
  private compile(e: KernelExpr, slots: Slots): Evaluate {
    const shared = sharedNodes(e);
    const made = new Map<KernelExpr, Evaluate>();
    const node = (x: KernelExpr): Evaluate => {
      let evaluate = made.get(x);
      if (evaluate === undefined) {
        evaluate = this.compileNode(x, slots, node);
        if (shared.has(x)) evaluate = onceEachTime(evaluate);
        made.set(x, evaluate);
      }
      return evaluate;
    };
    const evaluate = node(e);
    return (s) => {
      s.time++;
      return evaluate(s);
    };
  }

  private compileNode(e: KernelExpr, slots: Slots, node: (e: KernelExpr) => Evaluate): Evaluate {
    const { round } = this;
    switch (e.kind) {
      case "const": {
        const value = round(e.value);
        return () => value;
      }
      case "reduced":
        return (s) => s.reduced;
      case "load": {
        const source = e.source as Buffer;
        const { flat, outside } = this.place(source, e.index, slots);
        if (!outside) return (s) => this.valuesOf(source, s.sample)[flat(s)];
        return (s) => (outside(s) ? 0 : this.valuesOf(source, s.sample)[flat(s)]);
      }
      case "unary": {
        const [f, x] = [unaryFunctions[e.name], node(e.x)];
        return (s) => round(f(x(s)));
      }
      case "binary": {
        const [f, a, b] = [binaryFunctions[e.name], node(e.a), node(e.b)];
        return (s) => round(f(a(s), b(s)));
      }
      case "gather": {
        const source = (e.from as Extract<KernelExpr, { kind: "load" }>).source as Buffer;
        const cell = node(e.cell);
        const most = sizeOf(source.shape) - 1;
        return (s) => this.valuesOf(source, s.sample)[Math.max(0, Math.min(most, Math.trunc(cell(s))))];
      }
      case "random": {
        const [step, sample, cell] = [e.step, e.sample, e.cell].map((x) => node(x));
        const { key } = e;
        return (s) => (bits([key[0], (key[1] + step(s)) >>> 0], [sample(s), cell(s)])[0] >>> 8) / 2 ** 24;
      }
      case "select": {
        const [c, yes, no] = [e.condition, e.yes, e.no].map((x) => node(x));
        return (s) => (c(s) !== 0 ? yes(s) : no(s));
      }
    }
  }
}

/** Keeps a value for all who ask in one evaluation. */
function onceEachTime(evaluate: Evaluate): Evaluate {
  let [time, value] = [0, 0];
  return (s) => {
    if (time !== s.time) [time, value] = [s.time, evaluate(s)];
    return value;
  };
}

/** Numbers the loops of a kernel. */
class Slots {
  private readonly slots = new Map<Loop, number>();

  get count(): number {
    return this.slots.size;
  }

  of(loop: Loop): number {
    let slot = this.slots.get(loop);
    if (slot === undefined) {
      slot = this.slots.size;
      this.slots.set(loop, slot);
    }
    return slot;
  }

  affine(a: Affine): (counters: Int32Array) => number {
    const terms = a.terms.map(([loop, c]) => [this.of(loop), c] as const);
    const { offset } = a;
    return (counters) => {
      let sum = offset;
      for (const [slot, c] of terms) sum += counters[slot] * c;
      return sum;
    };
  }
}

/** Runs `body` for all values of the counters, the last one fastest. */
function walk(counters: Int32Array, loops: readonly (readonly [slot: number, size: number])[], body: () => void): void {
  const go = (depth: number): void => {
    if (depth === loops.length) {
      body();
      return;
    }
    const [slot, size] = loops[depth];
    for (let i = 0; i < size; i++) {
      counters[slot] = i;
      go(depth + 1);
    }
  };
  go(0);
}

const softplus = (x: number): number => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
const sigmoid = (x: number): number => (x >= 0 ? 1 / (1 + Math.exp(-x)) : Math.exp(x) / (1 + Math.exp(x)));

/** The error function by a series without cancellation and, from 3 on, its continued fraction; error below 1e-15. */
export function erf(x: number): number {
  const a = Math.abs(x);
  if (a < 3) {
    let [term, total] = [a, a];
    // erf x = 2/√π · e^(−x²) · Σ 2ⁿ·x²ⁿ⁺¹ / (1·3·5·…·(2n + 1))
    for (let n = 1; n < 80; n++) {
      term *= (2 * a * a) / (2 * n + 1);
      total += term;
    }
    return (Math.sign(x) * 2 * Math.exp(-a * a) * total) / Math.sqrt(Math.PI);
  }
  let fraction = 0;
  for (let n = 60; n > 0; n--) fraction = n / 2 / (a + fraction);
  return Math.sign(x) * (1 - Math.exp(-a * a) / (a + fraction) / Math.sqrt(Math.PI));
}

/** Rounds halves to even, as SIMD does. */
function nearestEven(x: number): number {
  const r = Math.round(x);
  return Math.abs(x % 1) === 0.5 && r % 2 !== 0 ? r - 1 : r;
}

const unaryFunctions: Readonly<Record<UnaryName, (x: number) => number>> = {
  neg: (x) => -x,
  abs: Math.abs,
  sqrt: Math.sqrt,
  exp: Math.exp,
  log: Math.log,
  tanh: Math.tanh,
  sin: Math.sin,
  cos: Math.cos,
  sigmoid,
  softplus,
  erf,
  sign: Math.sign,
  floor: Math.floor,
  round: nearestEven,
};

const binaryFunctions: Readonly<Record<BinaryName, (a: number, b: number) => number>> = {
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  mul: (a, b) => a * b,
  div: (a, b) => a / b,
  max: Math.max,
  min: Math.min,
  gt: (a, b) => (a > b ? 1 : 0),
  ge: (a, b) => (a >= b ? 1 : 0),
  eq: (a, b) => (a === b ? 1 : 0),
};
