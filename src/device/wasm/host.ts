/**
 * A host has a memory and runs a program over it. Hosts differ in who sees the memory:
 * - `LocalHost`: the calling thread, which runs the program itself;
 * - `SharedHost`: the calling thread and all workers, which run it together;
 * - `MessageHost` (in its own file): one worker.
 */
import { internalError } from "../../core/errors.ts";
import { Breath } from "../../core/pieces.ts";
import { ControlBlock } from "./control.ts";
import { growTo, PAGE, type Room } from "./memory.ts";
import type { Pool } from "./pool.ts";
import type { Loadable, Piece } from "./worker.ts";

/** What somebody wants to know or change while a program runs. */
export interface Watch {
  readonly signal: AbortSignal | undefined;
  /** Called about every 20 ms by a host that can. */
  readonly progress: (now: ControlBlock) => void;
}

export interface Host {
  /** Makes room and writes; what is there stays. */
  write(pages: number, pieces: Iterable<Piece>): Promise<void>;
  /**
   * Does the steps of a control block, or some of them: as many as were possible before the signal, or before another
   * program wanted to go on. Answers the block as it is then, until the next call.
   */
  run(block: ControlBlock, watch: Watch): Promise<ControlBlock>;
  read(at: number, into: Float32Array): Promise<void>;
}

export const PROGRESS_MS = 20;
/** Copied in a piece: a millisecond where the pages are new. */
const PIECE_BYTES = 1 << 20;

interface Views {
  readonly bytes: Uint8Array;
  readonly floats: Float32Array;
  block: ControlBlock | undefined;
}

export class LocalHost implements Host {
  readonly program: Loadable;
  readonly room: Room;
  /** The module's `run`. */
  private steps: ((worker: number) => void) | undefined;
  private seen: Views | undefined;

  constructor(program: Loadable, room: Room) {
    this.program = program;
    this.room = room;
  }

  /** Views of the memory are kept: making them takes longer than a small run's own code. */
  private views(): Views {
    const { buffer } = this.room.memory;
    if (this.seen?.bytes.buffer !== buffer) {
      this.seen = { bytes: new Uint8Array(buffer), floats: new Float32Array(buffer), block: undefined };
    }
    return this.seen;
  }

  /** The control block in memory, after this one was copied there. */
  put({ bytes }: ControlBlock): ControlBlock {
    const views = this.views();
    views.block ??= new ControlBlock(bytes.length, views.bytes.buffer);
    views.block.bytes.set(bytes);
    return views.block;
  }

  async write(pages: number, pieces: Iterable<Piece>): Promise<void> {
    growTo(pages, this.room);
    const memory = this.views().bytes;
    const breath = new Breath();
    const clean = this.room.usedPages * PAGE;
    this.room.usedPages = Math.max(this.room.usedPages, pages);
    for (const { at, data, zeros = 0 } of pieces) {
      const bytes = data?.length ?? Math.min(zeros, clean - at);
      for (let i = 0; i < bytes; i += PIECE_BYTES) {
        const end = Math.min(bytes, i + PIECE_BYTES);
        if (data) memory.set(bytes <= PIECE_BYTES ? data : data.subarray(i, end), at + i);
        else memory.fill(0, at + i, at + end);
        if (breath.due) await breath.take();
      }
    }
  }

  async run(block: ControlBlock, _watch: Watch): Promise<ControlBlock> {
    const live = this.put(block);
    this.steps ??= await this.instantiate();
    try {
      this.steps(0);
    } catch (error) {
      throw internalError({ where: "wasm", problem: `a program failed on the calling thread: ${error}` });
    }
    return live;
  }

  private async instantiate(): Promise<(worker: number) => void> {
    const { exports } = await WebAssembly.instantiate(this.program.module, { env: { memory: this.room.memory } });
    return exports.run as (worker: number) => void;
  }

  async read(at: number, into: Float32Array): Promise<void> {
    const { floats } = this.views();
    const breath = new Breath();
    const start = at / 4;
    for (let i = 0; i < into.length; i += PIECE_BYTES / 4) {
      into.set(floats.subarray(start + i, start + Math.min(i + PIECE_BYTES / 4, into.length)), i);
      if (breath.due) await breath.take();
    }
  }
}

export class SharedHost implements Host {
  private readonly local: LocalHost;
  private readonly pool: Pool;

  constructor(local: LocalHost, pool: Pool) {
    this.local = local;
    this.pool = pool;
  }

  write(pages: number, pieces: Iterable<Piece>): Promise<void> {
    return this.local.write(pages, pieces);
  }

  read(at: number, into: Float32Array): Promise<void> {
    return this.local.read(at, into);
  }

  run(block: ControlBlock, watch: Watch): Promise<ControlBlock> {
    return this.pool.turn(() => this.runNow(block, watch));
  }

  private async runNow(block: ControlBlock, { signal, progress }: Watch): Promise<ControlBlock> {
    const live = this.local.put(block);
    let failure: { readonly error: unknown } | undefined;
    const stop = () => live.set("abort", 1);
    const look = () => {
      if (this.pool.contended) stop();
      try {
        progress(live);
      } catch (error) {
        failure = { error };
        stop();
      }
    };
    if (signal?.aborted) stop();
    signal?.addEventListener("abort", stop);
    const timer = setInterval(look, PROGRESS_MS);
    try {
      await this.pool.runOnAll(this.local.program, block.get("workers"));
    } finally {
      clearInterval(timer);
      signal?.removeEventListener("abort", stop);
    }
    if (failure) throw failure.error;
    return live;
  }
}
