/** Lets engines take turns, each in a process of its own: round after round, so that a slow minute meets all of them. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { writeMaterial } from "./material.mjs";
import { EngineProcess } from "./process.mjs";
import { Judge } from "./verify.mjs";

/** Milliseconds that one turn takes, about, for networks and for single layers. */
const SLICE = { network: 120, layer: 40 };
const WARM_UP = { turns: 4, most: 1000 };
/** Peers get fewer turns, at least three, when theirs would take more than this together; one where one takes longer. */
const BUDGET = 8000;
const FEWEST_TURNS = 3;
/** A step must fit so often into what one is waited for. */
const PATIENT_STEPS = 6;

/**
 * Measures every configuration `rounds` times in each of `launches` sets of processes.
 *
 * @param patience - milliseconds that a first step may take.
 * @param rates - operations a second of each engine in jobs before; what they would need too long for is left out.
 * @param starts - whether Rhyton's first steps are measured too, each in a process that does nothing else, in every round.
 * @param progress - called with what happens.
 * @returns for each configuration and measure `{ configuration, measure, times, steps, firsts, bytes, memory, why }`;
 *   `times` of revisions with the same position were taken one right after the other. `firsts` are milliseconds of first
 *   steps; without `starts`, and of peers, it is the one before all turns.
 */
