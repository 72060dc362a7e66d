/**
 * How training shows itself: Keras' progress bar on a terminal, plain lines elsewhere, on standard error so that standard
 * output stays for results.
 */
import type { Logs } from "./callbacks.ts";

/** Where progress is written. */
export interface ProgressStream {
  write(text: string): void;
  /** A terminal, where a line can be redrawn. */
  readonly isTTY?: boolean;
}

export interface ProgressOptions {
  /** 0 nothing, 1 a bar (plain lines where there is no terminal), 2 one line. */
  readonly verbose: 0 | 1 | 2;
  readonly stream?: ProgressStream;
  /** The time in seconds. */
  readonly clock?: () => number;
  /** Colours and bold; the default is a terminal without NO_COLOR. */
  readonly colour?: boolean;
}

const width = 20;
/** A bar is redrawn at most this often, in seconds. */
const interval = 0.05;
/** Without a terminal a long epoch gives a line this often, in seconds. */
const plainInterval = 30;

/** Standard error of Node, or the console of a browser. */
function standardStream(): ProgressStream {
  if (typeof process !== "undefined" && process.stderr) return process.stderr;
  return { write: (text) => console.info(text.replace(/\n$/, "")) };
}

/** A line of text beside the progress. */
export const say = (text: string): void => standardStream().write(`${text}\n`);

const noColour = (): boolean => typeof process !== "undefined" && !!process.env?.NO_COLOR;

/** Seconds as `12s`, `1:05` or `1:02:03`, rounded down. */
export function showTimeLeft(seconds: number): string {
  const two = (n: number) => String(Math.floor(n)).padStart(2, "0");
  if (seconds > 3600) return `${Math.floor(seconds / 3600)}:${two((seconds % 3600) / 60)}:${two(seconds % 60)}`;
  return seconds > 60 ? `${Math.floor(seconds / 60)}:${two(seconds % 60)}` : `${Math.floor(seconds)}s`;
}

/** Seconds a step as `13ms/step`, `2s/step` or `740us/step`. */
export function showStepTime(seconds: number): string {
  if (seconds >= 1 || seconds === 0) return `${Math.round(seconds)}s/step`;
  return seconds >= 1e-3 ? `${Math.round(seconds * 1e3)}ms/step` : `${Math.round(seconds * 1e6)}us/step`;
}

/** Python's `.4e`: the exponent has two digits at least. */
const scientific = (value: number): string => value.toExponential(4).replace(/e([+-])(\d)$/, "e$10$2");

/** Four decimals; scientific for small values (in `signed` lines, for negative ones too). */
const showValue = (value: number, signed: boolean): string => {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? "nan" : value > 0 ? "inf" : "-inf";
  return (signed ? value : Math.abs(value)) > 1e-3 ? value.toFixed(4) : scientific(value);
};

const showLogs = (logs: Logs, signed = false): string =>
  Object.entries(logs)
    .map(([name, value]) => ` - ${name}: ${showValue(value, signed)}`)
    .join("");

/** The progress of one epoch, or of one pass over data. */
export class Progress {
  /** The number of steps, while it is known. */
  #target: number | undefined;
  #current = 0;
  readonly #verbose: 0 | 1 | 2;
  readonly #stream: ProgressStream;
  readonly #clock: () => number;
  readonly #colour: boolean;
  readonly #start: number;
  #lastUpdate: number;
  #previousWidth = 0;
  /** When step 1 was done, if that was seen alone; steps are timed from there, since the first one starts things up. */
  #afterFirst: number | undefined;
  #stepTime = 0;

  /** @param target - the number of steps; nothing while it is not known. */
  constructor(target: number | undefined, options: ProgressOptions) {
    this.#target = target;
    this.#stream = options.stream ?? standardStream();
    this.#verbose = options.verbose;
    this.#clock = options.clock ?? (() => performance.now() / 1000);
    this.#colour = options.colour ?? (!!this.#stream.isTTY && !noColour());
    this.#start = this.#clock();
    this.#lastUpdate = this.#stream.isTTY ? -Infinity : this.#start;
  }

