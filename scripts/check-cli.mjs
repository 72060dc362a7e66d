// `node scripts/check-cli.mjs [TARBALL]`: the command line as a user meets it. Installs the packed package into an empty
// folder and runs every command there with `npx rhyton`, on the Node that runs this script. Without a tarball it packs dist/.
import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "rhyton-npx-"));
const user = join(folder, "user");
// npx and npm are scripts that look for `node` on the path: it must be this one.
const path = `${dirname(process.execPath)}:${process.env.PATH}`;
const env = { ...process.env, PATH: path, NO_COLOR: "1", npm_config_update_notifier: "false" };
/** What the self-test of the doctor may take. */
const MOST_SECONDS = 10;

function fail(message) {
  throw new Error(message);
}

/** Runs a program to its end; it must end with `code`. */
function run(program, args, { code = 0, cwd = user } = {}) {
  const result = spawnSync(program, args, { cwd, env, encoding: "utf8" });
  if (result.error) fail(`${program}: ${result.error.message}`);
  if (result.status !== code) {
    process.stderr.write(`${result.stdout}${result.stderr}`);
    fail(`\`${[program, ...args].join(" ")}\` ended with ${result.status ?? result.signal}, expected ${code}`);
  }
  return { stdout: result.stdout, stderr: result.stderr.replace(/^npm (warn|notice).*\n/gm, "") };
}

const npx = (args, options) => run("npx", ["--no-install", "rhyton", ...args], options);
const json = (...args) => JSON.parse(npx([...args, "--json"]).stdout);

/** Checks, and says what was checked. */
function check(what, isSo, got = "") {
  if (!isSo) fail(`${what}: not so${got === "" ? "" : `, but ${JSON.stringify(got)}`}`);
  console.log(`  ${what}`);
}

function install(tarball) {
  mkdirSync(user);
  writeFileSync(join(user, "package.json"), '{ "private": true }\n');
  run("npm", ["install", "--prefer-offline", "--no-audit", "--no-fund", tarball]);
}

function pack() {
  const args = ["pack", "--json", "--ignore-scripts", "--pack-destination", folder];
  const [{ filename }] = JSON.parse(run("npm", args, { cwd: root }).stdout);
  return join(folder, filename);
}

