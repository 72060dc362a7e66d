/** The job `start`: `npm start` as a whole, from the build to the files it leaves, and the memory of its training. */
import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { performance } from "node:perf_hooks";
import process from "node:process";

const TIMES = 1;
const EPOCHS = 10;
/** What ten epochs reach at least: Keras ends between 0.1022 and 0.1041. */
const WORST_LOSS = 0.106;
const measure = { name: "start", kind: "start", batch: 128 };

/** Runs it three times on each Node, plain and perhaps wide, in turn, with the threads that it takes by itself. */
export async function timeStart({ nodes, builds, wide, progress }) {
  const threads = Math.min(8, availableParallelism());
  const results = nodes.flatMap(({ path, version }) =>
    builds.flatMap(({ revision, build, against }) =>
      (wide && Number.parseInt(version.slice(1), 10) >= 24 ? [false, true] : [false]).map((w) => {
        const configuration = { engine: "Rhyton", revision, against, nodePath: path, node: version, threads, wide: w };
        return { configuration: { ...configuration, tree: dirname(build) }, measure, times: [], steps: 1 };
      }),
    ),
  );
  for (let time = 0; time < TIMES; time++) {
    for (const result of results) {
      progress(
        `start: ${time + 1} of ${TIMES}, Node ${result.configuration.node}${result.configuration.wide ? ", wide" : ""}`,
      );
      const { ms, memory } = await runOnce(result.configuration);
      result.times.push(ms);
      result.memory = Math.max(result.memory ?? 0, memory);
    }
  }
  return results;
}

async function runOnce({ nodePath, wide, tree }) {
  const folder = mkdtempSync(join(tmpdir(), "rhyton-start-"));
  try {
    const bin = join(folder, "bin");
    const report = new URL("report-memory.mjs", import.meta.url).href;
    // npm and what it starts take their Node from the path.
    const env = {
      ...process.env,
      PATH: [bin, process.env.PATH].join(delimiter),
      NODE_OPTIONS: `--import=${report}`,
      RHYTON_BENCH_MEMORY: folder,
      RHYTON_WIDE: wide ? "1" : "",
    };

    mkdirSync(bin);
    symlinkSync(nodePath, join(bin, "node"));
    const out = join(folder, "run");
    const start = performance.now();
    await run("npm", ["start", "--", "--out", out], { cwd: tree, env });
    const ms = performance.now() - start;
    check(readFileSync(join(out, "history.csv"), "utf8"));
    const reports = readdirSync(folder).filter((name) => name.startsWith("memory-"));
    const read = (name) => JSON.parse(readFileSync(join(folder, name), "utf8"));
    const trainers = reports.map(read).filter(({ script }) => script.endsWith(join("cli", "main.js")));
    return { ms, memory: Math.max(...trainers.map(({ peak }) => peak)) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** @throws Error unless all epochs are there and the last is as good as Keras'. */
function check(csv) {
  const [head, ...lines] = csv.trim().split(/\r?\n/);
  const column = head.split(",").indexOf("val_loss");
  const last = Number(lines.at(-1)?.split(",")[column]);
  if (lines.length !== EPOCHS || !(last <= WORST_LOSS)) {
    throw new Error(`start: ${lines.length} epochs, val_loss ${last}; expected ${EPOCHS} and at most ${WORST_LOSS}`);
  }
}

function run(command, args, options) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { ...options, stdio: ["ignore", "ignore", "pipe"] });
    const log = [];
    child.stderr.on("data", (data) => log.push(data));
    child.once("error", reject);
    child.once("exit", (code) => {
      if (code === 0) resolve();
      else reject(new Error(`start: ${command} ended with ${code}\n${Buffer.concat(log)}`));
    });
  });
}
