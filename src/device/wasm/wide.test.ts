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

test("wide vectors give the same bits, and an old Node goes on with narrow ones and says so once", async () => {
  const expected = await weightsAfter({ wide: false });
  expect(warn).not.toHaveBeenCalled();
  vi.stubEnv("RHYTON_WIDE", "1");
  expect(await weightsAfter({})).toEqual(expected);
  expect(await weightsAfter({ wide: true })).toEqual(expected);
  const words = `rhyton: wide vectors need Node 24 or later, and this is Node ${node}: going on with narrow ones.`;
  expect(warn.mock.calls).toEqual(node < 24 ? [[words]] : []);
});

describe("the check before wide vectors are used", () => {
  const flags = vi.fn();
  /** As from Node 24 on, without changing this process, and with wide modules as `damage` leaves them. */
  async function check(damage: (bytes: Uint8Array) => void): Promise<boolean> {
    vi.stubGlobal("process", {
      ...{ env: process.env, versions: { ...process.versions, node: "24.0.0" } },
      getBuiltinModule: () => ({ setFlagsFromString: flags }),
    });
    const { compile } = WebAssembly;
    const compiled: Uint8Array[] = [];
    const engine = (given: Uint8Array<ArrayBuffer>) => {
      const bytes = given.slice();
      compiled.push(given);
      // Only what is compiled after wide vectors were switched on can be wrong by them.
      if (flags.mock.calls.length > 0) damage(bytes);
      return compile(bytes);
    };
    vi.stubGlobal("WebAssembly", Object.create(WebAssembly, { compile: { value: engine } }));
    const { wideVectors } = await import("./wide.ts");
    const used = await wideVectors();
    expect(await wideVectors()).toBe(used);
    // The engine keeps what it compiled for the same bytes.
    expect(compiled.length).toBe(2);
    expect(compiled[0]).not.toEqual(compiled[1]);
    return used;
  }
  /** `f32x4.mul`: the prefix of vectors, and the number of the instruction in two bytes. */
  const PRODUCT = [0xfd, 0xe6, 0x01];
  const [SUM, QUOTIENT] = [0xe4, 0xe7];
  /** The first products of vectors, at most so many, become another operation. */
  const instead = (opcode: number, most: number) => (bytes: Uint8Array) => {
    const products = [...bytes.keys()].filter((i) => PRODUCT.every((byte, k) => bytes[i + k] === byte));
    expect(products.length).toBeGreaterThan(100);
    for (const at of products.slice(0, most)) bytes[at + 1] = opcode;
  };
  const refused = [
    ...["--experimental-wasm-revectorize", "--wasm-sync-tier-up", "--no-wasm-sync-tier-up"],
    "--no-experimental-wasm-revectorize",
  ];

  afterEach(() => {
    vi.unstubAllGlobals();
    flags.mockClear();
  });

  test("passes what gives the same bits", async () => {
    expect(await check(instead(PRODUCT[1], 1))).toBe(true);
    expect(warn).not.toHaveBeenCalled();
    expect(flags.mock.calls.flat()).not.toContain("--no-experimental-wasm-revectorize");
  });

  test("refuses a kernel that adds where it should multiply, says so once, and switches them off again", async () => {
    expect(await check(instead(SUM, 1))).toBe(false);
    const words = "rhyton: wide vectors give other numbers in this version of Node: going on with narrow ones.";
    expect(warn.mock.calls).toEqual([[words]]);
    expect(flags.mock.calls.flat()).toEqual(refused);
  });

  test("refuses kernels whose numbers are not finite, which end the run that is compared", async () => {
    expect(await check(instead(QUOTIENT, Number.POSITIVE_INFINITY))).toBe(false);
    expect(flags.mock.calls.flat()).toEqual(refused);
  });

  test("a check that fails leaves wide vectors switched off, and says why", async () => {
    const damage = (): never => {
      throw new Error("out of order");
    };
    expect(await check(damage)).toBe(false);
    const words = "rhyton: wide vectors could not be checked (Error: out of order): going on with narrow ones.";
    expect(warn.mock.calls).toEqual([[words]]);
    expect(flags.mock.calls.flat()).toEqual(refused);
  });
});
