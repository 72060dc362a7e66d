/** One engine in a process of its own, asked by lines of JSON: see engines/host.mjs. */
import { spawn } from "node:child_process";
import process from "node:process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const fileAt = (path) => fileURLToPath(new URL(path, import.meta.url));
const canStop = process.platform !== "win32";

/** What still runs when this process ends; a process that was stopped would stay for ever. */
const running = new Set();
process.once("exit", () => {
  for (const child of running) child.kill("SIGKILL");
});

export class EngineProcess {
  ended = false;
  #child;
  #ended;
  #answers = [];
  #log = [];

  /** @param configuration - `{ file, python?, nodePath?, wide? }`: the engine's file, and what runs it. */
  constructor(configuration) {
    this.configuration = configuration;
    const { file, python, nodePath = process.execPath, wide } = configuration;
    const env = { ...process.env };
    delete env.RHYTON_WIDE;
    if (wide) env.RHYTON_WIDE = "1";
    const [command, ...given] = file.endsWith(".py")
      ? [python, fileAt("engines/host.py"), file]
      : [nodePath, "--expose-gc", fileAt("engines/host.mjs"), file];
    this.#child = spawn(command, given, { env, stdio: ["pipe", "pipe", "pipe"] });
    running.add(this.#child);
    const ended = new Promise((resolve) => {
      this.#child.once("exit", (code, signal) => resolve(signal ?? `exit code ${code}`));
      this.#child.once("error", (error) => resolve(error.message));
    });
    this.#ended = ended.then((how) => {
      this.ended = true;
      running.delete(this.#child);
      return how;
    });
    this.#child.stdin.on("error", () => {});
    createInterface({ input: this.#child.stdout }).on("line", (line) => this.#answers.shift()?.(JSON.parse(line)));
    createInterface({ input: this.#child.stderr }).on("line", (line) => {
      this.#log.push(line);
      if (this.#log.length > 30) this.#log.shift();
    });
  }

  /**
   * Asks and waits for the answer.
   *
   * @param patience - milliseconds; a process that needs longer is ended.
   * @throws Error with what the engine said last.
   */
  async ask(ask, request = {}, patience = undefined) {
    this.proceed();
    const answer = new Promise((resolve) => this.#answers.push(resolve));
    this.#child.stdin.write(`${JSON.stringify({ ask, ...request })}\n`);
    const ended = this.#ended.then((how) => ({ error: `its process ended: ${how}\n${this.#log.join("\n")}` }));
    let timer;
    const late = new Promise((resolve) => {
      if (patience !== undefined) timer = setTimeout(resolve, patience, { late: true });
    });
    const { result, error, late: isLate } = await Promise.race([answer, ended, late]);
    clearTimeout(timer);
    if (isLate) {
      this.#child.kill("SIGKILL");
      await this.#ended;
      throw new Error(`longer than ${patience / 1000} s`);
    }
    if (error !== undefined) throw new Error(error);
    return result;
  }

  /** Keeps the process from using the machine until it is asked again: some engines' threads spin while they wait. */
  pause() {
    if (canStop) this.#child.kill("SIGSTOP");
  }

  proceed() {
    if (canStop) this.#child.kill("SIGCONT");
  }

  end() {
    this.proceed();
    this.#child.stdin.end(`${JSON.stringify({ ask: "quit" })}\n`);
    const timer = setTimeout(() => this.#child.kill("SIGKILL"), 5000);
    return this.#ended.finally(() => clearTimeout(timer));
  }
}
