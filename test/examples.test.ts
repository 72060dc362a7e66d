/**
 * Every example of every page of docs/, and examples/, as a new user has them: against the built package, with the
 * settings of `tsc --init`. They are type-checked and run, and must print what their page says. After a change
 * `WRITE_DOCS=1 npx vitest run test/examples.test.ts` writes what is printed, and the guide's table of names, anew.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { digits } from "../src/data/digits.ts";
import { encodeGray } from "../src/data/png.ts";
import { buildPackage } from "./cli/run.ts";
import { type Example, examplePages, examplesOf, runner, writePrinted } from "./support/examples.ts";
import { layerNames, namesTable } from "./support/names.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const guide = join(root, "docs/guide.md");
const tsc = join(root, "node_modules/typescript/bin/tsc");
const pages = examplePages(root).map((page) => ({ page, examples: examplesOf(root, page) }));
const withExamples = pages.filter(({ examples }) => examples.length > 0);
const fileOf = ({ page, place }: Example): string => `${page.replaceAll(/\W/g, "-")}-${place}`;

/** The folder that docs/pictures.md speaks of. */
async function savePictures(path: string): Promise<void> {
  mkdirSync(path);
  const { images, labels } = (await digits()).train;
  for (let i = 0; i < 500; i++) {
    const pixels = images.data.subarray(i * 784, (i + 1) * 784);
    writeFileSync(join(path, `${String(i).padStart(3, "0")}-${labels.data[i]}.png`), encodeGray(pixels, 28, 28));
  }
}

let built: string;
let folder: string;
let checked: string;
const outcome = new Map<string, { readonly stdout: string; readonly stderr: string }>();

beforeAll(async () => {
  built = buildPackage();
  folder = mkdtempSync(join(tmpdir(), "rhyton-examples-"));
  mkdirSync(join(folder, "node_modules"));
  symlinkSync(built, join(folder, "node_modules/rhyton"));
  symlinkSync(join(root, "node_modules/@types"), join(folder, "node_modules/@types"));
  symlinkSync(join(root, "node_modules/undici-types"), join(folder, "node_modules/undici-types"));
  writeFileSync(join(folder, "package.json"), JSON.stringify({ type: "module" }));
  await savePictures(join(folder, "my-pictures"));
  const all = withExamples.flatMap(({ examples }) => examples);
  for (const example of all) writeFileSync(join(folder, `${fileOf(example)}.ts`), example.text);
  for (const name of readdirSync(join(root, "examples"))) {
    if (name.endsWith(".ts")) writeFileSync(join(folder, name), readFileSync(join(root, "examples", name)));
  }
  execFileSync(process.execPath, [tsc, "--init"], { cwd: folder });
  checked = spawnSync(process.execPath, [tsc, "--types", "node", "--outDir", "out"], {
    cwd: folder,
    encoding: "utf8",
  }).stdout;
  writeFileSync(join(folder, "modules.json"), JSON.stringify(all.map((example) => `./out/${fileOf(example)}.js`)));
  writeFileSync(join(folder, "run.js"), runner);
  const { stderr } = spawnSync(process.execPath, ["run.js"], { cwd: folder, encoding: "utf8" });
  if (stderr !== "") throw new Error(stderr);
  const printed = JSON.parse(readFileSync(join(folder, "printed.json"), "utf8"));
  all.forEach((example, i) => {
    outcome.set(fileOf(example), printed[i]);
  });
  if (process.env.WRITE_DOCS) {
    for (const { page, examples } of withExamples) {
      writePrinted(
        root,
        page,
        examples.map((example) => outcome.get(fileOf(example))?.stdout ?? ""),
      );
    }
  }
}, 300_000);
afterAll(() => {
  for (const path of [folder, built]) rmSync(path, { recursive: true, force: true });
});

test("the settings of a new project accept every example", () => {
  const settings = readFileSync(join(folder, "tsconfig.json"), "utf8");
  expect(settings).toContain('"noUncheckedIndexedAccess": true');
  expect(settings).toContain('"exactOptionalPropertyTypes": true');
  expect(checked).toBe("");
});

describe.each(withExamples)("$page", ({ page, examples }) => {
  test.each(examples.map((example) => [example.place, example] as const))(
    "example %i runs as it says",
    (_, example) => {
      const { stdout, stderr } = outcome.get(fileOf(example)) ?? { stdout: "", stderr: "did not run" };
      expect(stderr.replace(/^\d+\/\d+ - .*$/gm, "").trim()).toBe("");
      if (example.printed !== undefined && !process.env.WRITE_DOCS) expect(stdout).toBe(example.printed);
    },
  );

  if (page !== "docs/guide.md") {
    test("shows what an example prints", () => {
      expect(examples.some(({ printed }) => printed !== undefined && printed.trim() !== "")).toBe(true);
    });
  }
});

test("every layer stands on a page of its family", () => {
  const families = pages.filter(({ page }) => page.startsWith("docs/layers/"));
  const text = families.map(({ page }) => readFileSync(join(root, page), "utf8")).join("\n");
  expect(layerNames().filter((name) => !new RegExp(`\`${name}\\b`).test(text))).toEqual([]);
});

test("the guide lists the names that there are", () => {
  const text = readFileSync(guide, "utf8");
  const [before, rest] = text.split("<!-- names:begin -->\n");
  const [table, after] = rest.split("<!-- names:end -->");
  if (process.env.WRITE_DOCS) {
    writeFileSync(guide, `${before}<!-- names:begin -->\n${namesTable()}\n<!-- names:end -->${after}`);
    return;
  }
  expect(table.trim()).toBe(namesTable());
});
