/** `npm run bench`: see README.md in this folder. */
import { execFileSync } from "node:child_process";
import { existsSync, writeFileSync } from "node:fs";
import os from "node:os";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { chart } from "./chart.mjs";
import { findPeers, rhytonFile } from "./engines.mjs";
import { networkJobs, ownJobs } from "./jobs.mjs";
import { readOptions } from "./options.mjs";
import { machine, recordsOf, table } from "./report.mjs";
import { buildRevision, root, workingTree } from "./revision.mjs";
import { timeStart } from "./start.mjs";
import { takeTurns } from "./turns.mjs";

const FIRST_WIDE_NODE = 24;
const say = (text) => console.error(text);

/** Rhyton in every revision on every Node, with every number of threads, plain and perhaps wide. */
function ownConfigurations(builds, nodes, { threads, wide }) {
  const configurations = nodes.flatMap(({ path, version }) =>
    builds.flatMap(({ revision, build, against }) =>
      threads.flatMap((n) =>
        (wide && Number.parseInt(version.slice(1), 10) >= FIRST_WIDE_NODE ? [false, true] : [false]).map((w) => {
          const label = `Rhyton ${revision}, Node ${version}, ${n} thread${n === 1 ? "" : "s"}${w ? ", wide" : ""}`;
          const what = { label, engine: "Rhyton", file: rhytonFile, revision, build, against };
          return { ...what, nodePath: path, node: version, threads: n, wide: w, peer: false };
        }),
      ),
    ),
  );
  if (wide && !configurations.some((c) => c.wide)) {
    const versions = nodes.map(({ version }) => version).join(", ");
    throw new Error(`--wide: wide vectors need Node ${FIRST_WIDE_NODE} or later, and this is ${versions}: --node PATH`);
  }
  return configurations;
}

/** The most that the machine does, for every way in which Rhyton runs. */
function measurePeaks(configurations, build) {
  const peaks = new Map();
  for (const { nodePath, node, threads, wide } of configurations) {
    const key = `${node} ${threads} ${wide}`;
    if (peaks.has(key)) continue;
    const flags = wide ? ["--experimental-wasm-revectorize"] : [];
    const script = fileURLToPath(new URL("peak.mjs", import.meta.url));
    const given = [...flags, script, build, String(threads), wide ? "wide" : "plain"];
    const { gflops, gigabytes } = JSON.parse(execFileSync(nodePath, given, { encoding: "utf8" }));
    peaks.set(key, { node, threads, wide, gflops, gigabytes });
  }
  return [...peaks.values()];
}

/** The better of two measurements of the same. */
const better = (before, after) =>
  before.map((peak, i) => ({
    ...peak,
    gflops: Number(Math.max(peak.gflops, after[i].gflops).toPrecision(4)),
    gigabytes: Number(Math.max(peak.gigabytes, after[i].gigabytes).toPrecision(4)),
  }));

async function measure(options, builds) {
  const nodes = options.node.map((path) => ({
    path,
    version: execFileSync(path, ["--version"], { encoding: "utf8" }).trim(),
  }));
  const own = ownConfigurations(builds, nodes, options);
  const threads = Math.max(...options.threads);
  const peers = options.peers ? await findPeers({ python: options.python, root, threads }) : { found: [], missing: [] };
  for (const { engine, how } of peers.missing) say(`${engine} is not there. To have it: ${how}`);
  if (peers.found.length > 0) say(`Peers: ${peers.found.map(({ label }) => label).join("; ")}`);
  // Node's peers run where Rhyton runs first.
  const found = peers.found.map((peer) => {
    return peer.python === undefined ? { ...peer, nodePath: nodes[0].path, node: nodes[0].version } : peer;
  });

  const before = measurePeaks(own, builds[0].build);
  const rates = new Map();
  const results = [];
  const turns = (job, configurations, starts = false) =>
    takeTurns({ ...options, job, configurations, launches: builds.length, rates, starts, progress: say });
  for (const name of options.only) {
    if (name === "start") results.push(...(await timeStart({ ...options, nodes, builds, progress: say })));
    else if (Object.hasOwn(networkJobs, name)) {
      results.push(...(await turns(networkJobs[name], [...own, ...found], true)));
      results.push(...absent(peers.missing, networkJobs[name]));
    } else for (const job of ownJobs[name]) results.push(...(await turns(job, own)));
  }
  return { results, peaks: better(before, measurePeaks(own, builds[0].build)) };
}

/** What is not there is listed too. */
const absent = (missing, job) =>
  missing.flatMap(({ engine, how }) =>
    job.measures.map((measure) => ({
      configuration: { engine, threads: 0, wide: false, peer: true },
      measure,
      times: [],
      why: `not there: ${how}`,
    })),
  );

async function main() {
  const options = readOptions(process.argv.slice(2));
  const about = { ...machine(), date: new Date().toISOString() };
  const load = Number(os.loadavg()[0].toFixed(2));
  say(`${about.cpu}, ${about.cores} cores, ${about.platform}, load ${load.toFixed(2)}`);
  if (load > 0.5) say("The machine is busy: these numbers will be too high and far apart.");

  const build = join(root, "dist");
  if (!existsSync(join(build, "index.js"))) throw new Error("dist is missing: run `npm run build` first");
  const builds = [{ revision: workingTree(), build, against: false }];
  let remove = () => {};
  for (const signal of ["SIGINT", "SIGTERM"]) {
    process.once(signal, () => {
      remove();
      process.exit(130);
    });
  }
  try {
    if (options.against !== undefined) {
      const other = buildRevision(options.against);
      remove = other.remove;
      builds.push({ revision: other.revision, build: other.build, against: true });
    }
    const { results, peaks } = await measure(options, builds);
    const records = recordsOf(results, peaks, { ...about, load });
    console.log(table(records));
    console.log(`\nThe most that was measured from WebAssembly here (multiply-adds; reading memory):`);
    for (const { node, threads, wide, gflops, gigabytes } of peaks) {
      const what = `${threads} thread${threads === 1 ? "" : "s"}, ${wide ? "wide" : "plain"}, Node ${node.slice(1)}`;
      console.log(`  ${what}: ${gflops} GFLOP/s, ${gigabytes} GB/s`);
    }
    const all = [...records, ...peaks.map((peak) => ({ job: "peak", engine: "WebAssembly", ...peak, ...about, load }))];
    if (options.json !== undefined) writeFileSync(options.json, `${JSON.stringify(all, null, 1)}\n`);
    if (options.chart !== undefined) writeFileSync(options.chart, chart(records));
    const wrong = records.filter((r) => r.why?.startsWith("wrong"));
    for (const { job, engine, why } of wrong) say(`bench: ${engine}, ${job}: ${why}`);
    if (wrong.length > 0) process.exitCode = 1;
  } finally {
    remove();
  }
}

main().catch((error) => {
  console.error(`bench: ${error.message}`);
  process.exitCode = 1;
});
