import { describe, expect, it } from "vitest";
import { Progress, showStepTime, showTimeLeft, writeEpoch } from "./progress.ts";

/** A stream that keeps what is written, and a clock that is set by hand. */
function recorder(isTTY: boolean) {
  const written: string[] = [];
  const time = { now: 100 };
  const stream = { isTTY, write: (text: string) => void written.push(text) };
  return { written, time, options: { stream, clock: () => time.now } };
}

describe("progress", () => {
  it("draws Keras' bar on a terminal", () => {
    const { written, time, options } = recorder(true);
    const progress = new Progress(10, { verbose: 1, colour: true, ...options });
    time.now += 0.5;
    progress.update(1, { loss: 0.5 });
    expect(written.pop()).toBe(
      `\r\x1b[1m 1/10\x1b[0m \x1b[32m${"━".repeat(2)}\x1b[0m\x1b[37m${"━".repeat(18)}\x1b[0m \x1b[1m4s\x1b[0m 500ms/step - loss: 0.5000`,
    );
    time.now += 0.01;
    progress.update(2, { loss: 0.5 });
    expect(written).toEqual([]);
    time.now += 0.19;
    progress.update(3, { loss: 0.00012345 });
    // 5 + 1 + 20 + 1 + 2 + 26 characters were there before; steps are timed from the end of the first.
    expect(written.pop()).toBe(
      `${"\b".repeat(55)}\r\x1b[1m 3/10\x1b[0m \x1b[32m${"━".repeat(6)}\x1b[0m\x1b[37m${"━".repeat(14)}\x1b[0m \x1b[1m0s\x1b[0m 100ms/step - loss: 1.2345e-04`,
    );
    progress.update(10, { loss: 0.4 });
    time.now += 3;
    progress.finish({ loss: 0.4, val_loss: -0.3 });
    expect(written.join("")).toContain("\x1b[1m4s\x1b[0m 22ms/step - loss: 0.4000 - val_loss: -0.3000");
    expect(written.pop()).toBe("\n");
  });

  it("has no colours without a terminal's blessing", () => {
    const { written, time, options } = recorder(true);
    const progress = new Progress(2, { verbose: 1, colour: false, ...options });
    time.now += 1;
    progress.update(1, {});
    expect(written).toEqual([`\r1/2 ${"━".repeat(10)}${"─".repeat(10)} 1s 1s/step`]);
  });

  it("is one line an epoch elsewhere, and one now and then in a long one", () => {
    const { written, time, options } = recorder(false);
    const progress = new Progress(400, { verbose: 1, ...options });
    for (let step = 1; step <= 400; step++) {
      time.now += 0.125;
      progress.update(step, { loss: 0.5 });
    }
    progress.finish({ loss: 0.5, mae: 0.0001, val_loss: 0.25 });
    expect(written).toEqual([
      "240/400 - 30s - 125ms/step - loss: 0.5000\n",
      "400/400 - 50s - 125ms/step - loss: 0.5000 - mae: 1.0000e-04 - val_loss: 0.2500\n",
    ]);
  });

  it("is one line with verbose 2, and nothing with verbose 0", () => {
    const { written, time, options } = recorder(true);
    for (const verbose of [0, 2] as const) {
      writeEpoch(1, 5, { verbose, ...options });
      writeEpoch(1, 1, { verbose, ...options });
      const progress = new Progress(4, { verbose, ...options });
      for (let step = 1; step <= 4; step++) {
        time.now += 0.104;
        progress.update(step, { loss: 0.9 });
      }
      progress.finish({ loss: 0.809, mae: 0.8073 });
    }
    expect(written).toEqual(["Epoch 1/5\n", "4/4 - 0s - 104ms/step - loss: 0.8090 - mae: 0.8073\n"]);
  });

  it("leaves its line when work breaks off", () => {
    const { written, options } = recorder(true);
    const progress = new Progress(4, { verbose: 1, ...options });
    progress.abandon();
    expect(written).toEqual([]);
    progress.update(1, {});
    progress.abandon();
    expect(written.pop()).toBe("\n");
  });

  it("shows times as Keras does", () => {
    expect([12.9, 65, 3723].map(showTimeLeft)).toEqual(["12s", "1:05", "1:02:03"]);
    expect([0, 2.2, 0.0131, 0.00074].map(showStepTime)).toEqual(["0s/step", "2s/step", "13ms/step", "740us/step"]);
  });
});
