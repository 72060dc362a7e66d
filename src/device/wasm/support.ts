/**
 * What the engine and the machine can do, and warnings about what they cannot: each is given once.
 */
import { inNode, nodeModule } from "../../core/node.ts";
import { f32x4, i32, Module } from "./assembler.ts";

/** Cores that this process may use. */
export async function cores(): Promise<number> {
  if (!inNode()) return navigator.hardwareConcurrency ?? 1;
  const os: typeof import("node:os") = await nodeModule("node:os");
  return os.availableParallelism();
}

/** Whether workers may share a memory: not so on pages that are not cross-origin isolated. */
export const canShare = (): boolean =>
  typeof SharedArrayBuffer !== "undefined" && globalThis.crossOriginIsolated !== false;

/** Whether the engine knows the vector and atomic instructions that generated modules are made of. */
export function hasVectors(): boolean {
  if (typeof WebAssembly === "undefined") return false;
  const module = new Module();
  module.importMemory("env", "memory", { initialPages: 1, maximumPages: 1, shared: false });
  const func = module.func("f", {}, ["i32"]);
  func.emit(i32.add(i32.truncSatF32S(f32x4.extractLane(f32x4.splat(0), 0)), i32.atomicLoad(0)));
  return WebAssembly.validate(module.toBytes());
}

const given = new Set<string>();

/** Warns on the console, the first time only. */
export function warnOnce(text: string): void {
  if (given.has(text)) return;
  given.add(text);
  console.warn(`rhyton: ${text}`);
}

/** The headers without which a page cannot share memory, and what that costs. */
export const notIsolated = (threads: number): string =>
  `this page is not cross-origin isolated, so memory cannot be shared between workers: programs run on one thread${
    threads > 1 ? ` instead of ${threads}` : ""
  }. Serve the page with the headers "Cross-Origin-Opener-Policy: same-origin" and ` +
  `"Cross-Origin-Embedder-Policy: require-corp" to use them all.`;

export const noVectors =
  "this engine has no WebAssembly SIMD: the plain device runs, which is some hundred times slower. Use a browser of 2023 or later.";
