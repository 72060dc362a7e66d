import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { Work } from "../device.ts";

const node = Number.parseInt(process.versions.node, 10);
const warn = vi.fn();
beforeEach(() => {
  vi.resetModules();
  warn.mockClear();
  vi.spyOn(console, "warn").mockImplementation(warn);
});
afterEach(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
});

async function weightsAfter(options: { readonly wide?: boolean }): Promise<unknown[]> {
  const { wasm } = await import("./device.ts");
  const { makeCheck } = await import("./self-check.ts");
  const check = makeCheck();
  const order = new Uint32Array(16_000).map((_, i) => i % 64);
  const work: Work = { inputs: [check.samples(64)], order, batchSize: 64 };
  const { totals } = await wasm(options)
    .compile({ ...check.graph, outputs: [] })
    .run(work);
  return [totals, ...check.weights.map((w) => w.value)];
}

test("wide vectors are for those who ask", async () => {
  const { wideWanted } = await import("./wide.ts");
  expect(wideWanted()).toBe(false);
  vi.stubEnv("RHYTON_WIDE", "1");
  expect(wideWanted()).toBe(true);
});

describe.runIf(node < 24)("on an old Node", () => {
  test("a warning says so, once, and narrow ones are used", async () => {
    const expected = await weightsAfter({});
    expect(warn).not.toHaveBeenCalled();
    vi.stubEnv("RHYTON_WIDE", "1");
    expect(await weightsAfter({})).toEqual(expected);
    expect(await weightsAfter({ wide: true })).toEqual(expected);
    expect(warn).toHaveBeenCalledTimes(1);
    expect(warn.mock.calls[0][0]).toBe(
      `rhyton: wide vectors need Node 24 or later, and this is Node ${node}: going on with narrow ones.`,
    );
  });
});

describe.runIf(node >= 24)("on a Node that has them", () => {
  test("they give the same bits", async () => {
    const expected = await weightsAfter({ wide: false });
    expect(await weightsAfter({ wide: true })).toEqual(expected);
    expect(warn).not.toHaveBeenCalled();
  });
});
