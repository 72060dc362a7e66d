/**
 * What a worker does, and what it is told. The calling thread decides everything; a worker keeps programs and does one
 * thing at a time.
 */

/** What a worker must know of a program. */
export interface Loadable {
  readonly id: number;
  readonly module: WebAssembly.Module;
  /** Without one the worker makes a memory that it alone sees. */
  readonly memory?: WebAssembly.Memory;
}

/** Bytes to be written, or so many zeros. */
export type Piece =
  | { readonly at: number; readonly data: Uint8Array; readonly zeros?: undefined }
  | { readonly at: number; readonly zeros: number; readonly data?: undefined };

export type Request =
  | { readonly kind: "write"; readonly pages: number; readonly pieces: readonly Piece[]; readonly first: boolean }
  | { readonly kind: "run"; readonly worker: number }
  | { readonly kind: "read"; readonly at: number; readonly bytes: number };

export interface Reply {
  readonly call: number;
  readonly value?: ArrayBuffer;
  readonly error?: string;
}

/** A few constant lines, as text. */
export const workerSource = `
const node = typeof process !== "undefined" && process.versions && process.versions.node;
const port = node ? require("node:worker_threads").parentPort : self;
const programs = new Map();
const free = [];
const answers = {
  load({ id, module, memory }) {
    programs.set(id, { memory, module, own: !memory });
  },
  drop({ id }) {
    const { own, memory } = programs.get(id);
    if (own && memory) free.push(memory);
    programs.delete(id);
  },
  write({ id, pages, pieces }) {
    const program = programs.get(id);
    const memory = (program.memory ??= free.pop() ?? new WebAssembly.Memory({ initial: pages, maximum: 65536 }));
    const missing = pages - memory.buffer.byteLength / 65536;
    if (missing > 0) memory.grow(missing);
    for (const { at, data, zeros } of pieces) {
      if (data) new Uint8Array(memory.buffer).set(data, at);
      else new Uint8Array(memory.buffer, at, zeros).fill(0);
    }
  },
  run({ id, worker }) {
    const program = programs.get(id);
    program.instance ??= new WebAssembly.Instance(program.module, { env: { memory: program.memory } });
    program.instance.exports.run(worker);
  },
  read({ id, at, bytes }) {
    return programs.get(id).memory.buffer.slice(at, at + bytes);
  },
};
const handle = (message) => {
  const { call, kind } = message;
  try {
    const value = answers[kind](message);
    if (call !== undefined) port.postMessage({ call, value }, value ? [value] : []);
  } catch (error) {
    port.postMessage({ call, error: String(error) });
  }
};
if (node) port.on("message", handle);
else port.onmessage = (event) => handle(event.data);
port.postMessage("ready");
`;
