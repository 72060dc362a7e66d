/**
 * The control block: how the calling thread and the generated module talk. Words at the start of memory, written before
 * a run and read by the module; a few (`abort`, `stepsDone`, `status`) are read or written while it goes on.
 */

/** Byte addresses of 32-bit words. */
export const control = {
  /** Barrier: workers that arrived, its generation, and how many sleep on it. */
  arrived: 0,
  generation: 4,
  sleepers: 8,
  /** The next shard or unit of work to claim. */
  claim: 12,
  /** 0 go on, 1 stop after this step, 2 stop at once because a worker died. */
  abort: 16,
  workers: 20,
  firstStep: 24,
  steps: 28,
  batchSize: 32,
  count: 36,
  /** Address of the order of samples, 0 for the order of the arrays. */
  order: 40,
  arena: 44,
  kept: 48,
  /** Address of the step scalars: a row for each step of the run. */
  scalars: 52,
  stepsDone: 56,
  /** How the run ended: see `ended`. */
  status: 60,
  /** Samples of the current step. */
  samples: 64,
  /** Whether the current step is to be done. */
  go: 68,
  /** How often to look at the barrier before sleeping. */
  spin: 72,
  /** 1 when what follows from the variables alone is computed already. */
  prepared: 76,
} as const;

export const ended = { running: 0, done: 1, aborted: 2, guard: 3 } as const;

/** Four words for each input: address, bytes of a sample, element (0 float32, 1 uint8, 2 int32), scale (float32). */
export const inputWord = (position: number, field: 0 | 1 | 2 | 3): number => 128 + 16 * position + 4 * field;
/** The address of an output's values. */
export const outputWord = (position: number): number => 640 + 4 * position;
/** Totals in float64, a cell each. */
export const totalAddress = (cell: number): number => 768 + 8 * cell;

export const most = { inputs: 32, outputs: 32 } as const;
/** Where buffers may start, after the totals. */
export const controlBytes = (totalCells: number): number =>
  Math.max(2048, Math.ceil(totalAddress(totalCells) / 64) * 64);
