/**
 * Workers and memories, shared by all programs of the process.
 *
 * Workers are started when first needed, kept, and referenced only while work is in flight, so that a process ends by
 * itself. Memories of programs that are gone are used again: a dropped shared memory keeps its address space.
 */
import { workerDied } from "../../core/errors.ts";

/** What a worker runs: a few constant lines, as text, so that bundlers and Node versions need not agree on files. */
const workerSource = `
const node = typeof process !== "undefined" && process.versions && process.versions.node;
const port = node ? require("node:worker_threads").parentPort : self;
const programs = new Map();
const handle = ({ kind, id, module, memory, worker, run }) => {
  if (kind === "load") programs.set(id, new WebAssembly.Instance(module, { env: { memory } }));
  else if (kind === "drop") programs.delete(id);
  else {
    try {
      programs.get(id).exports.run(worker);
      port.postMessage({ run });
    } catch (error) {
      port.postMessage({ run, error: String(error) });
    }
  }
};
if (node) port.on("message", handle);
else port.onmessage = (event) => handle(event.data);
`;

interface Message {
  readonly run: number;
  readonly error?: string;
}

/** A worker of Node or of the browser, as far as they are alike. */
interface Port {
  postMessage(message: unknown): void;
  /** Keeps the process alive, or lets it end. */
  hold(on: boolean): void;
  terminate(): void;
}

interface Running {
  readonly waiting: Set<number>;
  resolve(): void;
  reject(error: Error): void;
}

const inNode = typeof process !== "undefined" && process.versions?.node !== undefined;

class Pool {
  private readonly ports: (Port | undefined)[] = [];
  private readonly loaded: Set<number>[] = [];
  private readonly running = new Map<number, Running>();
  private runs = 0;
  private programs = 0;

  nextProgram(): number {
    return this.programs++;
  }

  /**
   * Calls `run(worker)` of a program on `workers` workers and waits for all of them.
   *
   * @param died called when one of them cannot go on, so that the others can be freed from their barrier.
   * @throws RhytonError `worker-died`.
   */
  async run(
    program: { readonly id: number; readonly module: WebAssembly.Module; readonly memory: WebAssembly.Memory },
    workers: number,
    died: () => void,
  ): Promise<void> {
    const ports: Port[] = [];
    for (let w = 0; w < workers; w++) ports.push(this.ports[w] ?? (await this.start(w)));
    const run = this.runs++;
    const finished = new Promise<void>((resolve, reject) => {
      const fail = (error: Error) => {
        died();
        reject(error);
      };
      this.running.set(run, { waiting: new Set(ports.keys()), resolve, reject: fail });
    });
    ports.forEach((port, w) => {
      port.hold(true);
      if (!this.loaded[w].has(program.id)) {
        port.postMessage({ kind: "load", ...program });
        this.loaded[w].add(program.id);
      }
      port.postMessage({ kind: "run", id: program.id, worker: w, run });
    });
    try {
      await finished;
    } finally {
      this.running.delete(run);
      if (this.running.size === 0) for (const port of ports) port.hold(false);
    }
  }

  drop(id: number): void {
    this.ports.forEach((port, w) => {
      if (this.loaded[w]?.delete(id)) port?.postMessage({ kind: "drop", id });
    });
  }

  private done(w: number, { run, error }: Message): void {
    const running = this.running.get(run);
    if (!running) return;
    if (error !== undefined) running.reject(workerDied({ worker: w, reason: error }));
    running.waiting.delete(w);
    if (running.waiting.size === 0) running.resolve();
  }

  private lost(w: number, reason: string): void {
    this.ports[w] = undefined;
    for (const running of this.running.values()) {
      if (running.waiting.has(w)) running.reject(workerDied({ worker: w, reason }));
    }
  }

  private async start(w: number): Promise<Port> {
    const port = inNode ? await this.startNode(w) : this.startBrowser(w);
    this.ports[w] = port;
    this.loaded[w] = new Set();
    return port;
  }

  private async startNode(w: number): Promise<Port> {
    const { Worker } = await import("node:worker_threads");
    const worker = new Worker(workerSource, { eval: true });
    worker.on("message", (message: Message) => this.done(w, message));
    worker.on("error", (error) => this.lost(w, String(error)));
    worker.on("exit", (code) => this.lost(w, `it ended with exit code ${code}`));
    worker.unref();
    return {
      postMessage: (message) => worker.postMessage(message),
      hold: (on) => (on ? worker.ref() : worker.unref()),
      terminate: () => void worker.terminate(),
    };
  }

  private startBrowser(w: number): Port {
    const url = URL.createObjectURL(new Blob([workerSource], { type: "text/javascript" }));
    const worker = new Worker(url);
    URL.revokeObjectURL(url);
    worker.onmessage = (event: MessageEvent<Message>) => this.done(w, event.data);
    worker.onerror = (event) => this.lost(w, event.message);
    return {
      postMessage: (message) => worker.postMessage(message),
      hold: () => {},
      terminate: () => worker.terminate(),
    };
  }
}

export const pool = new Pool();

const freeMemories: WebAssembly.Memory[] = [];
const PAGE = 65536;

/** A shared memory of at least `pages`, used before or new. */
export function takeMemory(pages: number): WebAssembly.Memory {
  const memory = freeMemories.pop();
  if (memory) {
    const missing = pages - memory.buffer.byteLength / PAGE;
    if (missing > 0) memory.grow(missing);
    return memory;
  }
  return new WebAssembly.Memory({ initial: pages, maximum: 65536, shared: true });
}

export function giveBack(memory: WebAssembly.Memory): void {
  freeMemories.push(memory);
}
