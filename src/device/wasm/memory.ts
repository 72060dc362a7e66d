/**
 * Memories of programs. Those of programs that are gone are used again: a dropped one keeps its address space until it
 * is collected, and a shared one until every worker has collected it too.
 */
import { outOfMemory } from "../../core/errors.ts";

export const PAGE = 65536;
/** What a generated module may address: 4 GB. */
export const MOST_PAGES = 65536;

/** A memory, and how far it can grow. */
export interface Room {
  readonly memory: WebAssembly.Memory;
  readonly mostPages: number;
  readonly shared: boolean;
  /** Pages that may hold something else than zeros. The system gives others their place only when they are touched. */
  usedPages: number;
}

const free: Room[] = [];

/**
 * A memory of at least `pages`, used before or new. Small machines refuse to set the whole address range of a shared
 * memory aside; then it gets a smaller one.
 *
 * @throws RhytonError `out-of-memory`.
 */
export async function takeRoom(pages: number, shared: boolean): Promise<Room> {
  const used = reuse(pages, shared);
  if (used) return used;
  let refused: unknown;
  for (let mostPages = MOST_PAGES; mostPages >= pages; mostPages /= 2) {
    try {
      const memory = new WebAssembly.Memory({ initial: pages, maximum: mostPages, shared });
      return { memory, mostPages, shared, usedPages: 0 };
    } catch (error) {
      refused = error;
      // The engine has collected what it could; a turn of the event loop later it is given back.
      await new Promise((resolve) => setTimeout(resolve, 0));
      const back = reuse(pages, shared);
      if (back) return back;
    }
  }
  throw outOfMemory({ where: "wasm", bytes: pages * PAGE, reason: String(refused) });
}

export function giveBack(room: Room): void {
  free.push(room);
}

/** Makes a memory at least so large. @throws RhytonError `out-of-memory`. */
export function growTo(pages: number, { memory }: Room): void {
  const missing = pages - memory.buffer.byteLength / PAGE;
  if (missing <= 0) return;
  try {
    memory.grow(missing);
  } catch (error) {
    throw outOfMemory({ where: "wasm", bytes: pages * PAGE, reason: String(error) });
  }
}

/** The smallest that suffices, or else the largest. */
function reuse(pages: number, shared: boolean): Room | undefined {
  const size = ({ memory }: Room): number => memory.buffer.byteLength / PAGE;
  const fitting = free.filter((room) => room.shared === shared && room.mostPages >= pages);
  fitting.sort((a, b) => size(a) - size(b));
  const room = fitting.find((r) => size(r) >= pages) ?? fitting.at(-1);
  if (!room) return undefined;
  growTo(pages, room);
  free.splice(free.indexOf(room), 1);
  return room;
}
