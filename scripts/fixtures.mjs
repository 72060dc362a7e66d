// `npm run fixtures [-- GROUP …]`: asks real Keras for the numbers in fixtures/, see scripts/make_fixtures.py.
// Uses the Python of RHYTON_PYTHON or of .venv-keras.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const inVenv = process.platform === "win32" ? "Scripts/python.exe" : "bin/python";
const python = process.env.RHYTON_PYTHON || join(root, ".venv-keras", inVenv);
if (!existsSync(python)) {
  console.error(`fixtures: ${python} is missing. \`npm run test:keras\` makes it once, with the pinned Keras.`);
  process.exit(1);
}
const args = [join(root, "scripts", "make_fixtures.py"), ...process.argv.slice(2)];
process.exit(spawnSync(python, args, { cwd: root, stdio: "inherit" }).status ?? 1);
