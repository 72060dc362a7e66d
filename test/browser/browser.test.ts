/** That pages train as Node does: the same bits with and without cross-origin isolation, and clear words otherwise. */
import type { Browser, Page as Tab } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openChromium } from "./chromium.ts";
import type { Page } from "./page.ts";
import { openSite, type Site } from "./site.ts";
import { type TrainingName, train } from "./training.ts";

declare const page: Page;

let browser: Browser;
let site: Site;
beforeAll(async () => {
  browser = await openChromium();
  site = await openSite();
});
afterAll(async () => {
  await browser?.close();
  await site?.close();
});

async function open(name: Parameters<Site["url"]>[0]): Promise<{ tab: Tab; said: string[] }> {
  const tab = await browser.newPage();
  const said: string[] = [];
  tab.on("console", (message) => void said.push(`${message.type()}: ${message.text()}`));
  tab.on("pageerror", (error) => void said.push(`error: ${error}`));
  await tab.goto(site.url(name));
  await tab.waitForFunction("globalThis.page !== undefined");
  return { tab, said };
}

describe.each(["isolated", "plain"] as const)("on a page that is %s", (name) => {
  test.each(["small", "seed"] as const)("%s: the bits of Node", async (training: TrainingName) => {
    const { tab, said } = await open(name);
    expect(await tab.evaluate(() => page.isolated())).toBe(name === "isolated");
    const results = await tab.evaluate(
      async (t) => [await page.train(t), await page.train(t), await page.train(t, { shared: false })],
      training,
    );
    const expected = await train(training);
    expect(expected.losses.every((loss) => loss > 0.1 && loss < 1)).toBe(true);
    for (const result of results) expect(result).toEqual(expected);
    const warnings = said.filter((text) => !text.startsWith("info:"));
    if (name === "isolated" || training === "small") expect(warnings).toEqual([]);
    else {
      expect(warnings).toHaveLength(1);
      expect(warnings[0]).toContain("Cross-Origin-Opener-Policy: same-origin");
      expect(warnings[0]).toContain("Cross-Origin-Embedder-Policy: require-corp");
    }
    await tab.close();
  });

  test("the doctor finds every op right", async () => {
    const { tab } = await open(name);
    const { healthy, findings, selfTest } = await tab.evaluate(() => page.doctor());
    expect(selfTest.disagreements).toEqual([]);
    expect(healthy).toBe(true);
    expect(findings[0].found).toContain("Chrome");
    expect(findings.find((f) => f.name === "shared memory")?.good).toBe(name === "isolated");
    await tab.close();
  });

  test("the page stays free, and a signal stops a training at once", async () => {
    const { tab } = await open(name);
    const { tookMs, longestPauseMs, stopped } = await tab.evaluate(() => page.trainAndStop(1000));
    expect(stopped).toBe(true);
    expect(tookMs).toBeLessThan(2000);
    expect(longestPauseMs).toBeLessThan(300);
    await tab.close();
  });
});

describe("where the page's policy forbids something", () => {
  test("workers", async () => {
    const { tab } = await open("no-workers");
    expect(await tab.evaluate(() => page.codeOf("seed"))).toMatch(/^page-policy: .*worker-src blob:/);
    // A short run needs none.
    expect(await tab.evaluate(() => page.codeOf("small"))).toBe("none");
    await tab.close();
  });

  test("WebAssembly", async () => {
    const { tab } = await open("no-code");
    expect(await tab.evaluate(() => page.codeOf("small"))).toMatch(/^page-policy: .*'wasm-unsafe-eval'/);
    await tab.close();
  });
});