function checkHelp() {
  const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  const said = npx(["--version"]).stdout.trim();
  check(`npx rhyton --version: ${version}`, said === version, said);
  const { stdout } = npx(["--help"]);
  const commands = [...stdout.matchAll(/^ {2}([a-z]+) (?:\[|<| )/gm)].map(([, name]) => name);
  check(`--help names ${commands.join(", ")}`, commands.length >= 8, commands);
  for (const command of commands) {
    if (!/Examples?:\n {2}\$ rhyton /.test(npx([command, "--help"]).stdout)) fail(`${command} --help has no example`);
  }
  check("the help of each has an example", true);
  return commands;
}

function checkDoctor() {
  const { healthy, findings, selfTest } = json("doctor");
  const { cases, compared, disagreements } = selfTest;
  check("doctor: every op is right here", healthy && disagreements.length === 0, disagreements);
  const [{ found }] = findings;
  check(`doctor: ${found}`, found.includes(process.versions.node), findings);
  // Where other programs want the machine, too, the time of one run says little.
  let { seconds } = selfTest;
  for (let attempt = 1; attempt < 3 && seconds >= MOST_SECONDS; attempt++) seconds = json("doctor").selfTest.seconds;
  check(`doctor: ${compared} arrays of ${cases} cases in ${seconds.toFixed(1)} s`, seconds < MOST_SECONDS);
}

function checkModel(commands) {
  const { files, losses, epochsDone } = json("train", "--limit", "256", "--epochs", "1", "--out", "run");
  const isThere = Object.values(files).every((file) => existsSync(join(user, file)));
  check(`train: one epoch of 256 digits, loss ${losses.loss.toFixed(4)}`, isThere && epochsDone === 1, files);
  const { model } = files;
  const { params } = json("summary", model);
  check(`summary: ${params} weights`, params === 4385, params);
  for (const stage of ["graph", "gradient", "kernels", "wasm"]) {
    const { stdout } = npx(["show", model, "--stage", stage]);
    check(`show --stage ${stage}: ${stdout.split("\n").length} lines`, stdout.length > 500, stdout);
  }
  const { loss } = json("evaluate", model, "--data", "digits");
  check(`evaluate: loss ${loss.toFixed(4)}`, Math.abs(loss - losses.val_loss) < 1e-6, loss);
  if (commands.includes("explain")) {
    const { stdout } = npx(["explain", model]);
    check(`explain: ${stdout.split("\n").length} lines`, /28/.test(stdout) && /conv2d/.test(stdout), stdout);
  }
  const use = `import { readNpy, writeNpy } from "rhyton"; import { digits } from "rhyton/datasets";
    import { doctor } from "rhyton/doctor"; import { writeFileSync } from "node:fs";
    const { test } = await digits(); writeFileSync("x.npy", writeNpy(test.images));
    console.log(typeof readNpy, typeof doctor);`;
  writeFileSync(join(user, "use.mjs"), use);
  check("the package is imported", run(process.execPath, ["use.mjs"]).stdout === "function function\n");
  const predicted = json("predict", model, "--input", "x.npy", "--output", "y.npy").files[0];
  check(`predict: ${predicted.shape.join(" × ")}`, existsSync(join(user, predicted.path)), predicted);
}

function checkShells() {
  const ask = `source <(npx --no-install rhyton completion bash)
    COMP_WORDS=(rhyton show --stage k); COMP_CWORD=3; _rhyton; echo "\${COMPREPLY[*]}"`;
  const offered = run("bash", ["-c", ask]).stdout.trim();
  check("completion bash: show --stage k⇥ is kernels", offered === "kernels", offered);
  const piped = run("bash", [
    "-o",
    "pipefail",
    "-c",
    "npx --no-install rhyton show run/autoencoder.keras --stage wasm | head -n 1",
  ]);
  check("a pipe that is closed is a quiet end", piped.stdout === "(module\n" && piped.stderr === "", piped);
}

function checkErrors() {
  const wrong = [
    [2, ["trian"], "error: unknown command 'trian'\nDid you mean train?"],
    [2, ["train", "--epoch", "1"], "error: unknown option '--epoch'\nDid you mean --epochs?"],
    [2, ["train", "--data", "mnits"], "Did you mean mnist?"],
    [2, ["show", "run/autoencoder.keras", "--stage", "kernel"], "Did you mean kernels?"],
    [1, ["summary", "run/autoencoder.kera"], "Did you mean run/autoencoder.keras?"],
    [1, ["train", "--out", "run"], "it already holds history.csv"],
  ];
  for (const [code, args, expected] of wrong) {
    const { stdout, stderr } = npx(args, { code });
    // Wrong usage is told in two lines, what and what to do; a failure in one.
    const lines = stderr.trimEnd().split("\n").length;
    const isRight = stdout === "" && stderr.includes(expected) && lines === (code === 2 ? 2 : 1);
    check(`rhyton ${args.join(" ")}: exit code ${code}`, isRight, stderr);
  }
}

/** Ctrl-C as a terminal sends it: to npx and to what it runs. */
async function checkStop() {
  const args = ["--no-install", "rhyton", "train", "--epochs", "1000", "--batch-size", "8", "--out", "cut"];
  const child = spawn("npx", args, { cwd: user, env, detached: true, stdio: ["ignore", "pipe", "pipe"] });
  let said = "";
  const ended = new Promise((end) => child.on("close", (code, signal) => end(code ?? signal)));
  child.stdout.resume();
  await new Promise((begun, never) => {
    child.stderr.on("data", (text) => {
      said += text;
      if (said.includes("Epoch 2/")) begun();
    });
    child.on("close", () => never(new Error(`train ended: ${said}`)));
  });
  process.kill(-child.pid, "SIGINT");
  // npx may end by the signal itself, which a shell counts as 130, too.
  const end = await ended;
  check("Ctrl-C ends train", end === 130 || end === "SIGINT", end);
  check("and it says how to go on", said.includes("Go on with: rhyton train --resume cut\n"), said);
  const before = JSON.parse(readFileSync(join(user, "cut/settings.json"), "utf8"));
  const { epochsDone } = json("train", "--resume", "cut", "--epochs", String(before.epochsDone + 1));
  check("which works", before.stopped && epochsDone === before.epochsDone + 1, before);
}

try {
  console.log(`The command line on Node ${process.versions.node}`);
  install(resolve(process.argv[2] ?? pack()));
  check(
    `installed: ${readdirSync(join(user, "node_modules"))
      .filter((name) => !name.startsWith("."))
      .join(", ")}`,
    true,
  );
  const commands = checkHelp();
  checkDoctor();
  checkModel(commands);
  checkShells();
  checkErrors();
  await checkStop();
} catch (error) {
  console.error(`\ncheck:cli: ${error.message}`);
  process.exitCode = 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
