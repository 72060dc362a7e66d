/** What `npm run bench -- …` is asked for. */
import { existsSync } from "node:fs";
import process from "node:process";
import { parseArgs } from "node:util";
import { networkJobs, ownJobs } from "./jobs.mjs";

const usual = [...Object.keys(networkJobs), "layers"];
export const jobNames = [...Object.keys(networkJobs), ...Object.keys(ownJobs), "start"];
const FEWEST_ROUNDS = 3;

const help = `npm run bench -- [OPTION …]

  --only JOB,…        ${jobNames.join(", ")}; without it ${usual.join(", ")}
  --peers             every other engine that is there, in the same run
  --python PATH       a Python to look for engines in; again for another. Without it .venv-peers and python3
  --node PATH         a Node to run Rhyton on; again for another. Without it this one
  --threads 1,2       for Rhyton; peers get the most of these
  --wide              wide vectors beside plain ones, where Node is 24 or later
  --against REVISION  another revision of Rhyton beside the working tree
  --rounds 7          turns that everybody takes
  --patience 60       seconds that a first step may take
  --json FILE         the records
  --chart FILE        an SVG

See bench/README.md.`;

export function readOptions(args) {
  const { values } = parseArgs({
    args,
    options: {
      only: { type: "string" },
      peers: { type: "boolean", default: false },
      python: { type: "string", multiple: true },
      node: { type: "string", multiple: true, default: [process.execPath] },
      threads: { type: "string", default: "1,2" },
      wide: { type: "boolean", default: false },
      against: { type: "string" },
      rounds: { type: "string", default: "7" },
      patience: { type: "string", default: "60" },
      json: { type: "string" },
      chart: { type: "string" },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) {
    console.log(help);
    process.exit();
  }
  const numbers = (option, least) =>
    values[option].split(",").map((text) => {
      const n = Number(text);
      if (!Number.isInteger(n) || n < least) {
        throw new Error(`--${option} ${values[option]}: whole numbers from ${least}`);
      }
      return n;
    });
  const only = values.only?.split(",") ?? usual;
  const unknown = only.find((name) => !jobNames.includes(name));
  if (unknown !== undefined) throw new Error(`--only ${unknown}: the jobs are ${jobNames.join(", ")}`);
  if (values.peers && values.against !== undefined)
    throw new Error("--against compares Rhyton with itself: no --peers");
  for (const path of [...(values.python ?? []), ...values.node]) {
    if (!existsSync(path)) throw new Error(`${path}: there is no such file`);
  }
  const [rounds] = numbers("rounds", FEWEST_ROUNDS);
  const [patience] = numbers("patience", 1);
  return { ...values, only, rounds, patience: patience * 1000, threads: numbers("threads", 1) };
}
