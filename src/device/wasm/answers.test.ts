import { expect, test } from "vitest";
import type { Buffer } from "../../kernel/kernel.ts";
import { Answers } from "./answers.ts";
import type { Host } from "./host.ts";
import type { Places } from "./placing.ts";

/** A memory that counts: the number at address 4 i is i. */
function counting(fail = false) {
  const reads: number[] = [];
  const read = async (at: number, into: Float32Array) => {
    if (fail) throw new Error("gone");
    reads.push(into.length);
    into.forEach((_, i) => {
      into[i] = at / 4 + i;
    });
  };
  return { reads, host: { read } as unknown as Host };
}

/** Samples of two numbers in batches of three; the last batch holds one. */
const outputs = [{ shape: [2] }] as unknown as Buffer[];
const places = (first: number, last: number) =>
  ({ work: { batchSize: 3 }, first, last, outputs: [0] }) as unknown as Places;

test("steps are copied as they are done, each once", async () => {
  const { host, reads } = counting();
  const answers = new Answers(outputs, 7);
  for (const steps of [1, 1, 3]) answers.take(host, places(0, 7), 0, steps);
  await answers.done();
  expect(reads).toEqual([6, 8]);
  expect([...answers.arrays[0]]).toEqual(Array.from({ length: 14 }, (_, i) => i));
});

test("a later part of a run follows the earlier ones", async () => {
  const { host } = counting();
  const answers = new Answers(outputs, 7);
  answers.take(host, places(0, 3), 0, 1);
  answers.take(host, places(3, 7), 3, 2);
  await answers.done();
  expect([...answers.arrays[0]]).toEqual([0, 1, 2, 3, 4, 5, 0, 1, 2, 3, 4, 5, 6, 7]);
});

test("what fails is heard of by who waits for it", async () => {
  const answers = new Answers(outputs, 3);
  answers.take(counting(true).host, places(0, 3), 0, 1);
  await expect(answers.done()).rejects.toThrow("gone");
});
