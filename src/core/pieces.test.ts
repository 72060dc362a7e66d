import { expect, test } from "vitest";
import { atOnce, enough, inTurns, type Pieces } from "./pieces.ts";

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

test("pieces in turns leave others a turn before the first and after long ones; at once they do not", async () => {
  const turns = async (ms: number): Promise<string[]> => {
    const log: string[] = [];
    const tick = (): void => {
      log.push("other");
      next = setImmediate(tick);
    };
    let next = setImmediate(tick);
    expect(await inTurns(work(log, ms))).toBe("done");
    clearImmediate(next);
    return log;
  };
  expect(await turns(9)).toEqual(["other", "a", "other", "b", "other", "c", "other"]);
  expect((await turns(0)).slice(0, 4)).toEqual(["other", "a", "b", "c"]);
  const log: string[] = [];
  setImmediate(() => log.push("other"));
  expect(atOnce(work(log, 9))).toBe("done");
  expect(log).toEqual(["a", "b", "c"]);
});

test("small pieces are done some together", () => {
  function* small(): Pieces<void> {
    for (let k = 0; k < 160; k++) if (enough()) yield;
  }
  expect([...small()]).toHaveLength(10);
});

test("what a piece throws comes out", async () => {
  function* broken(): Pieces<void> {
    yield;
    throw new Error("in the second piece");
  }
  await expect(inTurns(broken())).rejects.toThrow("in the second piece");
});