export async function takeTurns({ job, configurations, rounds, launches, patience, rates, starts = false, progress }) {
  const folder = mkdtempSync(join(tmpdir(), "rhyton-bench-"));
  const results = configurations.flatMap((configuration) =>
    job.measures.map((measure) => ({ configuration, measure, times: [], firsts: [], steps: 0 })),
  );
  try {
    const judge = new Judge(job, writeMaterial(job, folder));
    for (let launch = 0; launch < launches; launch++) {
      const order = launch % 2 === 0 ? configurations : [...configurations].reverse();
      const engines = order.map((configuration) => new Contestant(configuration, results, folder));
      try {
        for (const engine of engines) await engine.begin(job, judge, { patience, rates, progress });
        for (let round = 0; round < rounds; round++) {
          progress(`${job.name}: round ${launch * rounds + round + 1} of ${launches * rounds}`);
          for (const measure of job.measures) {
            const turn = round % 2 === 0 ? engines : [...engines].reverse();
            for (const engine of turn) await engine.take(measure, round, rounds, patience);
            if (starts) for (const engine of turn) await engine.start(measure, patience);
          }
        }
        for (const engine of engines) await engine.weigh();
      } finally {
        await Promise.all(engines.map((engine) => engine.end()));
      }
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return results;
}

/** One configuration in one set of processes. */
class Contestant {
  #configuration;
  #process;
  #folder;
  #results;
  /** For each measure that goes on: milliseconds of a step, steps of a turn. */
  #pace = new Map();
  /** Milliseconds of each measure's first step in the process that takes the turns. */
  #begun = new Map();

  constructor(configuration, results, folder) {
    this.#configuration = configuration;
    this.#folder = folder;
    this.#results = new Map(results.filter((r) => r.configuration === configuration).map((r) => [r.measure, r]));
    this.#process = new EngineProcess(configuration);
  }

  /**
   * Prepares, checks and warms up every measure. A peer that fails at one is out of it, with the reason, and begins anew
   * with the others where that ended its process; Rhyton must not fail.
   */
  async begin(job, judge, { patience, rates, progress }) {
    const { label, peer } = this.#configuration;
    progress(`${job.name}: checking ${label}`);
    const known = (measure) => (peer ? rates.get(`${label} ${measure.kind}`) : undefined);
    for (const [measure, result] of this.#results) {
      const expected = measure.operations / known(measure);
      if (!(expected > patience / PATIENT_STEPS)) continue;
      const seconds = Math.round(expected / 1000);
      result.why = `left out: about ${seconds} s for a step, judging by the job before`;
    }
    const open = () => this.#open(this.#process, patience);
    const left = () => job.measures.filter((m) => this.#results.get(m).why === undefined);
    let queue = left();
    if (!(await this.#attempt([...this.#results.values()], open))) queue = [];
    while (queue.length > 0) {
      const measure = queue.shift();
      const result = this.#results.get(measure);
      await this.#attempt([result], async () => {
        const { unable, first, ...answer } = await this.#process.ask("check", { measure }, patience);
        result.why = unable;
        if (unable !== undefined) return;
        judge.judge(measure, answer);
        this.#begun.set(measure, first);
        const ms = await this.#warmUp(measure, answer.epoch === true, patience);
        const key = `${label} ${measure.kind}`;
        rates.set(key, Math.max(rates.get(key) ?? 0, measure.operations / ms));
      });
      if (!this.#process.ended) continue;
      this.#process = new EngineProcess(this.#configuration);
      await open();
      queue = left();
    }
    this.#process.pause();
  }

  async #open(process, patience) {
    const { variant, threads, wide, build } = this.#configuration;
    await process.ask("hello", {}, patience);
    await process.ask("prepare", { folder: this.#folder, variant, threads, wide, build }, patience);
  }

  /** Some turns until the code is at its best, from which follows how many steps make a turn. */
  async #warmUp(measure, isEpoch, patience) {
    const slice = measure.kind === "layer" ? SLICE.layer : SLICE.network;
    let [ms, steps, spent] = [0, isEpoch ? measure.steps : 1, 0];
    for (let k = 0; k < WARM_UP.turns && spent + ms * steps < WARM_UP.most; k++) {
      ms = (await this.#process.ask("run", { measure, steps }, patience)).ms;
      spent += ms * steps;
      if (!isEpoch) steps = Math.max(1, Math.min(5000, Math.round(slice / ms)));
    }
    // Peers that are this slow have been measured by now.
    if (this.#configuration.peer && ms * steps > BUDGET) this.#results.get(measure).times = [ms];
    else this.#pace.set(measure, { ms, steps });
    return ms;
  }

  /** Whether it is this engine's turn in this round, and if so, takes it. */
  async take(measure, round, rounds, patience) {
    const pace = this.#pace.get(measure);
    if (pace === undefined) return;
    const cost = pace.ms * pace.steps;
    const most = Math.max(FEWEST_TURNS, Math.floor(BUDGET / cost));
    const turns = this.#configuration.peer ? Math.min(rounds, most) : rounds;
    if (Math.floor(((round + 1) * turns) / rounds) === Math.floor((round * turns) / rounds)) return;
    const result = this.#results.get(measure);
    const fine = await this.#attempt([result], async () => {
      const { ms } = await this.#process.ask("run", { measure, steps: pace.steps }, Math.max(patience, 10 * cost));
      result.times.push(ms);
      result.steps = pace.steps;
    });
    if (!fine) this.#pace.delete(measure);
    this.#process.pause();
  }

  /** A first step as a program has it that does nothing before. Those of peers take seconds, most of them: these do it once. */
  async start(measure, patience) {
    if (this.#configuration.peer) return;
    const result = this.#results.get(measure);
    const fresh = new EngineProcess(this.#configuration);
    try {
      await this.#attempt([result], async () => {
        await this.#open(fresh, patience);
        result.firsts.push((await fresh.ask("check", { measure }, patience)).first);
      });
    } finally {
      await fresh.end();
    }
  }

  /** Memory and code sizes, once everything was done, and the first step where no others were taken. */
  async weigh() {
    for (const [measure, result] of this.#results) {
      if (result.firsts.length === 0 && this.#begun.has(measure)) result.firsts.push(this.#begun.get(measure));
    }
    if (this.#process.ended) return;
    const { peak, sizes } = await this.#process.ask("memory");
    for (const [measure, result] of this.#results) {
      result.memory ??= peak;
      result.bytes ??= sizes[measure.name];
    }
  }

  end = () => this.#process.end();

  /** Runs work of a peer; an error becomes why there is no time. An error of Rhyton ends the run. */
  async #attempt(results, work) {
    try {
      await work();
      return true;
    } catch (error) {
      if (!this.#configuration.peer) {
        throw new Error(`${this.#configuration.label}: ${results[0].measure.name}: ${error.message}`);
      }
      for (const result of results) result.why = error.message;
      return false;
    }
  }
}
