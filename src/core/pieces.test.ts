import { expect, test } from "vitest";
import { atOnce, inTurns, type Pieces } from "./pieces.ts";

/** Three pieces of so many milliseconds. */
function* work(log: string[], ms: number): Pieces<string> {
  for (const name of ["a", "b", "c"]) {
    const start = performance.now();
    while (performance.now() - start < ms);
    log.push(name);
    yield;
  }
  return "done";
}

test("pieces at once leave nobody else a turn; in turns they do, unless they are short", async () => {
  for (const [ms, expected] of [
    [9, ["a", "timer", "b", "c"]],
    [0, ["a", "b", "c", "timer"]],
  ] as const) {
    const log: string[] = [];
    const timer = new Promise((resolve) => setTimeout(() => resolve(log.push("timer")), 0));
    expect(await inTurns(work(log, ms))).toBe("done");
    await timer;
    expect(log).toEqual(expected);
  }
  const log: string[] = [];
  setTimeout(() => log.push("timer"), 0);
  expect(atOnce(work(log, 9))).toBe("done");
  expect(log).toEqual(["a", "b", "c"]);
});

test("what a piece throws comes out", async () => {
  function* broken(): Pieces<void> {
    yield;
    throw new Error("in the second piece");
  }
  await expect(inTurns(broken())).rejects.toThrow("in the second piece");
});
