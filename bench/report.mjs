/** Numbers about numbers, records, and the table of a run. */
import { readFileSync } from "node:fs";
import os from "node:os";
import process from "node:process";

export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** The machine that this runs on. */
export const machine = () => ({
  cpu: os.cpus()[0]?.model.trim() ?? "unknown",
  cores: os.availableParallelism(),
  vectors: vectorsOf(),
  memory: os.totalmem(),
  platform: `${process.platform} ${process.arch}`,
});

/** The widest vectors of the processor, where Linux says so. */
function vectorsOf() {
  if (process.platform !== "linux") return undefined;
  const flags = readFileSync("/proc/cpuinfo", "utf8");
  return ["avx512f", "avx2", "avx", "asimd"].find((name) => flags.includes(` ${name} `));
}

const round = (n) => (n === undefined ? undefined : Number(n.toPrecision(5)));

/**
 * One record for each configuration and measure: `{ job, engine, threads, wide, ms, min, max, gflops, … }`. `ms` is null
 * where there is no time, and `why` says why.
 *
 * @param peaks - `{ node, threads, wide, gflops, gigabytes }` as measured.
 */
export function recordsOf(results, peaks, about) {
  return results.map((result) => {
    const { configuration, measure, times, steps, why, firsts, bytes, memory } = result;
    const { engine, revision, node, threads, wide } = configuration;
    const base = { job: measure.name, engine, revision, node, threads, wide };
    if (times.length === 0) return { ...base, ms: null, why, ...about };
    const [ms, min, max] = [median(times), Math.min(...times), Math.max(...times)].map(round);
    const gflops = measure.operations && round(measure.operations / ms / 1e6);
    const peak = gflops && peakFor(configuration, peaks);
    const ofPeak = peak && round(gflops / peak.gflops);
    // What memory would allow, if nothing stayed in a cache between the layers.
    const limit = peak && measure.bytes && Math.min(peak.gflops, (measure.operations / measure.bytes) * peak.gigabytes);
    return {
      ...base,
      ms,
      min,
      max,
      gflops,
      ofPeak,
      ofRoof: limit && round(gflops / limit),
      ...firstOf(firsts),
      moduleBytes: bytes,
      // One process has all layers at once.
      peakMemory: measure.layer ? undefined : memory,
      batch: measure.batch,
      layer: measure.layer,
      steps,
      rounds: times.map(round),
      ...againstOf(result, results),
      ...about,
    };
  });
}

/** The median of the first steps, the quickest and the slowest of them, and all where there are several. */
function firstOf(firsts = []) {
  if (firsts.length === 0) return {};
  const [first, firstMin, firstMax] = [median(firsts), Math.min(...firsts), Math.max(...firsts)].map(round);
  return firsts.length === 1 ? { first } : { first, firstMin, firstMax, firsts: firsts.map(round) };
}

/** Engines other than Rhyton are held against the most that was measured with as many threads, wide where it was. */
function peakFor({ node, threads, wide, peer }, peaks) {
  const same = peaks.filter((p) => p.threads === threads);
  if (!peer) return same.find((p) => p.node === node && p.wide === wide);
  return same.sort((a, b) => b.gflops - a.gflops)[0];
}

/** How many times as fast a result is as the same on another revision, round by round. */
function againstOf({ configuration: mine, measure, times }, results) {
  if (mine.against || mine.peer) return {};
  const other = results.find(
    ({ configuration: c, measure: m }) =>
      c.against && m === measure && c.threads === mine.threads && c.wide === mine.wide && c.node === mine.node,
  );
  if (other === undefined || other.times.length === 0) return {};
  const ratios = other.times.map((time, i) => time / times[i]);
  const [timesAsFast, least, most] = [median(ratios), Math.min(...ratios), Math.max(...ratios)].map(round);
  return { against: other.configuration.revision, timesAsFast, least, most };
}

const fixed = (digits) => (n) => (n === undefined || n === null ? "" : n.toFixed(digits));
const shown = (scale, digits) => (n) => (n === undefined ? "" : (n * scale).toFixed(digits));
const short = (ms) => (ms < 1 ? 4 : ms < 100 ? 2 : 0);

/** Columns: heading, cell, and whether it is text. A column without anything in it is left out. */
const columns = [
  ["engine", (r) => r.engine, "text"],
  ["revision", (r) => r.revision ?? "", "text"],
  ["Node", (r) => r.node?.replace("v", "") ?? "", "text"],
  ["threads", (r) => r.threads],
  ["wide", (r) => (r.wide ? "wide" : ""), "text"],
  ["ms", (r) => (r.ms === null ? "–" : r.ms.toFixed(short(r.ms)))],
  ["min", (r) => (r.ms === null ? "" : r.min.toFixed(short(r.ms)))],
  ["max", (r) => (r.ms === null ? "" : r.max.toFixed(short(r.ms)))],
  ["GFLOP/s", (r) => fixed(1)(r.gflops)],
  ["% of peak", (r) => shown(100, 0)(r.ofPeak)],
  ["% of roof", (r) => shown(100, 0)(r.ofRoof)],
  ["first ms", (r) => fixed(0)(r.first)],
  ["min", (r) => fixed(0)(r.firstMin)],
  ["max", (r) => fixed(0)(r.firstMax)],
  ["module kB", (r) => shown(1e-3, 1)(r.moduleBytes)],
  ["peak MB", (r) => shown(1e-6, 0)(r.peakMemory)],
  [
    "times as fast",
    (r) => (r.against ? `${r.timesAsFast.toFixed(3)} (${r.least.toFixed(3)} to ${r.most.toFixed(3)})` : ""),
  ],
  ["", (r) => r.why?.split("\n")[0] ?? "", "text"],
];

/** The records as text: a table for each job, the fastest first; one for all layers and sizes, in their order. */
export function table(records) {
  const isMany = (r) => r.layer !== undefined || r.job.startsWith("scaling");
  const groupOf = (r) => (isMany(r) ? r.job.split(" ")[0] : r.job);
  const groups = [...new Set(records.map(groupOf))];
  return groups
    .map((group) => {
      const rows = records.filter((r) => groupOf(r) === group);
      if (!isMany(rows[0])) return `${group}\n${aligned(columns, rows.sort(byTime))}`;
      const order = [...new Set(rows.map((r) => r.job))];
      rows.sort((a, b) => order.indexOf(a.job) - order.indexOf(b.job) || byTime(a, b));
      return aligned([[group, (r) => r.job.slice(group.length + 1), "text"], ...columns], rows);
    })
    .join("\n\n");
}

const speed = (r) => r.ms ?? Number.POSITIVE_INFINITY;
const byTime = (a, b) => (speed(a) === speed(b) ? 0 : speed(a) - speed(b)) || a.threads - b.threads;

function aligned(columns, records) {
  const cells = columns
    .map(([name, cell, kind]) => ({ kind, all: [name, ...records.map((r) => String(cell(r)))] }))
    .filter(({ all }) => all.slice(1).some((text) => text !== ""));
  const widths = cells.map(({ all }) => Math.max(...all.map((text) => text.length)));
  return cells[0].all
    .map((_, row) =>
      cells
        .map(({ kind, all }, c) => (kind === "text" ? all[row].padEnd(widths[c]) : all[row].padStart(widths[c])))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}
