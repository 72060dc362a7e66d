import { expect, test } from "vitest";
import { LocalHost } from "./host.ts";
import { PAGE, type Room, takeRoom } from "./memory.ts";

const hostOf = (room: Room): LocalHost => {
  const module = new WebAssembly.Module(new Uint8Array([0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00]));
  return new LocalHost({ id: 0, module, memory: room.memory }, room);
};

test("zeros are written where something was, and nowhere else: memory that nobody touched takes no place", async () => {
  const room = await takeRoom(1, true);
  const ones = { at: 8, data: new Uint8Array([1, 1, 1, 1]) };
  await hostOf(room).write(1, [{ at: 0, zeros: PAGE }, ones]);
  await hostOf(room).write(3, [{ at: 0, zeros: 10 }]);
  const bytes = new Uint8Array(room.memory.buffer);
  expect([...bytes.subarray(7, 13)]).toEqual([0, 0, 0, 1, 1, 0]);

  // What cannot be there shows that it is not looked at.
  bytes[3 * PAGE - 1] = 1;
  const grown = hostOf(room);
  room.usedPages = 2;
  await grown.write(3, [{ at: 9, zeros: 3 * PAGE - 9 }]);
  expect([bytes[10], bytes[11], bytes[3 * PAGE - 1]]).toEqual([0, 0, 1]);
  await grown.write(3, [{ at: 9, zeros: 3 * PAGE - 9 }]);
  expect(bytes[3 * PAGE - 1]).toBe(0);
});
