/** Folders of src import in one direction. The table is the whole truth: an arrow that is not in it fails. */
import { readdirSync, readFileSync } from "node:fs";
import { posix } from "node:path";
import { expect, test } from "vitest";

const compiler = ["core", "expr", "graph", "ops", "passes", "kernel", "device"];
const upTo = (folder: string): readonly string[] => compiler.slice(0, compiler.indexOf(folder) + 1);

/** What each folder may import besides itself: a folder, or one file. */
const arrows: Readonly<Record<string, readonly string[]>> = {
  core: [],
  expr: upTo("core"),
  graph: upTo("expr"),
  ops: upTo("graph"),
  passes: upTo("ops"),
  kernel: upTo("passes"),
  device: upTo("kernel"),
  layers: ["core", "graph", "ops"],
  explain: ["core", "expr", "graph", "ops", "layers"],
  functions: [...compiler, "layers"],
  saving: ["core", "graph", "ops", "layers", "data/npy.ts"],
  training: [...compiler, "layers", "functions", "saving"],
  data: ["core", "saving/atomic.ts"],
  doctor: [...compiler, "layers/options.ts"],
  // The command line sees what everybody sees, and some helpers that are not worth a public name.
  cli: [
    "index.ts",
    "data/datasets.ts",
    "doctor/doctor.ts",
    "layers/registry.ts",
    "layers/options.ts",
    "core/errors.ts",
    "saving/atomic.ts",
    "training/load.ts",
  ],
  "index.ts": [...compiler, "layers", "explain", "functions", "saving", "training", "data"],
};

/** Files that import each other in a circle; they only do so inside functions. */
const circles = [["ops/elementwise.ts", "ops/movement.ts", "ops/reduce.ts"]];

const src = new URL("../src/", import.meta.url);
const files = readdirSync(src, { recursive: true, encoding: "utf8" })
  .map((file) => file.replaceAll("\\", "/"))
  .filter((file) => /\.ts$/.test(file) && !/\.test(-d)?\.ts$/.test(file))
  .sort();

interface Import {
  readonly from: string;
  readonly to: string;
  readonly typeOnly: boolean;
}

const statement = /\b(?:import|export)\b([^;"'`]*?)\bfrom\s*"([^"]+)"|\bimport\s*\(\s*"([^"]+)"|^import\s*"([^"]+)"/gm;

/** The imports of other files of src in a source text. */
function importsOf(from: string, text: string): Import[] {
  const code = text.replace(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, "");
  return [...code.matchAll(statement)].flatMap(([, names, ...targets]) => {
    const target = targets.find((t) => t !== undefined) as string;
    if (!target.startsWith(".")) return [];
    const inner = names?.trim() ?? "";
    const braces = /^\{([\s\S]*)\}$/.exec(inner);
    const members = braces?.[1].split(",").filter((m) => m.trim() !== "");
    const typeOnly = /^type\b/.test(inner) || (members?.every((m) => /^\s*type\s/.test(m)) ?? false);
    return [{ from, to: posix.join(posix.dirname(from), target), typeOnly }];
  });
}

const imports = files.flatMap((file) => importsOf(file, readFileSync(new URL(file, src), "utf8")));
const folderOf = (file: string): string => file.split("/")[0];

test("imports are found in every form", () => {
  const text = `
    import type { A } from "./a.ts";
    import { type B, type C } from "../b/b.ts";
    import { type D,
      e } from "./e.ts";
    export * from "./f.ts";
    import fs from "node:fs";
    // import { no } from "./no.ts";
    const g = await import("./g.ts");`;
  expect(importsOf("x/x.ts", text).map((i) => `${i.typeOnly ? "type " : ""}${i.to}`)).toEqual([
    "type x/a.ts",
    "type b/b.ts",
    "x/e.ts",
    "x/f.ts",
    "x/g.ts",
  ]);
  expect(imports.length).toBeGreaterThan(100);
});

test("every folder stands in the table", () => {
  expect([...new Set(files.map(folderOf))].filter((folder) => !(folder in arrows))).toEqual([]);
});

test("imports follow the arrows", () => {
  const wrong = imports.filter(({ from, to }) => {
    const allowed = arrows[folderOf(from)] ?? [];
    return folderOf(from) !== folderOf(to) && !allowed.includes(folderOf(to)) && !allowed.includes(to);
  });
  expect(wrong.map(({ from, to }) => `${from} → ${to}`)).toEqual([]);
});

test("every import names a file that is there, with its extension", () => {
  const known = new Set(files);
  expect(imports.filter(({ to }) => !known.has(to)).map(({ from, to }) => `${from} → ${to}`)).toEqual([]);
});

test("modules of Node are loaded behind one door only, so that bundlers for browsers find none to look for", () => {
  const visible = /\bfrom\s*"node:|(?<!typeof )\bimport\s*\([^)"]*"node:|^import\s*"node:/m;
  const code = (file: string) => readFileSync(new URL(file, src), "utf8");
  expect(visible.test('const fs = await import(/* ignored by one */ "node:fs");')).toBe(true);
  expect(files.filter((file) => folderOf(file) !== "cli" && visible.test(code(file)))).toEqual([]);
});

test("values are imported in no circle but the known ones", () => {
  const needs = new Map(files.map((file) => [file, [] as string[]]));
  for (const { from, to, typeOnly } of imports) if (!typeOnly) needs.get(from)?.push(to);
  const reach = new Map(files.map((file) => [file, reachable(file, needs)]));
  const inCircle = files.filter((file) => reach.get(file)?.has(file));
  const found = new Set(
    inCircle.map((a) => inCircle.filter((b) => reach.get(a)?.has(b) && reach.get(b)?.has(a)).join()),
  );
  expect([...found].sort()).toEqual(circles.map((c) => c.join()).sort());
});

function reachable(start: string, needs: ReadonlyMap<string, readonly string[]>): Set<string> {
  const seen = new Set<string>();
  const stack = [...(needs.get(start) ?? [])];
  for (let file = stack.pop(); file !== undefined; file = stack.pop()) {
    if (seen.has(file)) continue;
    seen.add(file);
    stack.push(...(needs.get(file) ?? []));
  }
  return seen;
}
