import { afterEach, describe, expect, test, vi } from "vitest";
import type { Device } from "../device/device.ts";
import { wasm } from "../device/wasm/device.ts";
import { opCases } from "./cases.ts";
import { doctor } from "./doctor.ts";
import { examine } from "./machine.ts";
import { sameTraining, selfTest } from "./self-test.ts";

afterEach(() => vi.unstubAllGlobals());

/** A device that is right but for what `change` does to the numbers of outputs and totals. */
function altered(change: (values: Float32Array | Float64Array) => void): Device {
  const device = wasm();
  return {
    name: "altered",
    compile(graph) {
      const program = device.compile(graph);
      return {
        async run(work) {
          const outcome = await program.run(work);
          for (const values of [...outcome.outputs, outcome.totals]) change(values);
          return outcome;
        },
      };
    },
  };
}

describe("the self-test", () => {
  test("compares values, gradients and losses of every case, and tells how far it is", async () => {
    const told: number[] = [];
    const result = await selfTest(wasm(), (done, all) => void told.push(done, all));
    const { length } = opCases();
    expect(result).toMatchObject({ cases: length, disagreements: [] });
    expect(result.ops).toBeGreaterThan(40);
    expect(result.compared).toBeGreaterThan(4 * length);
    expect(told.slice(0, 2)).toEqual([1, length]);
    expect(told.slice(-2)).toEqual([length, length]);
  });

  test("finds numbers that are a little wrong", async () => {
    const { disagreements } = await selfTest(altered((values) => values.set([1.001 * values[0]])));
    const found = new Set(disagreements.map((d) => d.case));
    // A value may be 0, which stays 0.
    expect(opCases().filter((c) => !found.has(c.name)).length).toBeLessThan(6);
    expect(disagreements.some((d) => d.what === "values")).toBe(true);
    expect(disagreements.some((d) => d.what.startsWith("gradient"))).toBe(true);
  });

  test("finds NaN, and a device that fails", async () => {
    const { disagreements } = await selfTest(altered((values) => void values.fill(Number.NaN)));
    expect(disagreements[0].difference).toBe(Number.POSITIVE_INFINITY);
    const broken: Device = {
      name: "broken",
      compile() {
        throw new Error("no such instruction");
      },
    };
    const failed = await selfTest(broken);
    expect(failed.disagreements).toHaveLength(failed.cases);
    expect(failed.disagreements[0].what).toBe("no such instruction");
  });

  test("training on one thread and on two leaves the same bits, and other bits are seen", async () => {
    expect(await sameTraining(wasm({ threads: 1 }), wasm({ threads: 2 }))).toBe(true);
    const off = altered((values) => values.set([values[0] + 1e-6]));
    expect(await sameTraining(wasm({ threads: 1 }), off)).toBe(false);
  });
});

describe("the findings", () => {
  const names = ["engine", "simd", "shared memory", "threads", "wide vectors", "webgpu", "memory"];

  test("of this machine", async () => {
    const { healthy, findings, version, threads } = await doctor();
    expect(healthy).toBe(true);
    expect(findings.map((f) => f.name)).toEqual(names);
    expect(findings[0].found).toContain(`Node ${process.versions.node}`);
    expect(version).toMatch(/^\d+\.\d+\.\d+/);
    if (threads.count > 1) expect(threads.same).toBe(true);
  });

  test("say of what is missing what it costs and how to get it", async () => {
    for (const finding of await examine()) {
      expect(finding.good).toBe(finding.costs === undefined);
      expect(finding.good).toBe(finding.remedy === undefined);
    }
    vi.stubGlobal("crossOriginIsolated", false);
    const isolated = (await examine()).filter((f) => ["shared memory", "threads"].includes(f.name));
    expect(isolated[0]).toMatchObject({ good: false, remedy: expect.stringContaining("Cross-Origin-Opener-Policy") });
    expect(isolated[1].found).toContain("training uses 1 thread");
  });

  test("without WebAssembly", async () => {
    const { Memory } = WebAssembly;
    vi.stubGlobal("WebAssembly", { Memory, validate: () => false });
    const simd = (await examine()).find((f) => f.name === "simd");
    expect(simd).toMatchObject({ good: false, costs: expect.stringContaining("hundred times slower") });
  });

  test("of a machine that sets little memory aside", async () => {
    const { Memory } = WebAssembly;
    class Small extends Memory {
      constructor(descriptor: WebAssembly.MemoryDescriptor) {
        if ((descriptor.maximum ?? 0) > 16384) throw new RangeError("could not allocate memory");
        super(descriptor);
      }
    }
    vi.stubGlobal("WebAssembly", { ...WebAssembly, validate: WebAssembly.validate, Memory: Small });
    const memory = (await examine()).find((f) => f.name === "memory");
    expect(memory).toMatchObject({ good: false, found: expect.stringContaining("one program can have 1.0 GB") });
    expect(memory?.remedy).toContain("ulimit -v");
  });

  test("a misspelt option is told", async () => {
    await expect(doctor({ onProgres: () => {} } as never)).rejects.toThrow("onProgress");
  });
});