  /** `current` steps are done; `logs` are the running values. */
  update(current: number, logs: Logs): void {
    const now = this.#clock();
    this.#current = current;
    this.#time(current, now);
    if (this.#verbose !== 1 || now - this.#lastUpdate < (this.#stream.isTTY ? interval : plainInterval)) return;
    this.#lastUpdate = now;
    if (this.#stream.isTTY) this.#draw(current, logs, this.#timeLeft(current, now));
    else if (this.#target === undefined || current < this.#target) this.#line(current, logs, now);
  }

  /** All is done, validation too. */
  finish(logs: Logs): void {
    const now = this.#clock();
    this.#target ??= this.#current;
    if (this.#stepTime === 0) this.#time(this.#target, now);
    if (this.#verbose === 1 && this.#stream.isTTY) {
      this.#draw(this.#target, logs, `${Math.round(now - this.#start)}s`);
      this.#stream.write("\n");
    } else if (this.#verbose !== 0) this.#line(this.#target, logs, now);
  }

  /** Leaves the line of the bar when the work ended before its end. */
  abandon(): void {
    if (this.#previousWidth > 0) this.#stream.write("\n");
    this.#previousWidth = 0;
  }

  #time(current: number, now: number): void {
    if (current === 0) return;
    if (this.#afterFirst !== undefined && current > 1) this.#stepTime = (now - this.#afterFirst) / (current - 1);
    else this.#stepTime = (now - this.#start) / current;
    if (current === 1) this.#afterFirst = now;
  }

  /** What is left, or what it took while the end is not known. */
  #timeLeft(current: number, now: number): string {
    return showTimeLeft(this.#target === undefined ? now - this.#start : this.#stepTime * (this.#target - current));
  }

  #count(current: number): string {
    if (this.#target === undefined) return `${String(current).padStart(7)}/Unknown`;
    const target = String(this.#target);
    return `${String(current).padStart(target.length)}/${target}`;
  }

  #line(current: number, logs: Logs, now: number): void {
    const times = `${Math.round(now - this.#start)}s - ${showStepTime(this.#stepTime)}`;
    this.#stream.write(`${this.#count(current)} - ${times}${showLogs(logs, true)}\n`);
  }

  #draw(current: number, logs: Logs, time: string): void {
    const paint = (code: number, text: string) => (this.#colour ? `\x1b[${code}m${text}\x1b[0m` : text);
    const full = this.#target === undefined ? 0 : Math.min(width, Math.floor((width * current) / this.#target));
    // Without colours the part to come must look different.
    const line =
      (full > 0 ? paint(32, "━".repeat(full)) : "") + paint(37, (this.#colour ? "━" : "─").repeat(width - full));
    const bar = this.#target === undefined ? "" : `${line} `;
    const info = ` ${showStepTime(this.#stepTime)}${showLogs(logs)}`;
    const count = this.#count(current);
    const total = count.length + 1 + (bar === "" ? 0 : width + 1) + time.length + info.length;
    const before = `${"\b".repeat(this.#previousWidth)}\r`;
    const after = " ".repeat(Math.max(0, this.#previousWidth - total));
    this.#stream.write(`${before}${paint(1, count)} ${bar}${paint(1, time)}${info}${after}`);
    this.#previousWidth = total;
  }
}

/** Work that shows its progress; when it fails, the line of the bar is left. */
export async function withProgress<T>(progress: Progress, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    progress.abandon();
    throw error;
  }
}

/** `Epoch 2/5`, above the progress of an epoch where there are several. */
export function writeEpoch(epoch: number, epochs: number, options: ProgressOptions): void {
  if (options.verbose === 0 || epochs <= 1) return;
  (options.stream ?? standardStream()).write(`Epoch ${epoch}/${epochs}\n`);
}
