/**
 * What a run answers, copied out of memory as its steps are done: the calling thread does so while the workers go on,
 * since to touch so many new pages takes longer than one would think, a tenth of a small network's whole prediction.
 */
import { sizeOf } from "../../core/array.ts";
import type { Buffer } from "../../kernel/kernel.ts";
import type { Host } from "./host.ts";
import type { Places } from "./placing.ts";

export class Answers {
  readonly arrays: readonly Float32Array[];
  readonly #sizes: readonly number[];
  /** Samples copied, or on their way. */
  #taken = 0;
  #last: Promise<void> = Promise.resolve();

  /** @param count - samples of the run. */
  constructor(outputs: readonly Buffer[], count: number) {
    this.#sizes = outputs.map((b) => sizeOf(b.shape));
    this.arrays = this.#sizes.map((size) => new Float32Array(count * size));
  }

  /**
   * Begins to copy what the first steps of a part of the run have answered.
   *
   * @param start - samples of the parts before.
   */
  take(host: Host, { work, first, last, outputs }: Places, start: number, steps: number): void {
    const from = this.#taken;
    const to = start + Math.min(last - first, steps * work.batchSize);
    if (to <= from || this.arrays.length === 0) return;
    this.#taken = to;
    const copy = async (): Promise<void> => {
      for (const [k, size] of this.#sizes.entries()) {
        const into =
          to - from === this.arrays[k].length / size ? this.arrays[k] : this.arrays[k].subarray(from * size, to * size);
        await host.read(outputs[k] + 4 * (from - start) * size, into);
      }
    };
    this.#last = this.#last.then(copy);
    // Who waits for it hears of it; a run that failed waits for nothing more.
    this.#last.catch(() => {});
  }

  /** All that was begun. */
  async done(): Promise<void> {
    await this.#last;
  }
}
