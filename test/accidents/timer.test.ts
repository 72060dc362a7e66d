/** That the calling thread stays free while a model is compiled, trained, judged, saved and asked. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { bundleScripts, start } from "./child.ts";

const folder = mkdtempSync(join(tmpdir(), "rhyton-timer-"));
let scripts: Awaited<ReturnType<typeof bundleScripts>>;
beforeAll(async () => {
  scripts = await bundleScripts();
});
afterAll(() => {
  scripts.remove();
  rmSync(folder, { recursive: true, force: true });
});

test("a timer of 10 ms beside a training", async () => {
  const child = start(scripts.path, ["timer", folder]);
  expect(await child.ended).toBe(0);
  const rounds = child.lines.map((line) => line.split(" ").slice(1).map(Number));
  const show = (k: number): string => rounds.map((round) => round[k]).join(", ");
  console.log(
    `three trainings: the timer was late by at most ${show(0)} ms; by ${show(1)} ms where the thread had a processor`,
  );
  // What is beyond is the thread's wait for a processor: others run, too. They may also keep a helper of the engine for
  // which the thread waits; a piece of work that is not cut would show in every round.
  const [, middle] = rounds.map(([, own]) => own).sort((a, b) => a - b);
  expect(middle).toBeLessThanOrEqual(20);
});
