/** What a page loads that trains the seed: the library bundled and minified, as a user's own tool would do it. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { gzipSync } from "node:zlib";
import { build, type Rolldown } from "vite";
import { afterAll, expect, test } from "vitest";
import { trainSeed } from "./engine.ts";

/** The aim is 80 kB. */
const MOST_BYTES = 100_000;

const folder = mkdtempSync(join(tmpdir(), "rhyton-bundle-"));
afterAll(() => rmSync(folder, { recursive: true }));

async function bundle(): Promise<readonly Rolldown.OutputChunk[]> {
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
  return (made as Rolldown.RolldownOutput).output.filter((file) => file.type === "chunk");
}

test("the engine, bundled and compressed, stays small and trains", async () => {
  const chunks = await bundle();
  const entry = chunks.find((chunk) => chunk.isEntry) as Rolldown.OutputChunk;
  // What is imported statically is loaded with it.
  const loaded = [entry, ...chunks.filter((chunk) => entry.imports.includes(chunk.fileName))];
  const sizes = loaded.map(({ code }) => gzipSync(code, { level: 9 }).length);
  const bytes = sizes.reduce((sum, size) => sum + size);
  console.log(`The engine is ${(bytes / 1000).toFixed(1)} kB compressed.`);
  expect(bytes).toBeLessThan(MOST_BYTES);

  for (const { fileName, code } of chunks) writeFileSync(join(folder, fileName), code);
  const bundled: typeof import("./engine.ts") = await import(pathToFileURL(join(folder, entry.fileName)).href);
  const x = { data: Float32Array.from({ length: 64 * 784 }, (_, i) => (i % 13) / 13), shape: [64, 28, 28, 1] };
  expect(await bundled.trainSeed(x)).toEqual(await trainSeed(x));
});

test("what is not asked for is left out", async () => {
  const [entry] = await bundle();
  const modules = Object.entries(entry.modules).filter(([, { renderedLength }]) => renderedLength > 0);
  const names = modules.map(([id]) => id.replaceAll("\\", "/").replace(/^.*\/src\//, ""));
  expect(names).toContain("layers/convolution.ts");
  for (const left of ["layers/registry.ts", "layers/normalization.ts", "layers/augmentation.ts", "saving/hdf5.ts"]) {
    expect(names).not.toContain(left);
  }
  expect(names.filter((name) => /^(cli|doctor|explain)\//.test(name) || name.startsWith("data/digits"))).toEqual([]);
});
