/**
 * Where memory cannot be shared: one worker has a memory that only it sees, is told by messages what to write, run and
 * read, and runs in slices of about 50 ms, so that progress is seen and a signal gets through.
 */
import { ControlBlock } from "./control.ts";
import { type Host, PROGRESS_MS, type Watch } from "./host.ts";
import type { Pool } from "./pool.ts";
import type { Loadable, Piece } from "./worker.ts";

const MESSAGE_BYTES = 4 << 20;

export class MessageHost implements Host {
  private readonly program: Loadable;
  private readonly pool: Pool;
  private pages = 1;
  private first = true;
  /** Steps of the next slice; code is slow at first, so it grows by degrees. */
  private steps = 1;

  constructor(program: Loadable, pool: Pool) {
    this.program = program;
    this.pool = pool;
  }

  async write(pages: number, pieces: Iterable<Piece>): Promise<void> {
    this.pages = Math.max(this.pages, pages);
    let message: Piece[] = [];
    let bytes = 0;
    for (const { at, data, zeros } of pieces) {
      if (!data) {
        message.push({ at, zeros: zeros ?? 0 });
        continue;
      }
      for (let i = 0; i < data.length; i += MESSAGE_BYTES) {
        const part = data.slice(i, i + MESSAGE_BYTES);
        message.push({ at: at + i, data: part });
        bytes += part.length;
        if (bytes < MESSAGE_BYTES) continue;
        await this.send(message);
        [message, bytes] = [[], 0];
      }
    }
    await this.send(message);
  }

  async run(block: ControlBlock, { signal }: Watch): Promise<ControlBlock> {
    const now = block.copy();
    now.set("steps", Math.min(this.steps, block.get("steps")));
    if (signal?.aborted) now.set("abort", 1);
    const start = performance.now();
    const [, , bytes] = await Promise.all([
      this.send([{ at: 0, data: now.bytes }]),
      this.pool.call(0, this.program, { kind: "run", worker: 0 }),
      this.bytes(0, block.bytes.length),
    ]);
    const after = new ControlBlock(block.bytes.length, bytes);
    const perStep = (performance.now() - start) / Math.max(1, after.get("stepsDone"));
    this.steps = Math.max(1, Math.min(4 * this.steps, Math.floor(PROGRESS_MS / perStep)));
    return after;
  }

  async read(at: number, into: Float32Array): Promise<void> {
    const step = MESSAGE_BYTES / 4;
    for (let i = 0; i < into.length; i += step) {
      const length = Math.min(step, into.length - i);
      into.set(new Float32Array(await this.bytes(at + 4 * i, 4 * length)), i);
    }
  }

  private async send(pieces: readonly Piece[]): Promise<void> {
    const buffers = pieces.flatMap(({ data }) => (data ? [data.buffer as ArrayBuffer] : []));
    const { pages, first } = this;
    this.first = false;
    await this.pool.call(0, this.program, { kind: "write", pages, pieces, first }, buffers);
  }

  private async bytes(at: number, bytes: number): Promise<ArrayBuffer> {
    return (await this.pool.call(0, this.program, { kind: "read", at, bytes })) as ArrayBuffer;
  }
}
