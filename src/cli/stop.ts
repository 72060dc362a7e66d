/** Work that Ctrl-C can stop. */

const exitCodes = { SIGINT: 130, SIGTERM: 143 } as const;
type Signal = keyof typeof exitCodes;

/** A Ctrl-C in a terminal can come twice, from there and from npm, which hands it on: that is still one. */
const ONE_KEY_MS = 500;

/**
 * Runs `work`. Ctrl-C (or SIGTERM) asks it to stop, by the signal; the second time it ends the process at once.
 *
 * @returns the exit code to end with when the work was stopped; nothing when it came to its end.
 */
export async function stoppable(work: (signal: AbortSignal) => Promise<unknown>): Promise<number | undefined> {
  const controller = new AbortController();
  let asked: Signal | undefined;
  let askedAt = 0;
  const ask = (signal: Signal): void => {
    if (asked !== undefined) {
      if (performance.now() - askedAt < ONE_KEY_MS) return;
      process.exit(exitCodes[signal]);
    }
    asked = signal;
    askedAt = performance.now();
    process.stderr.write("\nStopping after this step. Ctrl-C again ends at once, without saving.\n");
    controller.abort();
  };
  const signals = Object.keys(exitCodes) as Signal[];
  for (const signal of signals) process.on(signal, ask);
  try {
    await work(controller.signal);
    return undefined;
  } catch (error) {
    if (asked === undefined || error !== controller.signal.reason) throw error;
    return exitCodes[asked];
  } finally {
    // Once asked, what follows is saving, which the same key must not interrupt.
    if (asked === undefined) for (const signal of signals) process.off(signal, ask);
  }
}
