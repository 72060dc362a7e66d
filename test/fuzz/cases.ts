/** Cases of the fuzzer: each follows from the seed and its number alone. What must hold for every one is said here. */
import { RhytonError } from "../../src/core/errors.ts";
import { Dice } from "../support/dice.ts";
import type { Format, readCorpus } from "./formats.ts";
import { mutate } from "./mutate.ts";

/** What reading a file of `n` bytes may allocate: what deflate can make of it, and 64 MiB beyond. */
const mostBytes = (n: number): number => 64 * 2 ** 20 + 1100 * n;
/** Time of the processor that a case may take. */
const MOST_MS = 2000;

interface Case {
  readonly format: Format;
  readonly bytes: Uint8Array;
}

type Corpus = ReturnType<typeof readCorpus>;

export function makeCase(corpus: Corpus, seed: number, number: number): Case {
  const dice = new Dice(seed, number);
  let at = dice.below([...corpus.keys()].reduce((sum, { share }) => sum + share, 0));
  const [format, files] = [...corpus].find(([{ share }]) => {
    at -= share;
    return at < 0;
  }) as [Format, readonly Uint8Array[]];
  const chosen = dice.pick(files);
  const foreign = dice.oneIn(20) ? dice.pick([...corpus.values()]) : files;
  if (format.inside !== undefined && !dice.oneIn(3)) return { format, bytes: format.inside(chosen, dice, files) };
  return { format, bytes: mutate(chosen, dice, foreign) };
}

/** What came of reading: "read", or the code of the error. Anything that must not happen is thrown. */
export async function outcomeOf({ format, bytes }: Case): Promise<string> {
  let outcome = "read";
  globalThis.takeAllocatedBytes();
  const start = process.cpuUsage();
  try {
    await format.read(bytes);
  } catch (error) {
    if (!(error instanceof RhytonError)) throw error;
    if (error.code === "internal") throw error;
    outcome = error.code;
  }
  const { user, system } = process.cpuUsage(start);
  const ms = (user + system) / 1000;
  const allocated = globalThis.takeAllocatedBytes();
  if (ms > MOST_MS) throw new Error(`${Math.round(ms)} ms of the processor for ${bytes.length} bytes (${outcome})`);
  if (allocated > mostBytes(bytes.length)) {
    throw new Error(`${Math.round(allocated / 2 ** 20)} MiB allocated for ${bytes.length} bytes (${outcome})`);
  }
  return outcome;
}
