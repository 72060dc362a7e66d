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
  /** 0 go on, 1 stop after this step. */
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

const none = new Float64Array(0);

/** The control block: a view of the start of a memory, or a copy of its own. */
export class ControlBlock {
  readonly bytes: Uint8Array;
  private readonly words: Int32Array;
  private readonly floats: Float32Array;
  private readonly doubles: Float64Array;

  /** @param size - bytes, as `controlBytes` tells. */
  constructor(size: number, buffer: ArrayBufferLike = new ArrayBuffer(size)) {
    this.bytes = new Uint8Array(buffer, 0, size);
    this.words = new Int32Array(buffer, 0, size / 4);
    this.floats = new Float32Array(buffer, 0, size / 4);
    this.doubles = new Float64Array(buffer, 0, size / 8);
  }

  copy(): ControlBlock {
    return new ControlBlock(this.bytes.length, this.bytes.slice().buffer);
  }

  get(name: keyof typeof control): number {
    return Atomics.load(this.words, control[name] / 4);
  }

  set(name: keyof typeof control, value: number): void {
    Atomics.store(this.words, control[name] / 4, value);
  }

  setInput(position: number, address: number, sampleBytes: number, element: number, scale: number): void {
    this.words[inputWord(position, 0) / 4] = address;
    this.words[inputWord(position, 1) / 4] = sampleBytes;
    this.words[inputWord(position, 2) / 4] = element;
    this.floats[inputWord(position, 3) / 4] = scale;
  }

  setOutput(position: number, address: number): void {
    this.words[outputWord(position) / 4] = address;
  }

  totals(count: number): Float64Array {
    if (count === 0) return none;
    return this.doubles.slice(totalAddress(0) / 8, totalAddress(count) / 8);
  }

  setTotals(values: Float64Array): void {
    this.doubles.set(values, totalAddress(0) / 8);
  }
}
