/**
 * Runs cases of the fuzzer, in a process that may write nothing. Says on standard output which case begins, as JSON what
 * was wrong with it, and now and then what came of those before: `case 7`, `wrong "Error: …"`, `counts {…}`.
 */
import { writeFileSync, writeSync } from "node:fs";
import { makeCase, outcomeOf } from "./cases.ts";
import { readCorpus } from "./formats.ts";

const say = (line: string): void => void writeSync(1, `${line}\n`);

/** Every `step`th case from `from` on, up to `to`. */
async function runCases(folder: string, seed: number, from: number, to: number, step: number): Promise<void> {
  const corpus = readCorpus(folder);
  const counts: Record<string, number> = {};
  // Code that runs for the first time is slow, and compiled afterwards.
  for (const [format, files] of corpus) for (const bytes of files) await outcomeOf({ format, bytes });
  for (let number = from; number < to; number += step) {
    say(`case ${number}`);
    const made = makeCase(corpus, seed, number);
    try {
      const outcome = await outcomeOf(made);
      const key = `${made.format.ending} ${outcome}`;
      counts[key] = (counts[key] ?? 0) + 1;
    } catch (error) {
      say(`wrong ${JSON.stringify(error instanceof Error ? (error.stack ?? error.message) : String(error))}`);
    }
    if ((number - from) % (100 * step) === 0 || number + step >= to) {
      say(`counts ${JSON.stringify(counts)}`);
      for (const key of Object.keys(counts)) delete counts[key];
    }
  }
}

const [command, folder, ...numbers] = process.argv.slice(2);
if (command === "run") {
  const [seed, from, to, step] = numbers.map(Number);
  await runCases(folder, seed, from, to, step);
} else if (command === "write") {
  // The bytes of one case into a file.
  const [seed, number] = numbers.map(Number);
  const { format, bytes } = makeCase(readCorpus(folder), seed, number);
  writeFileSync(`${numbers[2]}${format.ending}`, bytes);
}
