/** What the engine and the machine offer: one finding for each thing that training can use. */

import { inNode, nodeModule } from "../core/node.ts";
import { MOST_PAGES } from "../device/wasm/memory.ts";
import { canShare, cores, hasVectors } from "../device/wasm/support.ts";
import { wideVectors } from "../device/wasm/wide.ts";

/** One thing about a machine, with what it means. */
export interface Finding {
  /** What was looked at. */
  readonly name: "engine" | "simd" | "shared memory" | "threads" | "wide vectors" | "webgpu" | "memory";
  /** What there is, in words. */
  readonly found: string;
  /** Whether all of it is there. */
  readonly good: boolean;
  /** What is lost without it; absent where nothing is missing. */
  readonly costs?: string;
  /** How to get it. */
  readonly remedy?: string;
}

const GB = 2 ** 30;
const gigabytes = (bytes: number): string => `${(bytes / GB).toFixed(1)} GB`;
/** Threads that training uses at most by default. */
const MOST_THREADS = 8;
/** Below this a training of pictures may run out of memory. */
const FEW_BYTES = GB / 2;
const FIRST_WIDE_NODE = 24;

export async function examine(): Promise<Finding[]> {
  return [await engine(), simd(), sharedMemory(), await threads(), await wide(), webgpu(), await memory()];
}

async function engine(): Promise<Finding> {
  if (!inNode()) return { name: "engine", found: `a browser: ${navigator.userAgent}`, good: true };
  const { arch, platform, versions } = process;
  const os: typeof import("node:os") = await nodeModule("node:os");
  const processor = os.cpus()[0]?.model.trim() ?? "unknown processor";
  return {
    name: "engine",
    found: `Node ${versions.node} (V8 ${versions.v8}) on ${platform} ${arch}, ${processor}`,
    good: true,
  };
}

function simd(): Finding {
  if (hasVectors()) return { name: "simd", found: "128-bit vectors and atomic instructions", good: true };
  return {
    name: "simd",
    found: "none",
    good: false,
    costs: "The plain device runs instead of generated code, which is some hundred times slower.",
    remedy: inNode()
      ? "Use Node 20 or newer."
      : "Use a browser of 2023 or newer, without a mode that switches WebAssembly off.",
  };
}

function sharedMemory(): Finding {
  if (canShare()) return { name: "shared memory", found: "workers may share a memory", good: true };
  return {
    name: "shared memory",
    found: "none: this page is not cross-origin isolated",
    good: false,
    costs: "Training runs on one worker instead of on all cores. The numbers stay the same.",
    remedy:
      'Serve the page with "Cross-Origin-Opener-Policy: same-origin" and "Cross-Origin-Embedder-Policy: require-corp".',
  };
}

async function threads(): Promise<Finding> {
  const count = await cores();
  const used = canShare() ? Math.min(count, MOST_THREADS) : 1;
  const found = `${count} core${count === 1 ? "" : "s"}; training uses ${used} thread${used === 1 ? "" : "s"}`;
  if (count > 1) return { name: "threads", found, good: true };
  return {
    name: "threads",
    found,
    good: false,
    costs: "A training step takes almost twice as long as on two cores.",
    remedy: inNode()
      ? "Allow this process more cores: the limit of a container (--cpus), or taskset."
      : "Use a machine with more cores.",
  };
}

/** Asks for wide vectors: from then on this process has them, where they give the right numbers. */
async function wide(): Promise<Finding> {
  const name = "wide vectors";
  const costs = "Vectors of 128 bits are used, which is the normal way. The numbers stay the same.";
  const node = inNode() ? Number.parseInt(process.versions.node, 10) : 0;
  if (node < FIRST_WIDE_NODE) {
    const remedy = `Use Node ${FIRST_WIDE_NODE} or newer, and set RHYTON_WIDE=1 (experimental).`;
    return { name, found: inNode() ? `not in Node ${node}` : "not in browsers", good: false, costs, remedy };
  }
  if (await wideVectors()) {
    return {
      name,
      found: "256-bit vectors give the same bits here; RHYTON_WIDE=1 uses them (experimental)",
      good: true,
    };
  }
  const remedy = "Nothing to do: another version of Node may be right again.";
  return {
    name,
    found: "refused: they give other numbers in this Node, or could not be checked",
    good: false,
    costs,
    remedy,
  };
}

function webgpu(): Finding {
  const isThere = typeof navigator !== "undefined" && "gpu" in navigator && navigator.gpu !== undefined;
  const found = `${isThere ? "there" : "not there"}; Rhyton does not use it, so nothing is lost`;
  return { name: "webgpu", found, good: true };
}

/** Bytes that this process may use, where that is known. */
async function bytesThere(): Promise<number | undefined> {
  if (!inNode()) {
    const { deviceMemory } = navigator as { readonly deviceMemory?: number };
    return deviceMemory === undefined ? undefined : deviceMemory * GB;
  }
  const os: typeof import("node:os") = await nodeModule("node:os");
  const limit = (process as { constrainedMemory?(): number | undefined }).constrainedMemory?.();
  // Without a limit it is 0 or larger than any machine.
  return limit !== undefined && limit > 0 ? Math.min(limit, os.totalmem()) : os.totalmem();
}

/** The pages that one program can have: what can be set aside, by halves. */
function mostPages(): number {
  const shared = canShare();
  for (let pages = MOST_PAGES; pages > 1; pages /= 2) {
    try {
      new WebAssembly.Memory({ initial: 1, maximum: pages, shared });
      return pages;
    } catch {
      // Less, then.
    }
  }
  return 0;
}

async function memory(): Promise<Finding> {
  const bytes = await bytesThere();
  const most = mostPages() * 65536;
  const there = bytes === undefined ? "unknown" : gigabytes(bytes);
  const found = `${there}${!inNode() && bytes === 8 * GB ? " or more" : ""}; one program can have ${gigabytes(most)}`;
  if (most < MOST_PAGES * 65536) {
    const costs = `A model with its activations must fit into ${gigabytes(most)}.`;
    const remedy = inNode()
      ? "Raise the limit of the address space (ulimit -v)."
      : "Use a 64-bit browser, or close other pages.";
    return { name: "memory", found, good: false, costs, remedy };
  }
  if (bytes !== undefined && bytes < FEW_BYTES) {
    const costs = "Training on many pictures may run out of memory.";
    return {
      name: "memory",
      found,
      good: false,
      costs,
      remedy: "Give this process more memory, or use smaller batches.",
    };
  }
  return { name: "memory", found, good: true };
}
