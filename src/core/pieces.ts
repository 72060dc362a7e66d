/**
 * Long work on the calling thread, cut into pieces: a generator that yields where it may be interrupted. Done in turns,
 * it leaves timers, a page's drawing and a terminal's keys their time in between.
 */

export type Pieces<T> = Generator<void, T>;

/** So many small pieces are done together. */
const TOGETHER = 16;
let small = 0;

/**
 * Whether to yield after a small piece, such as one tensor of a pass: after some of them only. To yield through all
 * generators around takes as long as such a piece.
 */
export const enough = (): boolean => ++small % TOGETHER === 0;

/** How long the calling thread may be kept, in milliseconds. A piece that has begun is done to its end. */
const PATIENCE_MS = 4;

/** A timer waits a millisecond at least, even for 0, and in browsers soon four; immediates and messages do not. */
const nextTurn: (go: (value: unknown) => void) => void =
  typeof setImmediate === "function" ? (go) => setImmediate(go) : byMessage();

function byMessage(): (go: (value: unknown) => void) => void {
  const { port1, port2 } = new MessageChannel();
  const waiting: ((value: unknown) => void)[] = [];
  port1.onmessage = ({ data }) => waiting.shift()?.(data);
  return (go) => {
    waiting.push(go);
    port2.postMessage(undefined);
  };
}

/** Gives the calling thread time for other things, now and then. */
export class Breath {
  #since: number;

  /** @param since - when the thread was last free, as far as is known. */
  constructor(since = performance.now()) {
    this.#since = since;
  }

  /** Whether the thread was kept long enough. To be asked before `take`: waiting for nothing takes time, too. */
  get due(): boolean {
    return performance.now() - this.#since >= PATIENCE_MS;
  }

  async take(): Promise<void> {
    await new Promise(nextTurn);
    this.#since = performance.now();
  }
}

/** All pieces, one after the other. */
export function atOnce<T>(pieces: Pieces<T>): T {
  for (;;) {
    const { done, value } = pieces.next();
    if (done) return value;
  }
}

/**
 * All pieces, with a turn of the event loop whenever they have kept the thread for some milliseconds.
 *
 * @param since - when the thread was last free. Unless given there is a turn before the first piece, since nobody knows
 *   what kept the thread until then.
 */
export async function inTurns<T>(pieces: Pieces<T>, since = Number.NEGATIVE_INFINITY): Promise<T> {
  const breath = new Breath(since);
  for (;;) {
    if (breath.due) await breath.take();
    const { done, value } = pieces.next();
    if (done) return value;
  }
}
