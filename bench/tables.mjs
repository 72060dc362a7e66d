/**
 * `node bench/tables.mjs [FILE.json …]`: takes up what `npm run bench -- --json FILE` wrote and writes the tables and the
 * chart of docs/performance.md and the table of the README. Records are kept in docs/performance.json; a job that is in
 * a file replaces the same job there, so jobs may be measured in several runs. Figures are never typed by hand: `--check`
 * changes nothing and fails when a page does not say what the records say.
 */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import process from "node:process";
import { chart } from "./chart.mjs";
import { tables } from "./performance.mjs";

const at = (path) => new URL(`../${path}`, import.meta.url);
const read = (path) => readFileSync(at(path), "utf8");

const store = "docs/performance.json";
const kept = existsSync(at(store)) ? JSON.parse(read(store)) : [];

const isCheck = process.argv[2] === "--check";
const files = isCheck ? [] : process.argv.slice(2);

/** What belongs to one run of one job; the measured peaks go with the run. */
const records = files.reduce((all, file) => {
  const added = JSON.parse(readFileSync(file, "utf8")).map(({ rounds, ...record }) => record);
  const jobs = new Set(added.map((r) => r.job));
  const same = (r) => r.job !== "peak" && jobs.has(r.job);
  const measuredAgain = (r) =>
    r.job === "peak" &&
    added.some((a) => a.job === "peak" && a.node === r.node && a.threads === r.threads && a.wide === r.wide);
  return [...all.filter((r) => !same(r) && !measuredAgain(r)), ...added];
}, kept);

const made = tables(records);
for (const page of ["docs/performance.md", "README.md"]) {
  const before = read(page);
  const after = before.replace(
    /<!-- table: ([\w ]+) -->\n[\s\S]*?<!-- end -->/g,
    (_, name) => `<!-- table: ${name} -->\n${made[name]()}\n<!-- end -->`,
  );
  if (!isCheck) writeFileSync(at(page), after);
  else if (after !== before) {
    console.error(`${page} does not say what ${store} says: \`node bench/tables.mjs\` writes it.`);
    process.exitCode = 1;
  }
}
if (files.length > 0) {
  writeFileSync(at(store), `[\n${records.map((r) => JSON.stringify(r)).join(",\n")}\n]\n`);
  writeFileSync(at("docs/images/performance.svg"), chart(records.filter((r) => !r.job.startsWith("scaling"))));
}
