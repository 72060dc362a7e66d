/** What a page loads that trains the seed: the library bundled and minified, as a user's own tool would do it. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { brotliCompressSync, gzipSync } from "node:zlib";
import { build, type Rolldown } from "vite";
import { afterAll, beforeAll, expect, test } from "vitest";
import { trainSeed } from "./engine.ts";

/** Compressed by brotli, as pages are sent; gzip makes it about 14 % more. */
const MOST_BYTES = 80_000;

const folder = mkdtempSync(join(tmpdir(), "rhyton-bundle-"));
afterAll(() => rmSync(folder, { recursive: true }));

const chunks = new Map<string, Rolldown.OutputChunk>();
/** The names of the chunks that have run. */
const loaded = new Set<string>();
let seed: Awaited<ReturnType<typeof trainSeed>>;
const x = { data: Float32Array.from({ length: 64 * 784 }, (_, i) => (i % 13) / 13), shape: [64, 28, 28, 1] };

beforeAll(async () => {
  const made = await build({
    configFile: false,
    logLevel: "error",
    build: {
      write: false,
      minify: true,
      target: "es2022",
      modulePreload: false,
      rolldownOptions: {
        input: { engine: fileURLToPath(new URL("engine.ts", import.meta.url)) },
        // As in a page, where nobody imports the entry: what loads later takes from it what it shares.
        preserveEntrySignatures: "allow-extension",
        output: { entryFileNames: "[name].mjs", chunkFileNames: "[name].mjs" },
      },
    },
  });
  for (const file of (made as Rolldown.RolldownOutput).output) {
    if (file.type === "chunk") chunks.set(file.fileName, file);
  }
  Object.assign(globalThis, { rhytonLoaded: loaded });
  for (const [name, { code }] of chunks) {
    writeFileSync(join(folder, name), `${code};globalThis.rhytonLoaded.add(${JSON.stringify(name)});`);
  }
  const bundled: typeof import("./engine.ts") = await import(pathToFileURL(join(folder, "engine.mjs")).href);
  seed = await bundled.trainSeed(x);
});

const chunksLoaded = () => [...loaded].map((name) => chunks.get(name) as Rolldown.OutputChunk);

test("the engine, bundled and compressed, stays small", () => {
  expect([...loaded]).toContain("engine.mjs");
  const sum = (sizeOf: (code: string) => number) => chunksLoaded().reduce((n, { code }) => n + sizeOf(code), 0);
  const brotli = sum((code) => brotliCompressSync(code).length);
  const gzip = sum((code) => gzipSync(code, { level: 9 }).length);
  console.log(`The engine is ${(brotli / 1000).toFixed(1)} kB by brotli, ${(gzip / 1000).toFixed(1)} kB by gzip.`);
  expect(brotli).toBeLessThanOrEqual(MOST_BYTES);
});

test("the engine, bundled, trains as it does here", async () => {
  expect(seed).toEqual(await trainSeed(x));
});

test("what is not asked for is not loaded", () => {
  const modules = chunksLoaded().flatMap((chunk) => Object.entries(chunk.modules));
  const names = modules
    .filter(([, { renderedLength }]) => renderedLength > 0)
    .map(([id]) => id.replaceAll("\\", "/").replace(/^.*\/src\//, ""));
  expect(names).toContain("layers/convolution.ts");
  for (const left of ["layers/registry.ts", "layers/normalization.ts", "training/metrics-auc.ts", "device/interp.ts"]) {
    expect(names).not.toContain(left);
  }
  expect(names.filter((name) => /^(cli|doctor|explain|saving)\//.test(name) || name.startsWith("data/"))).toEqual([]);
});
