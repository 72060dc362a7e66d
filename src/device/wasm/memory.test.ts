import { afterEach, describe, expect, test, vi } from "vitest";
import { giveBack, growTo, MOST_PAGES, PAGE, takeRoom } from "./memory.ts";

afterEach(() => void vi.unstubAllGlobals());

/** An engine that sets aside at most so many pages. */
function stubEngine(most: number): void {
  class Small extends WebAssembly.Memory {
    constructor(limits: WebAssembly.MemoryDescriptor) {
      if ((limits.maximum ?? 0) > most) throw new RangeError("could not allocate memory");
      super(limits);
    }
  }
  vi.stubGlobal("WebAssembly", { ...WebAssembly, Memory: Small });
}

describe("takeRoom", () => {
  test("makes a memory that can grow to all that can be addressed", async () => {
    const room = await takeRoom(3, true);
    expect(room.mostPages).toBe(MOST_PAGES);
    expect(room.memory.buffer).toBeInstanceOf(SharedArrayBuffer);
    expect(room.memory.buffer.byteLength).toBe(3 * PAGE);
    growTo(5, room);
    growTo(4, room);
    expect(room.memory.buffer.byteLength).toBe(5 * PAGE);
  });

  test("takes one that was given back, of its kind, the smallest that suffices", async () => {
    const rooms = [
      await takeRoom(4, true),
      await takeRoom(20, true),
      await takeRoom(9, true),
      await takeRoom(7, false),
    ];
    rooms.forEach(giveBack);
    expect(await takeRoom(6, true)).toBe(rooms[2]);
    expect(await takeRoom(6, true)).toBe(rooms[1]);
    const grown = await takeRoom(6, true);
    expect(grown).toBe(rooms[0]);
    expect(grown.memory.buffer.byteLength).toBe(6 * PAGE);
    expect(await takeRoom(6, true)).not.toBe(rooms[3]);
    expect(await takeRoom(6, false)).toBe(rooms[3]);
  });

  test("is content with less on small machines", async () => {
    stubEngine(5000);
    const room = await takeRoom(3, true);
    expect(room.mostPages).toBe(4096);
    expect(() => growTo(5000, room)).toThrow(expect.objectContaining({ code: "out-of-memory" }));
  });

  test("waits for a memory that is about to come back", async () => {
    const old = await takeRoom(3, true);
    stubEngine(2);
    setTimeout(() => giveBack(old), 0);
    expect(await takeRoom(3, true)).toBe(old);
  });

  test("says how much it needed", async () => {
    stubEngine(2);
    await expect(takeRoom(160, true)).rejects.toMatchObject({ code: "out-of-memory", details: { bytes: 160 * PAGE } });
  });
});
