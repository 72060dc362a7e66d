/**
 * One worker of Node or of the browser, as far as they are alike, started from text, so that bundlers and Node versions
 * need not agree on files. Its first message is "ready".
 */
import { pagePolicy } from "../../core/errors.ts";
import { inNode, nodeModule } from "../../core/node.ts";

export interface Thread {
  post(message: unknown, transfer?: readonly ArrayBuffer[]): void;
  /** Keeps the process alive, or lets it end. */
  hold(on: boolean): void;
  /** Ends it, whatever it is doing. */
  end(): Promise<void>;
}

/** What a thread tells: a message, or that it is no more. The latter may come more than once. */
export interface Listener {
  heard(message: unknown): void;
  lost(reason: string): void;
}

/** Limits of a worker's own heap, in Node. */
export interface Limits {
  readonly maxOldGenerationSizeMb?: number;
}

/** @throws RhytonError `page-policy` where the page forbids such workers. */
export async function startThread(source: string, limits: Limits, listener: Listener): Promise<Thread> {
  const start = inNode() ? startInNode : startInBrowser;
  let done = () => {};
  let failed = (_: Error) => {};
  const ready = new Promise<void>((resolve, reject) => {
    done = resolve;
    failed = reject;
  });
  const thread = await start(source, limits, {
    heard: (message) => (message === "ready" ? done() : listener.heard(message)),
    lost: (reason) => {
      failed(inNode() ? new Error(`A worker did not start: ${reason}`) : forbidden(reason));
      listener.lost(reason);
    },
  });
  await ready;
  thread.hold(false);
  return thread;
}

const forbidden = (reason: string) =>
  pagePolicy({ what: "workers that are made from text", directive: "worker-src blob:", reason });

async function startInNode(source: string, resourceLimits: Limits, { heard, lost }: Listener): Promise<Thread> {
  const { Worker }: typeof import("node:worker_threads") = await nodeModule("node:worker_threads");
  const worker = new Worker(source, { eval: true, resourceLimits });
  worker.on("message", heard);
  worker.on("error", (error) => lost(String(error)));
  worker.on("exit", (code) => lost(`it ended with exit code ${code}`));
  return {
    post: (message, transfer = []) => worker.postMessage(message, [...transfer]),
    hold: (on) => (on ? worker.ref() : worker.unref()),
    end: async () => {
      await worker.terminate();
    },
  };
}

async function startInBrowser(source: string, _: Limits, { heard, lost }: Listener): Promise<Thread> {
  const url = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
  let worker: Worker;
  try {
    worker = new Worker(url);
  } catch (error) {
    throw forbidden(String(error));
  }
  worker.onmessage = (event: MessageEvent<unknown>) => {
    if (event.data === "ready") URL.revokeObjectURL(url);
    heard(event.data);
  };
  worker.onerror = (event) => lost(event.message ?? "it was refused");
  return {
    post: (message, transfer = []) => worker.postMessage(message, [...transfer]),
    hold: () => {},
    end: async () => worker.terminate(),
  };
}
