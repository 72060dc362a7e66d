/** Memory after thousands of calls and hundreds of models: flat. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { bundleScripts, start } from "./child.ts";

let scripts: Awaited<ReturnType<typeof bundleScripts>>;
beforeAll(async () => {
  scripts = await bundleScripts();
});
afterAll(() => scripts.remove());

/** Memory in MB: of the process, of JavaScript's heap, and of arrays. */
type Seen = readonly [rss: number, heap: number, arrays: number];

test.each([
  ["2000 calls of fit and 2000 of predict", "calls", "after 500, 1000, 1500 and 2000"],
  ["500 models made and dropped", "models", "after 100, 200, 300, 400 and 500"],
])("%s", async (what, script, when) => {
  const child = start(scripts.path, [script]);
  const seen: readonly Seen[] = JSON.parse(await child.line("result"));
  expect(await child.ended).toBe(0);
  const show = (k: number): string => seen.map((values) => values[k].toFixed(1)).join(", ");
  console.log(`${what}, MB ${when}: process ${show(0)}; heap ${show(1)}; arrays ${show(2)}`);
  const [first, last] = [seen[0], seen[seen.length - 1]];
  // What every call or model kept would show: 1500 calls or 400 models lie between the two.
  expect(last[1] - first[1], "heap").toBeLessThan(2);
  expect(last[2] - first[2], "arrays").toBeLessThan(1);
  expect(last[0] - first[0], "process").toBeLessThan(40);
});
