// `npm run test:keras`: the tests that ask real Keras. Makes the virtual environment .venv-keras when it is missing or
// scripts/requirements-keras.txt has changed, then runs the tests of this folder with RHYTON_PYTHON set to its Python.
// With RHYTON_PYTHON set already, that Python is used as it is. Arguments are handed on to vitest.

import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const windows = process.platform === "win32";
const root = fileURLToPath(new URL("../..", import.meta.url));
const venv = join(root, ".venv-keras");
const venvPython = windows ? join(venv, "Scripts", "python.exe") : join(venv, "bin", "python");
const requirementsFile = join(root, "scripts", "requirements-keras.txt");
const installedFile = join(venv, "installed-requirements.txt");

function fail(message) {
  console.error(`test:keras: ${message}`);
  process.exit(1);
}

/** Runs a command with its output shown; true if it exited with 0. */
function run(command, args, options = {}) {
  return spawnSync(command, args, { cwd: root, stdio: "inherit", ...options }).status === 0;
}

/** What `python -c code` prints, or null. */
function ask(python, code) {
  const result = spawnSync(python, ["-c", code], { encoding: "utf8" });
  return result.status === 0 ? result.stdout.trim() : null;
}

function makeVenv() {
  const python = (windows ? ["python", "py"] : ["python3", "python"]).find((name) => ask(name, "") !== null);
  if (!python) {
    fail("no Python found. Install Python 3.11, 3.12 or 3.13 (on Debian: apt-get install python3 python3-venv).");
  }
  const version = ask(python, "import sys; print('%d.%d' % sys.version_info[:2])");
  if (ask(python, "import venv, ensurepip") === null) {
    fail(
      `${python} (${version}) cannot make a virtual environment with pip: its venv or ensurepip module is missing. ` +
        `On Debian and Ubuntu: apt-get install python${version}-venv (or python3-venv).`,
    );
  }
  console.log(`test:keras: making ${venv} with ${python} ${version}; this downloads TensorFlow (about 300 MB) once.`);
  rmSync(venv, { recursive: true, force: true });
  if (!run(python, ["-m", "venv", venv])) fail(`${python} -m venv ${venv} failed; see above.`);
  if (!run(venvPython, ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", requirementsFile])) {
    fail(
      `pip could not install ${requirementsFile}; see above. ` +
        `These versions exist for Python 3.11 to 3.13, and ${python} is ${version}.`,
    );
  }
  writeFileSync(installedFile, readFileSync(requirementsFile));
}

let python = process.env.RHYTON_PYTHON;
if (!python) {
  const installed = existsSync(installedFile) ? readFileSync(installedFile, "utf8") : null;
  if (installed !== readFileSync(requirementsFile, "utf8")) makeVenv();
  python = venvPython;
}

// importlib.metadata: the version without the seconds that importing Keras takes.
const keras = ask(python, "from importlib.metadata import version as v; v('h5py'); print(v('keras'))");
if (keras === null) {
  fail(`${python} has no Keras or h5py. Remove .venv-keras and RHYTON_PYTHON to have an environment made.`);
}
console.log(`test:keras: Keras ${keras} on ${python}`);

const vitest = join(root, "node_modules", "vitest", "vitest.mjs");
if (!existsSync(vitest)) fail("node_modules has no vitest: run `npm install` first.");
const passed = run(
  process.execPath,
  [vitest, "run", "--config", "test/keras/vitest.config.ts", ...process.argv.slice(2)],
  {
    env: { ...process.env, RHYTON_PYTHON: python },
  },
);
process.exit(passed ? 0 : 1);
