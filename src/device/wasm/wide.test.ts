import { afterEach, beforeEach, expect, test, vi } from "vitest";
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

test("wide vectors give the same bits, and an old Node goes on with narrow ones and says so once", async () => {
  const expected = await weightsAfter({ wide: false });
  expect(warn).not.toHaveBeenCalled();
  vi.stubEnv("RHYTON_WIDE", "1");
  expect(await weightsAfter({})).toEqual(expected);
  expect(await weightsAfter({ wide: true })).toEqual(expected);
  const words = `rhyton: wide vectors need Node 24 or later, and this is Node ${node}: going on with narrow ones.`;
  expect(warn.mock.calls).toEqual(node < 24 ? [[words]] : []);
});
