/** `npm run bench`: see README.md in this folder. */
import { existsSync, writeFileSync } from "node:fs";
import os from "node:os";
import { join } from "node:path";
import process from "node:process";
import { parseArgs } from "node:util";
import { jobs } from "./jobs.mjs";
import { machine, recordsOf, table } from "./report.mjs";
import { buildRevision, root, workingTree } from "./revision.mjs";
import { takeTurns } from "./turns.mjs";

const FEWEST_ROUNDS = 7;

function readArguments() {
  const { values } = parseArgs({
    options: {
      only: { type: "string" },
      threads: { type: "string", default: "1,2" },
      wide: { type: "boolean", default: false },
      rounds: { type: "string", default: "9" },
      against: { type: "string" },
      json: { type: "string" },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) {
    console.log(
      "npm run bench -- [--only JOB,…] [--threads 1,2] [--wide] [--rounds 9] [--against REVISION] [--json FILE]\n" +
        `Jobs: ${Object.keys(jobs).join(", ")}. See bench/README.md.`,
    );
    process.exit();
  }
  const numbers = (option, least) =>
    values[option].split(",").map((text) => {
      const n = Number(text);
      if (!Number.isInteger(n) || n < least)
        throw new Error(`--${option} ${values[option]}: whole numbers from ${least}`);
      return n;
    });
  const only = values.only?.split(",") ?? Object.keys(jobs);
  const unknown = only.find((name) => !Object.hasOwn(jobs, name));
  if (unknown !== undefined) throw new Error(`--only ${unknown}: the jobs are ${Object.keys(jobs).join(", ")}`);
  if (values.wide && Number.parseInt(process.versions.node, 10) < 24) {
    throw new Error(`--wide: wide vectors need Node 24 or later, and this is ${process.version}`);
  }
  const [rounds] = numbers("rounds", FEWEST_ROUNDS);
  return { ...values, only, rounds, threads: numbers("threads", 1) };
}

/** Every engine and revision with every number of threads, narrow and perhaps wide. */
function configurationsOf(builds, engines, { threads, wide }) {
  const widths = wide ? [false, true] : [false];
  return engines.flatMap((engine) =>
    builds.flatMap(({ revision, build, against }) =>
      threads.flatMap((n) =>
        widths.map((w) => {
          const label = `${engine} ${revision}, ${n} thread${n === 1 ? "" : "s"}${w ? ", wide" : ""}`;
          return { label, engine, revision, build, against, threads: n, wide: w };
        }),
      ),
    ),
  );
}

async function main() {
  const options = readArguments();
  const about = machine();
  const load = os.loadavg()[0];
  console.error(`${about.cpu}, ${about.cores} cores, ${about.platform}, Node ${about.node}, load ${load.toFixed(2)}`);
  if (load > 0.5) console.error("The machine is busy: these numbers will be too high and far apart.");

  const build = join(root, "dist");
  if (!existsSync(join(build, "index.js"))) throw new Error("dist is missing: run `npm run build` first");
  const builds = [{ revision: workingTree(), build }];
  let remove = () => {};
  try {
    if (options.against !== undefined) {
      const other = buildRevision(options.against);
      remove = other.remove;
      process.once("SIGINT", () => {
        remove();
        process.exit(130);
      });
      builds.push({ ...other, remove: undefined, against: true });
    }
    const results = [];
    for (const name of options.only) {
      const { measures, engines } = jobs[name];
      const turns = {
        configurations: configurationsOf(builds, engines, options),
        name,
        measures,
        rounds: options.rounds,
        launches: options.against === undefined ? 1 : 2,
        progress: (text) => console.error(text),
      };
      results.push(...(await takeTurns(turns)));
    }
    const records = recordsOf(results, { ...about, load: Number(load.toFixed(2)) });
    console.log(table(records));
    if (options.json !== undefined) writeFileSync(options.json, `${JSON.stringify(records, null, 1)}\n`);
  } finally {
    remove();
  }
}

main().catch((error) => {
  console.error(`bench: ${error.message}`);
  process.exitCode = 1;
});
