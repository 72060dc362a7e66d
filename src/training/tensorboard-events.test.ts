import { describe, expect, it } from "vitest";
import { atOnce } from "../core/pieces.ts";
import { countingHistogram, crc32c, record, summaryEvent, versionEvent } from "./tensorboard-events.ts";

const hex = (bytes: Uint8Array): string => Array.from(bytes, (b) => b.toString(16).padStart(2, "0")).join("");

describe("event files", () => {
  it("have the checksum CRC-32C", () => {
    expect(crc32c(new TextEncoder().encode("123456789"))).toBe(0xe3069283);
    expect(crc32c(new Uint8Array(32))).toBe(0x8a9136aa);
    expect(crc32c(new Uint8Array())).toBe(0);
  });

  it("are the bytes that TensorFlow writes", () => {
    // As tf.compat.v1 writes Event(wall_time=1.5, file_version="brain.Event:2") into a TFRecord.
    expect(hex(versionEvent(1.5))).toBe("09000000000000f83f1a0d627261696e2e4576656e743a32");
    // Event(wall_time=2, step=300, summary=Summary(value=[Summary.Value(tag="loss", simple_value=0.5)])).
    const event = summaryEvent(2, 300, { tag: "loss", scalar: 0.5 });
    expect(hex(event)).toBe("09000000000000004010ac022a0d0a0b0a046c6f73731500 00003f".replace(" ", ""));
    const framed = record(Uint8Array.of(1, 2, 3));
    expect(framed.length).toBe(19);
    expect(hex(framed.subarray(0, 8))).toBe("0300000000000000");
  });

  it("hold large steps", () => {
    expect(hex(summaryEvent(0, 2 ** 40, { tag: "", scalar: 0 })).slice(18, 32)).toBe("10808080808020");
  });
});

describe("histograms", () => {
  it("count in thirty buckets", () => {
    const h = atOnce(countingHistogram(Float32Array.from({ length: 300 }, (_, i) => i)));
    expect([h.min, h.max, h.count, h.sum]).toEqual([0, 299, 300, 44850]);
    expect([h.limits.length, h.limits[29]]).toEqual([30, 299]);
    expect(h.counts.reduce((a, b) => a + b)).toBe(300);
    expect(Math.max(...h.counts)).toBe(10);
  });

  it("of many numbers are counted in pieces", () => {
    const values = Float32Array.from({ length: 300_000 }, (_, i) => i % 300);
    expect([...countingHistogram(values)].length).toBeGreaterThan(15);
    expect(atOnce(countingHistogram(values))).toMatchObject({
      min: 0,
      max: 299,
      count: 300_000,
      counts: Array(30).fill(10_000),
    });
  });

  it("of equal numbers have one", () => {
    expect(atOnce(countingHistogram(Float32Array.of(2, 2)))).toMatchObject({
      min: 2,
      max: 2,
      counts: [2],
      limits: [2.5],
    });
    expect(atOnce(countingHistogram(new Float32Array()))).toMatchObject({ min: 0, max: 0, counts: [0] });
  });
});
