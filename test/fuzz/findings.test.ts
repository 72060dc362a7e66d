/**
 * What the fuzzer found once, kept: files that made a reader throw something else than a RhytonError, take long, or
 * allocate more than the file accounts for.
 */
import "./meter.mjs"; // First: what is imported below must see its typed arrays.
import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { outcomeOf } from "./cases.ts";
import { type Format, formatOf, readCorpus } from "./formats.ts";

const corpus = new URL("corpus/", import.meta.url).pathname;
const findings = new URL("findings/", import.meta.url);

/** The file, what was wrong, and what comes of it now. */
const FOUND: readonly (readonly [file: string, what: string, outcome: string])[] = [
  ["rows-beyond-the-picture.png", "rows that unpack to more than the picture has were unpacked", "data-format"],
  ["optimizer-of-no-name.keras", "an object was taken for the name of an optimizer, and saving failed", "argument"],
];

test.each(FOUND)("%s: %s", async (file, _what, outcome) => {
  const bytes = new Uint8Array(readFileSync(new URL(file, findings)));
  expect(await outcomeOf({ format: formatOf(file) as Format, bytes })).toBe(outcome);
});

test("every finding is tested", () => {
  expect(readdirSync(findings).sort()).toEqual(FOUND.map(([file]) => file).sort());
});

test("the corpus has files of every format, and each is read or refused", async () => {
  for (const [format, files] of readCorpus(corpus)) {
    expect(files.length, format.ending).toBeGreaterThan(0);
    const outcomes = await Promise.all(files.map((bytes) => outcomeOf({ format, bytes })));
    expect(outcomes, format.ending).toContain("read");
  }
});
