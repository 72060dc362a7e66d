/** Processes of scripts.ts, in which accidents happen. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { bundle } from "../support/bundle.mjs";

export const bundleScripts = () => bundle(fileURLToPath(new URL("scripts.ts", import.meta.url)));

export interface Running {
  /** Waits until a line begins with `word`; answers the rest of it. Fails when the process ends before. */
  line(word: string): Promise<string>;
  /** Waits until it has said so many lines. */
  lineCount(count: number): Promise<void>;
  /** All lines so far. */
  readonly lines: readonly string[];
  /** Waits for the end; answers the exit code, or null for a signal. */
  readonly ended: Promise<number | null>;
  /** Ends it at once, whatever it is doing, and waits until it is gone. */
  kill(): Promise<void>;
}

/** Starts `node scripts.mjs NAME ARGUMENTS…`, or a command in front of it. */
export function start(program: string, args: readonly string[], before: readonly string[] = []): Running {
  const [command, ...rest] = [...before, process.execPath, "--expose-gc", program, ...args];
  const child = spawn(command, rest, { stdio: ["ignore", "pipe", "pipe"] });
  const lines: string[] = [];
  let unfinished = "";
  let said = "";
  let isOver = false;
  const looking = new Set<() => void>();
  const lookAll = (): void => {
    for (const look of looking) look();
  };
  child.stdout.on("data", (data) => {
    const parts = (unfinished + data).split("\n");
    unfinished = parts.pop() ?? "";
    lines.push(...parts);
    lookAll();
  });
  child.stderr.on("data", (data) => {
    said += data;
  });
  const ended = once(child, "close").then(([code]) => {
    isOver = true;
    lookAll();
    return code as number | null;
  });
  /** Waits until `find` finds something among the lines. */
  const seen = <T>(what: string, find: () => T | undefined): Promise<T> =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        const found = find();
        if (found === undefined && !isOver) return;
        looking.delete(look);
        if (found !== undefined) resolve(found);
        else reject(new Error(`the process ended before it said ${what}: ${said}`));
      };
      looking.add(look);
      look();
    });
  return {
    lines,
    ended,
    line: (word) =>
      seen(word, () =>
        lines
          .find((line) => line.startsWith(word))
          ?.slice(word.length)
          .trim(),
      ),
    lineCount: (count) => seen(`${count} lines`, () => (lines.length >= count ? true : undefined)).then(() => {}),
    async kill() {
      child.kill("SIGKILL");
      await ended;
    },
  };
}

export const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
