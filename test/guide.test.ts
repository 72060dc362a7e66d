/**
 * docs/guide.md and examples/ as a new user has them: against the built package, with the settings of `tsc --init`. The
 * snippets of the guide run, too. After a change of names `WRITE_GUIDE=1 npx vitest run test/guide.test.ts` writes the
 * table anew.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { buildPackage } from "./cli/run.ts";
import { namesTable } from "./support/names.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const page = join(root, "docs/guide.md");
const snippets = [...readFileSync(page, "utf8").matchAll(/```ts\n([\s\S]*?)```/g)].map((match) => match[1]);
const tsc = join(root, "node_modules/typescript/bin/tsc");

let built: string;
let folder: string;
beforeAll(() => {
  built = buildPackage();
  folder = mkdtempSync(join(tmpdir(), "rhyton-guide-"));
  mkdirSync(join(folder, "node_modules"));
  symlinkSync(built, join(folder, "node_modules/rhyton"));
  symlinkSync(join(root, "node_modules/@types"), join(folder, "node_modules/@types"));
  symlinkSync(join(root, "node_modules/undici-types"), join(folder, "node_modules/undici-types"));
  writeFileSync(join(folder, "package.json"), JSON.stringify({ type: "module" }));
  snippets.forEach((text, i) => {
    writeFileSync(join(folder, `snippet-${i}.ts`), text);
  });
  for (const name of readdirSync(join(root, "examples"))) {
    if (name.endsWith(".ts")) writeFileSync(join(folder, name), readFileSync(join(root, "examples", name)));
  }
  execFileSync(process.execPath, [tsc, "--init"], { cwd: folder });
});
afterAll(() => {
  for (const path of [folder, built]) rmSync(path, { recursive: true, force: true });
});

test("the settings of a new project accept every snippet and example", () => {
  const settings = readFileSync(join(folder, "tsconfig.json"), "utf8");
  expect(settings).toContain('"noUncheckedIndexedAccess": true');
  expect(settings).toContain('"exactOptionalPropertyTypes": true');
  const { stdout } = spawnSync(process.execPath, [tsc, "--types", "node", "--outDir", "out"], {
    cwd: folder,
    encoding: "utf8",
  });
  expect(stdout).toBe("");
});

describe("snippets", () => {
  test.each(snippets.map((text, i) => [i, /^[^\n]*\n/.exec(text)?.[0].trim() ?? ""]))("%i runs: %s", (i) => {
    const { status, stderr } = spawnSync(process.execPath, [join(folder, `out/snippet-${i}.js`)], {
      cwd: folder,
      encoding: "utf8",
    });
    expect(stderr.replace(/^\d+\/\d+ - .*$/gm, "").trim()).toBe("");
    expect(status).toBe(0);
  });
});

test("the guide lists the names that there are", () => {
  const text = readFileSync(page, "utf8");
  const [before, rest] = text.split("<!-- names:begin -->\n");
  const [table, after] = rest.split("<!-- names:end -->");
  if (process.env.WRITE_GUIDE) {
    writeFileSync(page, `${before}<!-- names:begin -->\n${namesTable()}\n<!-- names:end -->${after}`);
    return;
  }
  expect(table.trim()).toBe(namesTable());
});
