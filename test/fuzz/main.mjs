// `npm run fuzz -- [--cases N] [--seed S] [--from CASE] [--jobs J]`: damaged files of every format that is
// read, in processes that may write nothing (Node's permission model). Whatever is in a file, reading it gives a value
// or a RhytonError, in 2 s of processor time, and allocates no more than the file accounts for.
//
// A case follows from seed and number: `--seed 1 --from 77 --cases 1` is case 77 again. What is found is written into
// the folder `fuzz-found` of the system's temporary folder; it belongs into test/fuzz/findings, with a line in
// test/fuzz/findings.test.ts, and mended.

import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { bundle } from "../support/bundle.mjs";

const here = (name) => fileURLToPath(new URL(name, import.meta.url));
const { values } = parseArgs({
  options: {
    cases: { type: "string", default: "20000" },
    seed: { type: "string", default: "1" },
    from: { type: "string", default: "0" },
    jobs: { type: "string", default: String(Math.min(2, availableParallelism())) },
  },
});
function wholeNumber(name) {
  const number = Number(values[name]);
  if (Number.isSafeInteger(number) && number >= 0) return number;
  console.error(`fuzz: --${name} is ${values[name]}, expected a whole number`);
  return process.exit(1);
}
const [cases, seed, from, jobs] = ["cases", "seed", "from", "jobs"].map(wholeNumber);

/** Seconds of the processor after which a case hangs. */
const PATIENCE = 10;
/** Of the heap; numbers that files hold lie outside of it. */
const HEAP_MB = 400;
const MOST_FINDINGS = 20;

const start = performance.now();
const { path: program, remove } = await bundle(here("child.ts"));
const corpus = here("corpus");
const meter = pathToFileURL(here("meter.mjs")).href;
/** The processes run in an empty folder inside of this one. */
const outside = mkdtempSync(join(tmpdir(), "rhyton-fuzz-"));
const inside = join(outside, "inside");
mkdirSync(inside);
const found = join(tmpdir(), "fuzz-found");
const permission = process.allowedNodeEnvironmentFlags.has("--permission")
  ? "--permission"
  : "--experimental-permission";

const findings = [];
const counts = new Map();
let done = 0;

function note(number, problem) {
  mkdirSync(found, { recursive: true });
  spawnSync(process.execPath, [
    "--import",
    meter,
    program,
    "write",
    corpus,
    seed,
    number,
    join(found, `${seed}-${number}`),
  ]);
  findings.push({ number, problem });
  console.log(`case ${number}: ${problem}`);
}

/** Seconds of the processor that a process took, so that one which is kept from running does not seem to hang. */
function secondsOf(pid) {
  const stat = `/proc/${pid}/stat`;
  if (!existsSync(stat)) return performance.now() / 1000;
  const [user, system] = readFileSync(stat, "utf8").split(") ")[1].split(" ").slice(11, 13);
  return (Number(user) + Number(system)) / 100;
}

/** Cases `first`, `first + jobs`, … in one process, and in another one after each that ends it. */
function work(first) {
  if (first >= from + cases || findings.length >= MOST_FINDINGS) return Promise.resolve();
  return new Promise((resolve) => {
    const child = spawn(
      process.execPath,
      [
        ...[permission, "--allow-fs-read=*", "--no-warnings", `--max-old-space-size=${HEAP_MB}`, "--import", meter],
        ...[program, "run", corpus, seed, first, from + cases, jobs].map(String),
      ],
      { cwd: inside, stdio: ["ignore", "pipe", "pipe"] },
    );
    let current;
    let said = "";
    let rest = "";
    let hangs = false;
    let seen;
    let since = 0;
    const timer = setInterval(() => {
      const seconds = secondsOf(child.pid);
      if (current !== seen) since = seconds;
      seen = current;
      hangs = seconds - since > PATIENCE;
      if (hangs) child.kill("SIGKILL");
    }, 1000);
    child.stdout.on("data", (data) => {
      const lines = (rest + data).split("\n");
      rest = lines.pop();
      for (const line of lines) {
        const [word, value] = [line.slice(0, line.indexOf(" ")), line.slice(line.indexOf(" ") + 1)];
        if (word === "case") {
          current = Number(value);
          done++;
        } else if (word === "wrong") note(current, JSON.parse(value));
        else if (word === "counts") {
          for (const [key, count] of Object.entries(JSON.parse(value))) counts.set(key, (counts.get(key) ?? 0) + count);
        }
      }
    });
    child.stderr.on("data", (data) => {
      said = (said + data).slice(-2000);
    });
    child.on("close", (code, signal) => {
      clearInterval(timer);
      if (code === 0) return resolve();
      if (current === undefined) {
        console.error(said);
        findings.push({ problem: `the process ended with ${code ?? signal} before its first case` });
        return resolve();
      }
      note(
        current,
        hangs ? `no answer in ${PATIENCE} s of the processor` : `the process ended with ${code ?? signal}: ${said}`,
      );
      resolve(work(current + jobs));
    });
  });
}

await Promise.all(Array.from({ length: jobs }, (_, j) => work(from + j)));

const strange = [...readdirSync(outside), ...readdirSync(inside)].filter((name) => name !== "inside");
if (strange.length > 0) findings.push({ problem: `files appeared: ${strange.join(", ")}` });
rmSync(outside, { recursive: true, force: true });
remove();

const seconds = ((performance.now() - start) / 1000).toFixed(1);
for (const [key, count] of [...counts].sort(([a], [b]) => (a < b ? -1 : 1)))
  console.log(`${String(count).padStart(8)}  ${key}`);
console.log(
  `fuzz: seed ${seed}, cases ${from} to ${from + cases - 1}: ${done} run in ${seconds} s, ${findings.length} wrong`,
);
if (findings.length > 0 || done < cases) {
  console.error(`fuzz: what was found is in ${found}`);
  process.exit(1);
}
