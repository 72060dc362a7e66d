/**
 * Workers, shared by all programs of the process. They are started when first needed, kept, and referenced only while
 * work is in flight, so that a process ends by itself. One that dies is replaced when next needed.
 */
import { outOfMemory, workerDied } from "../../core/errors.ts";
import { type Limits, startThread, type Thread } from "./thread.ts";
import { type Loadable, type Reply, type Request, workerSource } from "./worker.ts";

interface Waiting {
  readonly request: Request;
  resolve(value: ArrayBuffer | undefined): void;
  reject(error: Error): void;
}

interface Slot {
  readonly thread: Thread;
  readonly loaded: Set<number>;
  readonly waiting: Map<number, Waiting>;
}

const PAGE = 65536;
let programs = 0;
let calls = 0;

/** A number for a new program. */
export const nextProgram = (): number => programs++;

export class Pool {
  private readonly source: string;
  private readonly limits: Limits;
  private readonly slots: (Promise<Slot> | undefined)[] = [];
  private last: Promise<unknown> = Promise.resolve();
  private queued = 0;

  constructor(source: string = workerSource, limits: Limits = {}) {
    this.source = source;
    this.limits = limits;
  }

  /** Starts the first workers ahead of their first call, which tells where one cannot start. */
  begin(workers: number): void {
    for (let w = 0; w < workers; w++) this.slot(w).catch(() => {});
  }

  /** Whether others wait for their turn. */
  get contended(): boolean {
    return this.queued > 0;
  }

  /** Runs work that needs several workers at once, alone. */
  turn<T>(work: () => Promise<T>): Promise<T> {
    this.queued++;
    const mine = this.last.then(() => {
      this.queued--;
      return work();
    });
    this.last = mine.catch(() => {});
    return mine;
  }

  /**
   * Calls `run(worker)` of a program on each of the first workers, and waits for all.
   *
   * @throws RhytonError `worker-died`. None of them runs any more then.
   */
  async runOnAll(program: Loadable, workers: number): Promise<void> {
    const all = Array.from({ length: workers }, (_, w) => w);
    try {
      // All there first: a worker that waits for one that cannot start would wait for ever.
      await Promise.all(all.map((w) => this.slot(w)));
      await Promise.all(all.map((w) => this.call(w, program, { kind: "run", worker: w })));
    } catch (error) {
      await Promise.all(all.map((w) => this.end(w)));
      throw error;
    }
  }

  /** @throws RhytonError `worker-died`, or `out-of-memory` when there is no room for what is written. */
  async call(
    w: number,
    program: Loadable,
    request: Request,
    transfer: readonly ArrayBuffer[] = [],
  ): Promise<ArrayBuffer | undefined> {
    const { thread, loaded, waiting } = await this.slot(w);
    const begins = program.memory !== undefined || (request.kind === "write" && request.first);
    if (!begins && !loaded.has(program.id)) {
      throw workerDied({ worker: w, reason: "it ended, and what it held is lost" });
    }
    const call = calls++;
    return new Promise((resolve, reject) => {
      if (waiting.size === 0) thread.hold(true);
      waiting.set(call, { request, resolve, reject });
      if (!loaded.has(program.id)) {
        thread.post({ kind: "load", ...program });
        loaded.add(program.id);
      }
      thread.post({ ...request, id: program.id, call }, transfer);
    });
  }

  /** Ends a worker, whatever it is doing. */
  async end(w: number): Promise<void> {
    const slot = this.slots[w];
    this.slots[w] = undefined;
    await slot?.then(
      ({ thread }) => thread.end(),
      () => {},
    );
  }

  /** Makes all workers forget a program. */
  drop(id: number): void {
    for (const slot of this.slots) {
      slot?.then(
        ({ thread, loaded }) => {
          if (loaded.delete(id)) thread.post({ kind: "drop", id });
        },
        () => {},
      );
    }
  }

  private slot(w: number): Promise<Slot> {
    this.slots[w] ??= this.start(w);
    return this.slots[w];
  }

  private start(w: number): Promise<Slot> {
    const waiting = new Map<number, Waiting>();
    const lost = (reason: string): void => {
      if (this.slots[w] === slot) this.slots[w] = undefined;
      for (const { reject } of waiting.values()) reject(workerDied({ worker: w, reason }));
      waiting.clear();
    };
    const heard = (message: unknown): void => {
      const { call, value, error } = message as Reply;
      const waiter = waiting.get(call);
      waiting.delete(call);
      if (waiting.size === 0) slot.then(({ thread }) => waiting.size === 0 && thread.hold(false));
      if (error === undefined) waiter?.resolve(value);
      else waiter?.reject(failure(w, waiter.request, error));
    };
    const slot: Promise<Slot> = startThread(this.source, this.limits, { heard, lost }).then((thread) => ({
      thread,
      loaded: new Set<number>(),
      waiting,
    }));
    slot.catch((error) => lost(String(error)));
    return slot;
  }
}

/** The one thing that may fail in writing is making room. */
const failure = (worker: number, request: Request, reason: string): Error =>
  request.kind === "write"
    ? outOfMemory({ where: "wasm", bytes: request.pages * PAGE, reason })
    : workerDied({ worker, reason });
