/**
 * `rhyton/doctor`: what this machine offers to training, what is missing and how to get it, and whether every op gives
 * the right numbers here. In Node and in browsers; apart from the library, so that only who asks for it loads it.
 */
import { VERSION } from "../core/version.ts";
import { wasm } from "../device/wasm/device.ts";
import { canShare, cores, hasVectors } from "../device/wasm/support.ts";
import { checkOptions } from "../layers/options.ts";
import { examine, type Finding } from "./machine.ts";
import { type Disagreement, type SelfTest, sameTraining, selfTest } from "./self-test.ts";

export type { Disagreement, Finding, SelfTest };

/** Options of `doctor`. */
export interface DoctorOptions {
  /** Told after each case of the self-test how many are done, and how many there are. */
  readonly onProgress?: (done: number, all: number) => void;
}

/** What `doctor` found. */
export interface Diagnosis {
  /** Of Rhyton. */
  readonly version: string;
  /** Whether every op gave the right numbers. What is merely missing makes training slow, not wrong. */
  readonly healthy: boolean;
  /** What there is to say about the machine. */
  readonly findings: readonly Finding[];
  /** Every op against its plain definition. */
  readonly selfTest: SelfTest;
  /** Training on several threads, against training on one. */
  readonly threads: {
    readonly count: number;
    /** Whether it leaves the same bits; absent where there is one thread only. */
    readonly same?: boolean;
    /** Why it could not run. */
    readonly error?: string;
  };
}

/**
 * Examines the machine and tests every op on it, forward and gradient, against the plain definition. It takes some
 * seconds. In Node from 24 on the process has experimental wide vectors switched on afterwards, if they work.
 * What it finds is in the answer, wrong numbers too: it throws only for options that there are not.
 */
export async function doctor(options: DoctorOptions = {}): Promise<Diagnosis> {
  checkOptions("doctor", options, ["onProgress"]);
  const test = await selfTest(wasm(), options.onProgress);
  const threads = await testThreads();
  const findings = await examine();
  const healthy = test.disagreements.length === 0 && threads.same !== false && threads.error === undefined;
  return { version: VERSION, healthy, findings, selfTest: test, threads };
}

async function testThreads(): Promise<Diagnosis["threads"]> {
  const count = canShare() && hasVectors() ? Math.min(await cores(), 8) : 1;
  if (count === 1) return { count };
  try {
    return { count, same: await sameTraining(wasm({ threads: 1 }), wasm({ threads: count })) };
  } catch (error) {
    return { count, error: error instanceof Error ? error.message : String(error) };
  }
}
