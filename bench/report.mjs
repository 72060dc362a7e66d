/** Numbers about numbers, and tables. */
import os from "node:os";
import process from "node:process";

export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

export const machine = () => ({
  node: process.version,
  v8: process.versions.v8,
  cpu: os.cpus()[0]?.model.trim() ?? "unknown",
  cores: os.availableParallelism(),
  platform: `${process.platform} ${process.arch}`,
});

/** One record a result, with how many times as fast it is as the same on another revision. */
export function recordsOf(results, about) {
  return results.map(({ configuration, measure, times, steps }) => {
    const { engine, revision, threads, wide } = configuration;
    const rounded = times.map(round);
    const [ms, min, max] = [median(times), Math.min(...times), Math.max(...times)].map(round);
    const record = { job: measure, engine, revision, threads, wide, ms, min, max, steps, rounds: rounded, ...about };
    const other = results.find(
      (r) =>
        configuration.against === undefined &&
        r.configuration.against === true &&
        r.measure === measure &&
        r.configuration.threads === threads &&
        r.configuration.wide === wide,
    );
    if (other === undefined) return record;
    const ratios = other.times.map((time, i) => time / times[i]);
    const [timesAsFast, least, most] = [median(ratios), Math.min(...ratios), Math.max(...ratios)].map(round);
    return { ...record, against: other.configuration.revision, timesAsFast, least, most };
  });
}

const round = (ms) => Number(ms.toPrecision(5));

/** The records as text, by measure and then by configuration. */
export function table(records) {
  const compared = records.some((r) => r.against !== undefined);
  const columns = [
    ["job", (r) => r.job],
    ["engine", (r) => r.engine],
    ...(compared ? [["revision", (r) => r.revision]] : []),
    ["threads", (r) => r.threads],
    ["wide", (r) => (r.wide ? "yes" : "no")],
    ["ms", (r) => r.ms.toFixed(3)],
    ["min", (r) => r.min.toFixed(3)],
    ["max", (r) => r.max.toFixed(3)],
    ["steps", (r) => r.steps],
  ];
  if (compared) {
    columns.push([
      "times as fast",
      (r) => (r.against ? `${r.timesAsFast.toFixed(3)} (${r.least.toFixed(3)} to ${r.most.toFixed(3)})` : ""),
    ]);
  }
  const order = [...new Set(records.map((r) => r.job))];
  const sorted = [...records].sort(
    (a, b) => order.indexOf(a.job) - order.indexOf(b.job) || a.threads - b.threads || Number(a.wide) - Number(b.wide),
  );
  const rows = [columns.map(([name]) => name), ...sorted.map((r) => columns.map(([, cell]) => String(cell(r))))];
  const widths = columns.map((_, c) => Math.max(...rows.map((row) => row[c].length)));
  const isText = (c) => ["job", "engine", "revision"].includes(columns[c][0]);
  const line = (row) =>
    row.map((cell, c) => (isText(c) ? cell.padEnd(widths[c]) : cell.padStart(widths[c]))).join("  ");
  return rows.map((row) => line(row).trimEnd()).join("\n");
}
