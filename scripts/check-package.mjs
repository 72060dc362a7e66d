// `npm run check:package`: what a user would install, checked. Packs dist/ as it would be published, judges the tarball,
// installs it in an empty folder and uses it there. With `-- --keep FILE` the tarball is left behind.
import { execFileSync, spawnSync } from "node:child_process";
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join, relative, sep } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { staticBuiltins } from "./check-imports.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));
const shell = process.platform === "win32";
const { name, version, dependencies } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));

/** What is published beside what the sources compile to. */
const plainFiles = ["package.json", "README.md", "CHANGELOG.md", "LICENSE", "dist/data/digits.png"];
const MOST_BYTES = 4e6;

/** Every file that is to be published: two for each source that is no test, and nothing else. */
function expectedFiles() {
  const sources = readdirSync(join(root, "src"), { recursive: true, encoding: "utf8" }).map((file) =>
    file.split(sep).join("/"),
  );
  // Helpers of tests are compiled with them only.
  const compiled = sources.filter(
    (file) => file.endsWith(".ts") && !/(\.test|\.test-d|\/testing(-[a-z]+)?)\.ts$/.test(file),
  );
  const built = compiled.map((file) => `dist/${file.replace(/\.ts$/, "")}`);
  return [...plainFiles, ...built.flatMap((file) => [`${file}.js`, `${file}.d.ts`])];
}

/** Runs a command and answers what it printed; its errors are shown and end the check. */
function run(command, args, options = {}) {
  const result = spawnSync(command, args, { cwd: root, shell, encoding: "utf8", ...options });
  if (result.error) fail(`${command}: ${result.error.message}`);
  if (result.status !== 0) {
    process.stderr.write(`${result.stdout}${result.stderr}`);
    fail(`\`${[command, ...args].join(" ")}\` ended with exit code ${result.status}`);
  }
  return result.stdout;
}

function fail(message) {
  throw new Error(message);
}

function heading(text) {
  console.log(`\n${text}`);
}

function checkFiles(files) {
  heading(`The package: ${files.length} files`);
  const folders = new Map();
  for (const { path, size } of files) {
    const folder = dirname(path);
    const { names = new Set(), bytes = 0 } = folders.get(folder) ?? {};
    folders.set(folder, { names: names.add(basename(path).replace(/(\.d\.ts|\.js)$/, "")), bytes: bytes + size });
  }
  for (const [folder, { names, bytes }] of folders) console.log(`  ${folder}, ${bytes} bytes: ${[...names].join(" ")}`);
  const paths = new Set(files.map(({ path }) => path));
  const expected = new Set(expectedFiles());
  const strange = [...paths].filter((path) => !expected.has(path));
  if (strange.length > 0) fail(`these files do not belong in the package: ${strange.join(", ")}`);
  const missing = [...expected].filter((path) => !paths.has(path));
  if (missing.length > 0) fail(`the package lacks ${missing.join(", ")}`);
  const bytes = files.reduce((sum, { size }) => sum + size, 0);
  if (bytes > MOST_BYTES) fail(`the package unpacks to ${bytes} bytes, more than ${MOST_BYTES}`);
}

/** The code loads where there is no Node: built-in modules are imported when they are needed, except by the CLI. */
function checkImports() {
  heading("Built-in modules of Node");
  const entries = ["index.js", "data/datasets.js", "doctor/doctor.js"].map((file) => join(root, "dist", file));
  const { modules, found } = staticBuiltins(entries);
  for (const { file, specifier } of found) console.log(`  ${relative(root, file)} imports ${specifier}`);
  if (found.length > 0) fail("a bundler for browsers would stop at these imports: use `await import(…)`");
  console.log(`  none is imported by the ${modules} modules that the public names need`);
}

/** What is installed with the package, outside in. */
function packagesIn(folder) {
  const modules = join(folder, "node_modules");
  const names = readdirSync(modules).flatMap((entry) => {
    if (entry.startsWith(".")) return [];
    return entry.startsWith("@") ? readdirSync(join(modules, entry)).map((inner) => join(entry, inner)) : [entry];
  });
  return names.flatMap((entry) => {
    const path = join(modules, entry);
    const nested = readdirSync(path).includes("node_modules") ? packagesIn(path) : [];
    return [{ path, ...JSON.parse(readFileSync(join(path, "package.json"), "utf8")) }, ...nested];
  });
}

const free = /^(MIT|ISC|BSD-2-Clause|BSD-3-Clause|Apache-2\.0|0BSD|BlueOak-1\.0\.0|Unlicense|CC0-1\.0)$/;

function checkDependencies(folder) {
  heading("What is installed with it");
  const packages = packagesIn(folder).filter((p) => p.name !== name);
  const missing = Object.keys(dependencies).filter((wanted) => !packages.some((p) => p.name === wanted));
  if (missing.length > 0) fail(`not installed: ${missing.join(", ")}`);
  for (const p of packages) {
    const scripts = ["preinstall", "install", "postinstall"].filter((script) => p.scripts?.[script]);
    if (scripts.length > 0) fail(`${p.name} runs a script when it is installed: ${scripts.join(", ")}`);
    if (readdirSync(p.path).includes("binding.gyp")) fail(`${p.name} is compiled when it is installed`);
    if (!free.test(String(p.license))) fail(`${p.name} has the licence ${p.license}`);
  }
  checkLicences(packages);
}

