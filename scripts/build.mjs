// Builds dist/ from src/ with the TypeScript compiler, and marks the command line executable.
// `node scripts/build.mjs FOLDER` builds into another folder.
import { spawnSync } from "node:child_process";
import { chmodSync, copyFileSync, rmSync } from "node:fs";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const out = resolve(process.argv[2] ?? `${root}/dist`);
rmSync(out, { recursive: true, force: true });
const tsc = [`${root}/node_modules/typescript/bin/tsc`, "-p", `${root}/tsconfig.json`, "--outDir", out];
const { status } = spawnSync(process.execPath, tsc, { stdio: "inherit" });
if (status !== 0) process.exit(status ?? 1);
copyFileSync(`${root}/src/data/digits.png`, `${out}/data/digits.png`);
chmodSync(`${out}/cli/main.js`, 0o755);
