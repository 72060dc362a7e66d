// Builds dist/ from src/ with the TypeScript compiler, and marks the command line executable. What has not changed since
// the last build is not compiled again; `--clean` begins anew.
// `node scripts/build.mjs FOLDER` builds into another folder.
import { spawnSync } from "node:child_process";
import { chmodSync, copyFileSync, existsSync, readdirSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const root = fileURLToPath(new URL("..", import.meta.url));
const { values, positionals } = parseArgs({ options: { clean: { type: "boolean" } }, allowPositionals: true });
const out = resolve(positionals[0] ?? `${root}/dist`);
/** What the compiler remembers lies beside what it made, so that both go together. */
const memory = join(out, "build.tsbuildinfo");
if (values.clean || !existsSync(memory)) rmSync(out, { recursive: true, force: true });
const tsc = [`${root}/node_modules/typescript/bin/tsc`, "-p", `${root}/tsconfig.json`, "--outDir", out];
const { status } = spawnSync(process.execPath, [...tsc, "--incremental", "--tsBuildInfoFile", memory], {
  stdio: "inherit",
});
if (status !== 0) process.exit(status ?? 1);
for (const file of readdirSync(out, { recursive: true })) {
  const [, name] = /^(.*?)(?:\.d\.ts|\.js)(?:\.map)?$/.exec(file) ?? [];
  if (name !== undefined && !existsSync(`${root}/src/${name}.ts`)) rmSync(join(out, file));
}
copyFileSync(`${root}/src/data/digits.png`, `${out}/data/digits.png`);
chmodSync(`${out}/cli/main.js`, 0o755);