/** docs/licences.md lists exactly what is installed, with the licence and its holders from the text that comes with it. */
function checkLicences(packages) {
  const rows = packages.map((p) => {
    const file = readdirSync(p.path).find((entry) => /^licen[cs]e(\.(md|txt))?$/i.test(entry));
    if (file === undefined) fail(`${p.name} comes without the text of its licence`);
    const [, holder] = /^copyright (?:\(c\) )?([^<\n]*)/im.exec(readFileSync(join(p.path, file), "utf8")) ?? [];
    return `| ${p.name} | ${p.version} | ${p.license} | ${holder?.trim() ?? "not named"} |`;
  });
  const listed = readFileSync(join(root, "docs/licences.md"), "utf8")
    .split("\n")
    .filter((line) => /^\| .*\d\.\d/.test(line));
  for (const row of rows) console.log(`  ${row}`);
  const unlisted = rows.filter((row) => !listed.includes(row));
  const gone = listed.filter((row) => !rows.includes(row));
  if (unlisted.length > 0) fail(`docs/licences.md lacks\n${unlisted.join("\n")}`);
  if (gone.length > 0) fail(`docs/licences.md lists what is not installed:\n${gone.join("\n")}`);
}

/** What is known against the packages that users get. Where the registry does not answer, that is said. */
function checkAudit(folder) {
  heading("npm audit");
  const { stdout } = spawnSync("npm", ["audit", "--json", "--omit=dev"], { cwd: folder, shell, encoding: "utf8" });
  let counts;
  try {
    counts = JSON.parse(stdout).metadata?.vulnerabilities;
  } catch {
    // Not the answer of an audit.
  }
  if (counts === undefined) console.log("  NOT CHECKED: the registry does not answer, or has no audit.");
  else if (counts.total > 0) fail(`npm audit: ${JSON.stringify(counts)}`);
  else console.log("  nothing is known against them");
}

/** What the example of README.md says at its end must be below this. */
const MOST_VAL_LOSS = 0.12;

/** Checks the types of the example against those of the package and runs it, as a user would. */
function checkExample(folder) {
  copyFileSync(join(root, "examples/autoencoder.ts"), join(folder, "autoencoder.ts"));
  const options = ["--strict", "--target", "esnext", "--lib", "esnext,dom", "--module", "nodenext", "--types", ""];
  const compiler = join(root, "node_modules/typescript/bin/tsc");
  run(process.execPath, [compiler, "autoencoder.ts", ...options], { cwd: folder, shell: false });
  const said = run(process.execPath, ["autoencoder.js"], { cwd: folder }).trim().split("\n").at(-1);
  console.log(`  examples/autoencoder.ts: ${said}`);
  const [, value] = /^val_loss (\S+)$/.exec(said) ?? [];
  if (!(Number(value) < MOST_VAL_LOSS)) fail(`the example did not learn: expected a val_loss below ${MOST_VAL_LOSS}`);
  if (!readdirSync(folder).includes("autoencoder.keras")) fail("the example wrote no autoencoder.keras");
}

function checkUse(folder) {
  heading("Used in an empty folder");
  checkExample(folder);
  const said = run("npx", ["--no-install", name, "--version"], { cwd: folder }).trim();
  console.log(`  npx ${name} --version: ${said}`);
  if (said !== version) fail(`expected ${version}`);
}

const folder = mkdtempSync(join(tmpdir(), "rhyton-package-"));
try {
  const [packed] = JSON.parse(run("npm", ["pack", "--json", "--ignore-scripts", "--pack-destination", folder]));
  const tarball = join(folder, packed.filename);
  checkFiles(packed.files);
  checkImports();

  heading("publint");
  execFileSync(process.execPath, [join(root, "node_modules/publint/src/cli.js"), tarball, "--strict"], {
    stdio: "inherit",
  });
  heading("Are the types wrong?");
  const attw = join(root, "node_modules/@arethetypeswrong/cli/dist/index.js");
  execFileSync(process.execPath, [attw, tarball, "--profile", "esm-only"], { stdio: "inherit" });

  const user = join(folder, "user");
  mkdirSync(user);
  writeFileSync(join(user, "package.json"), '{ "private": true, "type": "module" }\n');
  run("npm", ["install", "--prefer-offline", "--no-audit", "--no-fund", tarball.split(sep).join("/")], { cwd: user });
  checkDependencies(user);
  checkAudit(user);
  checkUse(user);
  const [option, kept] = process.argv.slice(2);
  if (option === "--keep") copyFileSync(tarball, kept);
  console.log(`\nThe package is right: ${packed.filename}, ${statSync(tarball).size} bytes.`);
} catch (error) {
  console.error(`\ncheck:package: ${error.message}`);
  process.exitCode = 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
