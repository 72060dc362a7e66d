/**
 * A Device compiles graphs to programs and runs them: `interp` is the plain definition, `wasm` the fast one.
 */
import type { NdArray } from "../core/array.ts";
import type { Graph } from "../graph/graph.ts";

/** One run of a program: a range of steps over arrays of samples. */
export interface Work {
  /** One array for each input of the graph; the first axis is the sample. */
  readonly inputs: readonly NdArray[];
  /** Which sample stands at which place, e.g. a shuffle; the order of the arrays when absent. */
  readonly order?: Uint32Array;
  /** Samples taken into account (places 0 to `count` − 1); the length of the first input when absent. */
  readonly count?: number;
  readonly batchSize: number;
  /** Steps to run: step `k` covers the places from `k·batchSize` on. All of them when absent. */
  readonly firstStep?: number;
  readonly steps?: number;
  /** The graph's step scalars for one step, in their order. Needed when the graph has any. */
  readonly scalars?: (step: number) => readonly number[];
  /** Called now and then while the run goes on, at most once a step, with the steps done and the totals so far. */
  readonly onProgress?: (stepsDone: number, totals: Float64Array) => void;
  /** Ends the run after the step in flight. */
  readonly signal?: AbortSignal;
}

export interface Outcome {
  /** Whole steps done (updates included). */
  readonly steps: number;
  /** Every cell of the graph's totals, one total after the other, added up over those steps. */
  readonly totals: Float64Array;
  /** For each output of the graph the values of all samples of the run, in order of their places. */
  readonly outputs: readonly Float32Array[];
  /** Why the run ended: all steps done, the signal, or a guard that was not finite (at step `steps`). */
  readonly ended: "done" | "aborted" | "guard";
}

/** Variables are read when a run starts (where they changed since) and written when it ends. */
export interface Program {
  run(work: Work): Promise<Outcome>;
}

/** Where programs run: it compiles a graph to a program. */
export interface Device {
  /** For messages. */
  readonly name: string;
  /** A program that runs the graph. */
  compile(graph: Graph): Program;
}
