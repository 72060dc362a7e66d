// Trains the seed autoencoder on all of MNIST with seeds 1, 2 and 3, and writes what came of it to docs/seed-quality.md.
// Build first (npm run build), and let the machine be quiet: the times are measured.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const SEEDS = [1, 2, 3];
const EPOCHS = 10;
const ARGUMENTS = ["--data", "mnist", "--epochs", String(EPOCHS), "--batch-size", "128"];

/** One training: its settings.json, the val_loss of each epoch, and the seconds that the whole process took. */
function train(seed) {
  const folder = mkdtempSync(join(tmpdir(), "rhyton-seed-"));
  try {
    const start = performance.now();
    const command = [join(root, "dist/cli/main.js"), "train", ...ARGUMENTS, "--seed", String(seed), "--out", folder];
    const { status } = spawnSync(process.execPath, command, { cwd: root, stdio: ["ignore", "ignore", "inherit"] });
    if (status !== 0) throw new Error(`The training with seed ${seed} ended with code ${status}.`);
    const seconds = (performance.now() - start) / 1000;
    const [header, ...rows] = readFileSync(join(folder, "history.csv"), "utf8").trim().split("\r\n");
    const column = header.split(",").indexOf("val_loss");
    const losses = rows.map((row) => Number(row.split(",")[column]));
    return { ...JSON.parse(readFileSync(join(folder, "settings.json"), "utf8")), seed, seconds, losses };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const row = (cells) => `| ${cells.join(" | ")} |`;

function page(runs) {
  const [{ machine, versions, samples, finished }] = runs;
  const epochs = Array.from({ length: EPOCHS }, (_, i) => i + 1);
  const table = [
    row(["Epoch", ...runs.map(({ seed }) => `seed ${seed}`)]),
    row(["---:", ...runs.map(() => "---:")]),
    ...epochs.map((epoch) => row([epoch, ...runs.map(({ losses }) => losses[epoch - 1].toFixed(5))])),
    row(["seconds", ...runs.map(({ seconds }) => seconds.toFixed(1))]),
    row(["peak memory", ...runs.map(({ peakMemoryBytes }) => `${Math.round(peakMemoryBytes / 1e6)} MB`)]),
  ];
  return `# What the seed autoencoder learns

The validation loss (binary cross-entropy on the ${samples.test} test digits) after each epoch over ${samples.train}
digits, as \`npm start\` trains it: \`rhyton train ${ARGUMENTS.join(" ")} --seed N\`. Seconds are those
of the whole process: starting, reading the digits, compiling, training, validating, drawing and saving.

${table.join("\n")}

Measured on ${finished.slice(0, 10)}: ${machine.processor}, ${machine.cores} cores, ${Math.round(machine.memoryBytes / 1e9)} GB, ${machine.system}; Rhyton ${versions.rhyton}, Node ${versions.node} (V8 ${versions.v8}).
Written by \`node scripts/seeds.mjs\`.
`;
}

const runs = SEEDS.map(train);
const target = join(root, "docs/seed-quality.md");
writeFileSync(target, page(runs));
console.log(target);
