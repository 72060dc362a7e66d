/** Lets configurations take turns, each in a process of its own. */
import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";

const script = fileURLToPath(new URL("child.mjs", import.meta.url));
const WARM_UP = 2;

/**
 * Measures every configuration `rounds` times in each of `launches` sets of processes.
 *
 * @param configurations - `{ label, engine, build, threads, wide }`.
 * @param progress - called with what happens.
 * @returns for each configuration and measure `{ configuration, measure, times, steps }`; `times` of different
 *   configurations with the same position were taken one right after the other.
 */
export async function takeTurns({ configurations, name, measures, rounds, launches, progress }) {
  const results = configurations.flatMap((configuration) =>
    measures.map((measure) => ({ configuration, measure, times: [], steps: 0 })),
  );
  const resultOf = (configuration, measure) =>
    results.find((r) => r.configuration === configuration && r.measure === measure);
  for (let launch = 0; launch < launches; launch++) {
    const children = [];
    try {
      for (const configuration of alternating(configurations, launch)) {
        progress(`${name}: checking and warming up ${configuration.label}`);
        const child = new Child(configuration);
        children.push(child);
        await child.ask({ kind: "start", name, ...configuration });
        for (const measure of measures)
          for (let k = 0; k < WARM_UP; k++) await child.ask({ kind: "measure", name: measure });
      }
      for (let round = 0; round < rounds; round++) {
        progress(`${name}: round ${launch * rounds + round + 1} of ${launches * rounds}`);
        for (const measure of measures) {
          for (const child of alternating(children, round)) {
            const { ms, steps } = await child.ask({ kind: "measure", name: measure });
            const result = resultOf(child.configuration, measure);
            result.times.push(ms);
            result.steps = steps;
          }
        }
      }
    } finally {
      await Promise.all(children.map((child) => child.end()));
    }
  }
  return results;
}

/** The list, every other time from its end. */
const alternating = (list, time) => (time % 2 === 0 ? list : [...list].reverse());

class Child {
  #process;
  #ended;

  constructor(configuration) {
    this.configuration = configuration;
    const env = { ...process.env };
    delete env.RHYTON_WIDE;
    if (configuration.wide) env.RHYTON_WIDE = "1";
    this.#process = fork(script, { execArgv: ["--expose-gc"], env });
    this.#ended = new Promise((resolve) => this.#process.once("exit", resolve));
  }

  async ask(request) {
    const answer = new Promise((resolve) => this.#process.once("message", resolve));
    this.#process.send(request);
    const ended = this.#ended.then((code) => ({ error: `its process ended with exit code ${code}` }));
    const { result, error } = await Promise.race([answer, ended]);
    if (error !== undefined) throw new Error(`${this.configuration.label}: ${error}`);
    return result;
  }

  end() {
    if (this.#process.connected) this.#process.disconnect();
    return this.#ended;
  }
}
